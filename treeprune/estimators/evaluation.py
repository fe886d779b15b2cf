"""Evaluation: a model grown on some rows, and all candidates scored on others."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.utils.validation import _num_samples, check_memory

from ..adapters.stand_ins import StandIns
from ..composites.base import Given
from ..composites.exchange import tree_models
from .candidates import Candidates, PathModels, PrunedModels
from .fitting import are_weighed, fit_estimator, take, take_params
from .grown import Grown, GrownLayers
from .scoring import AdditiveScore, StepScores, additive_score, response_of, scoring_rows
from .stepwise import by_losses, by_scorer, starting_from, stepwise_scores


@dataclass(frozen=True)
class Evaluation:
    """Rows, an estimator to fit on some of them, and a scorer of its prunings on others.

    Parameters
    ----------
    estimator : estimator
        The estimator to fit. It is cloned.
    needs_rows : bool
        Whether a method needs rows. It is given those that the model is fitted on.
    scoring : None, str or callable
        As the user gave it.
    scorer : callable
        The scorer that `scoring` names.
    X, y, sample_weight : array-like
        All rows.
    fit_params, score_params : dict
        Metadata for the estimator's `fit` and for the scorer.
    offset : ndarray of float64, shape (n_rows, n_columns), or None
        What the rows' margins start from, in fits, pruning and scores.
    memory : str, joblib.Memory or None
        Cache of fits.
    train_score : bool
        Whether each model is also scored on the rows that it is fitted on.
    of_layers : bool
        Whether models made of weights are pruned, and not trees.
    """

    estimator: Any
    needs_rows: bool
    scoring: Any
    scorer: Any
    X: Any
    y: ArrayLike | None
    sample_weight: ArrayLike | None
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    offset: NDArray[np.float64] | None = None
    memory: Any = None
    train_score: bool = False
    of_layers: bool = False

    def grow(self, index: NDArray | None = None) -> Grown | GrownLayers:
        """A model fitted on the rows at `index`, and what its tree models see of them if a method needs rows."""
        X, y = take(self.X, index), take(self.y, index)
        params = take_params(self.fit_params, index, _num_samples(self.X))
        model = check_memory(self.memory).cache(fit_estimator)(clone(self.estimator), X, y, params)
        training = Given(X, y, take(self.sample_weight, index), take(self.offset, index))
        if self.of_layers:
            return GrownLayers(model, training)
        return Grown.on(model, training, weighed=are_weighed(params), needs_rows=self.needs_rows)

    @cached_property
    def response(self) -> str | tuple[str, ...] | None:
        """Name of the prediction method that the score depends on; None: not known."""
        return response_of(self.estimator, self.scoring)

    @cached_property
    def losses(self) -> AdditiveScore | None:
        """The loss whose mean over rows determines the score; None where the score is no function of a mean loss."""
        if not (is_classifier(self.estimator) or is_regressor(self.estimator)):
            return None
        return additive_score(self.estimator, self.scoring, 1 if np.ndim(self.y) == 1 else np.shape(self.y)[1])

    def in_one_sweep(self, grown: Grown) -> bool:
        """Whether sums over the held-out rows of each node give the scores of all prunings of a model at once.

        They do for a mean loss of the values of a single tree, if the model predicts these.
        """
        adapter, *others = grown.adapters
        is_tree = not others and adapter.forest.n_trees == 1 and adapter.averages
        return self.losses is not None and is_tree and grown.passes_on

    def fold(
        self, candidates: Candidates, train: NDArray, test: NDArray
    ) -> tuple[StepScores, StepScores | None, NDArray | None]:
        """Scores of all candidates on one fold.

        Parameters
        ----------
        candidates : Candidates
            The prunings to compare.
        train, test : ndarray of int
            Indices of the rows to fit on and of the held-out rows.

        Returns
        -------
        test_scores : StepScores
        train_scores : StepScores or None
            None without `train_score`.
        feature_strength : ndarray of float64, shape (n_features,), or None
            Strength up to which the model uses each feature; None for candidates without a path.
        """
        grown = self.grow(train)
        pruned = candidates.on_model(grown)
        train_scores = self._scores(grown, pruned, train) if self.train_score else None
        return self._scores(grown, pruned, test), train_scores, getattr(pruned, "feature_strength", None)

    def out_of_bag(self, grown: Grown, pruned: PrunedModels) -> tuple[StepScores, None, None]:
        """Scores of all candidates on the training rows, each tree predicting those that it was not fitted on.

        The tuple is that of `fold`.
        """
        adapter, weight = grown.adapters[0], self.score_params.get("sample_weight")
        is_mean = isinstance(pruned, PathModels) and adapter.averages and isinstance(adapter, StandIns)
        if self.losses is None or not (is_mean and grown.passes_on and grown.exactly):
            raise ValueError(
                "The 'cv' parameter can be 'oob' for the mean of trees and for scores that are means "
                "over rows, where a model is fitted on all rows and predicts what the trees do. "
                f"Got {type(grown.whole).__name__} and scoring={self.scoring!r}."
            )
        seen = grown.seen(Given(self.X, self.y, weight))
        rows = adapter.oob_rows(seen.X, seen.y, weight)
        score = by_losses(self.losses, cast(str, self.response), adapter.model, seen.X, seen.y, weight)
        return stepwise_scores(cast(PathModels, pruned), seen.X, score, rows.leaf_ids), None, None

    def _scores(self, grown, pruned, index):
        X, y = take(self.X, index), take(self.y, index)
        params = take_params(self.score_params, index, _num_samples(self.X))
        weight, offset = params.get("sample_weight"), take(self.offset, index)
        if not self._in_steps(grown, pruned):
            models: Iterable[Any] = pruned.models()
            if offset is not None:
                X, y, *_ = grown.seen(Given(X, y))
                models = (starting_from(offset, tree, X) for whole in models for tree in tree_models(whole))
            rows = (X,) if y is None else (X, y)
            return StepScores(np.array([self.scorer(model, *rows, **params) for model in models]))
        adapter, (X, y, *_) = grown.adapters[0], grown.seen(Given(X, y))  # once for all candidates
        if self.in_one_sweep(grown):
            return self.losses(*scoring_rows(adapter, X, y, weight)).along(pruned.path, pruned.alphas)
        if self.losses is None:
            score = by_scorer(self.scorer, X, y, params)
        else:
            score = by_losses(self.losses, self.response, adapter.model, X, y, weight)
        return stepwise_scores(pruned, X, score, offset=offset)

    def _in_steps(self, grown, pruned):
        """Whether the candidates are scored without making their models."""
        if not (isinstance(pruned, PathModels) and grown.passes_on and self.response is not None):
            return False
        return isinstance(grown.adapters[0], StandIns) or self.in_one_sweep(grown)


def score_weights(
    owner: Any, scorer: Any, estimator: Any, scoring: Any, sample_weight: ArrayLike | None
) -> dict[str, ArrayLike]:
    """The row weights as a scorer's parameter; none, and a warning, for a scorer that takes no weights."""
    if sample_weight is None:
        return {}
    function = estimator.score if scoring is None else getattr(scorer, "_score_func", scorer)
    if "sample_weight" in signature(function).parameters:
        return {"sample_weight": sample_weight}
    warnings.warn(
        f"The scoring {scoring} does not support sample_weight, which may lead to statistically incorrect results "
        f"when fitting {type(owner).__name__} with sample_weight.",
        UserWarning,
        stacklevel=4,
    )
    return {}
