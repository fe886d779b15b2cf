"""PrunerCV: the pruning strength chosen by cross-validation, for the price of one fit per fold."""

import warnings
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.model_selection import ParameterGrid, check_cv
from sklearn.utils import Bunch, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples, check_is_fitted

from ..adapters.base import check_weights
from ..composites.fitting import weights_by_name
from ..core.parameters import check_bool, check_choice, check_n_jobs, check_scoring, is_number, refuse
from ..core.targets import check_target
from ..layers.methods import LayerMethod
from ..methods import PathMethod, as_any_method
from .base import PrunedEstimator
from .candidates import GridCandidates, JointPath, JointPathModels, PathCandidates, PathModels, on_paths, paths_of
from .cv_results import choose, error_of_folds, error_of_rows, ranks, results_frame, score_columns
from .evaluation import Evaluation, score_weights
from .fitting import take_offset, warn_of_growing_rows
from .scoring import response_of
from .splits import check_splits

if TYPE_CHECKING:
    import pandas as pd

#: Steps of a path that are evaluated where each takes predictions of its own.
FEW_CANDIDATES = 50


class PrunerCV(PrunedEstimator):
    """Fit a model and prune it as strongly as cross-validation says: a tree model, or one made of weights.

    The inner estimator is fitted once per fold and once on all rows. The pruned trees of one fitted tree are nested,
    so that the held-out rows of a fold, sent down its tree once, score all of them: the result is that of
    `GridSearchCV` over ``ccp_alpha`` with every step of the path as a candidate, without its refits.
    Of models made of weights (linear models, multi-layer perceptrons) the model of each fold is pruned by all amounts;
    the weights that stay are solved again on the rows of the fold that it was fitted on. `TreePrunerCV` is the same.

    Parameters
    ----------
    estimator : estimator
        The model to fit: a tree model, a linear model, a multi-layer perceptron, or one that holds such models, as deep
        as they stand (a Pipeline, a search, a calibrated, voting or stacked model, ...). It is cloned. All of it is
        fitted on the rows of each fold, once, so that the steps of a Pipeline never see the rows that score. Of one
        that holds several models of the method's kind, all are pruned at one strength, each in its own unit; the score
        of the whole chooses it.
    method : PruningMethod, LayerMethod or str, default="cost_complexity"
        How to prune. Its candidates are the steps of the path of the model fitted on all rows, each at the geometric
        mean of the strengths at which it begins and ends, and the last at ten times its own (Breiman et al. 1984,
        section 3.4.2; R's rpart). The strength that the method itself states is not used. A method without a nested
        path needs `param_grid`. Candidates of methods for models made of weights are the amounts of `pruning_path`:
        shares that go, from 0 to .99.
    cv : int, splitter, iterable of splits, "oob" or None, default=5
        Folds, as in `GridSearchCV`; an int or None means stratified folds for classifiers. "oob" (forests and bagging
        on bootstrap samples): no folds and a single fit, each tree predicting the rows that it has not seen.
    scoring : str, callable or None, default=None
        Score to raise, as in `GridSearchCV`; None: the inner estimator's own. Accuracy, balanced accuracy, log loss,
        Brier score, `expected_cost`, R2, (root) mean squared and mean absolute error, Poisson and gamma deviance of a
        single tree come from sums over the rows of each node, for all steps in one sweep. Ensembles, and trees under
        other scorers, are scored on their own predictions: what the trees add up to is updated from step to step, and
        no pruned model is made. Pruned models are made for a callable that is no scorer, and where a model changes
        what the tree model inside predicts (a calibrated one, transformed targets) or holds several.
    rule : {"1se", "best"} or callable, default="1se"
        Which candidate to take. "best": the one with the best mean score; of several the smallest. "1se": the one
        with the fewest leaves (or weights) whose mean score is within one standard error of the best. This is the
        default, as Breiman et al. (1984, section 3.4.3) advise: near its maximum the curve of scores is flat and noisy,
        so that where the maximum lies is chance, and a smaller tree nearby cannot be told from the best. A callable
        takes `cv_results_` and returns a row of it.
    standard_error : {"auto", "rows", "folds"}, default="auto"
        "rows": that of a mean loss over all held-out rows, as Breiman et al. and rpart compute it; it assumes that
        rows are independent, and is precise since they are many. "folds": the standard deviation of the folds' scores
        (with one degree of freedom less) over the root of their number; it holds for every score and for grouped rows,
        and is itself uncertain by a third with 5 folds. "auto": "rows" where the score is a mean over rows and `groups`
        are not given, else "folds", which it is for models made of weights.
    param_grid : dict or list of dict, optional
        Parameters of the method to try, as in `GridSearchCV`, in place of a path. Every candidate prunes the same
        fitted models.
    refit : bool, default=True
        Whether `estimator_` is made.
    return_train_score : bool, default=False
        Whether `cv_results_` has scores on the rows that grew each fold's model, too.
    n_candidates : "auto", "all" or int, default="auto"
        How many steps of the path to evaluate, spread evenly over the logarithm of the number of leaves. "auto": all
        steps of a single tree in one sweep, and about 50 where each takes predictions of its own. Of models made of
        weights: how many amounts, evenly over the logarithm of what stays; "auto" and "all" are those of the path.
    n_jobs : int or None, default=None
        Folds to work on at a time, by threads (the trees of scikit-learn, XGBoost and LightGBM grow in parallel).
    memory : str, joblib.Memory or None, default=None
        Cache of the fitted inner estimators, as in `sklearn.pipeline.Pipeline`.
    verbose : int, default=0
        Above 0: a progress bar on the standard error stream.

    Attributes
    ----------
    estimator_ : estimator
        The model fitted on all rows and pruned, of the inner estimator's class.
    alpha_ : float
        The chosen strength, on the scale of `pruning_path_` (of trees, without `param_grid`).
    n_leaves_, n_nodes_ : int
        Size of `estimator_`, where it is or holds a tree model; for ensembles, of all trees.
    n_weights_, n_units_ : int
        Weights other than zero, and units, where it is or holds a model made of weights; of all of them.
    pruning_path_ : PruningPath
        The path of the model fitted on all rows (not with `param_grid`, nor of several tree models, nor of weights).
    cv_results_ : dict of str to array
        In GridSearchCV's form: ``param_alpha`` (or ``param_max_depth`` and so on: the method's own parameter),
        ``params``, ``split0_test_score``, ``mean_test_score``, ``std_test_score``, ``rank_test_score`` (with
        `return_train_score` ``mean_train_score`` and so on); and ``step`` of the path, ``n_leaves`` of the model fitted
        on all rows and ``standard_error``. Of models made of weights: ``param_amount``, ``n_weights`` and ``n_units``.
    best_index_ : int
        The chosen row of `cv_results_`.
    best_params_ : dict
        Its parameters, in their own unit: ``method.set_params(**best_params_)`` prunes to the same tree.
    best_score_ : float
        Its mean score.
    scorer_ : callable
        The scorer.
    n_splits_ : int
        Number of folds.
    fold_feature_strength_ : ndarray of float64, shape (n_splits_, n_features_in_)
        Strength at which the last split on each feature collapses in the model of each fold; -inf where it has none
        (of tree models themselves, without `param_grid` and "oob"). A feature is used in as many folds as have a
        strength above `alpha_`.
    n_features_in_, feature_names_in_, classes_
        Those of `estimator_`.

    Notes
    -----
    A class that a fold lacks when growing has the probability 0 there: its rows count as errors, and in log loss with
    the largest loss there is, where scikit-learn gives NaN.

    Class weights of the inner estimator weigh growing and pruning, and not scores, as in `GridSearchCV`. Sample weights
    weigh all three; under metadata routing, what requests them.

    References
    ----------
    L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone (1984). Classification and Regression Trees. Wadsworth.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import PrunerCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> pruner = PrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y)
    >>> pruner.pruning_path_.n_leaves
    array([22, 18, 16, 13, 12, 11, 10,  9,  7,  6,  4,  3,  2,  1])
    >>> pruner.n_leaves_
    3

    The weights of a linear model that cross-validation cannot tell from all 30:

    >>> from sklearn.linear_model import RidgeClassifier
    >>> pruner = PrunerCV(RidgeClassifier(), "magnitude").fit(X, y)
    >>> print(pruner.best_params_, pruner.n_weights_)
    {'amount': 0.25} 22
    """

    def __init__(
        self,
        estimator,
        method="cost_complexity",
        *,
        cv=5,
        scoring=None,
        rule="1se",
        standard_error="auto",
        param_grid=None,
        refit=True,
        return_train_score=False,
        n_candidates="auto",
        n_jobs=None,
        memory=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.standard_error = standard_error
        self.param_grid = param_grid
        self.refit = refit
        self.return_train_score = return_train_score
        self.n_candidates = n_candidates
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(
        self, X: Any, y: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None, **fit_params: Any
    ) -> Self:
        """Fit the inner estimator on all rows and on each fold, score all candidates, and prune.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Training rows, in any form that the inner estimator takes.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Targets (None for outlier detectors).
        sample_weight : array-like of shape (n_rows,), optional
            Row weights, for growing, pruning and scoring. A Pipeline's last step is given them by its name; under
            metadata routing, what requests them. The inner estimator's weights of classes count in growing and pruning
            only.
        **fit_params : dict
            Passed on to the inner estimator's `fit`; ``groups`` goes to the splitter. XGBoost's ``base_margin`` and
            LightGBM's ``init_score``, also of a Pipeline's last step, are the offsets of the rows that prune and of
            those that score the candidates, too. `predict` and `score` know of none: what the library does with
            them in prediction, `estimator_` does.

        Returns
        -------
        PrunerCV
            Itself.
        """
        method = as_any_method(self.method)
        self._check_parameters(method)
        X, y, sample_weight = indexable(X, y, sample_weight)
        check_weights(sample_weight, _num_samples(X))
        check_target(y)
        self.scorer_ = check_scoring(type(self).__name__, self.estimator, self.scoring)
        routed = self._route(sample_weight, fit_params)
        fit, offset = take_offset(self.estimator, X, dict(routed.estimator.fit))
        if offset is not None and response_of(self.estimator, self.scoring) is None:
            raise ValueError(
                f"The 'scoring' parameter of {type(self).__name__} must be a scorer or the name of one where offsets "
                f"are given: other callables predict without them. Got {self.scoring!r}."
            )
        splits = None if self._out_of_bag else self._splits(X, y, routed.splitter.split)
        grid, of_layers = self._grid(method), isinstance(method, LayerMethod)
        evaluation = Evaluation(
            estimator=self.estimator,
            needs_rows=not of_layers and _needs_rows([method] if grid is None else grid.methods),
            of_layers=of_layers,
            scoring=self.scoring,
            scorer=self.scorer_,
            X=X,
            y=y,
            sample_weight=sample_weight,
            fit_params=fit,
            score_params=routed.scorer.score,
            offset=offset,
            memory=self.memory,
            train_score=self.return_train_score,
        )
        grown: Any = evaluation.grow()
        if grid is None:
            candidates, pruned = self._candidates(evaluation, grown, method)
        else:
            candidates, pruned = grid, grid.on_model(grown)
        if splits is None:
            folds = [evaluation.out_of_bag(grown, pruned)]
        else:
            folds = self._folds(evaluation, candidates, splits)
        self.n_splits_ = len(folds)
        grouped = routed.splitter.split.get("groups") is not None
        self._choose(candidates, pruned.sizes, folds, grouped)
        self._refit(candidates, pruned)
        return self

    def to_frame(self) -> "pd.DataFrame":
        """The candidates as a table, in the manner of rpart's ``cptable``.

        Returns
        -------
        DataFrame
            One row per candidate, by step of the path: its strength (or parameters), number of leaves, error on the
            growing rows relative to that of the root alone (the risk that the method prunes by), mean score, its
            standard error, and a mark at the best and at the chosen row.
        """
        check_is_fitted(self, "cv_results_")
        relative = None
        if hasattr(self, "pruning_path_"):
            relative = self.pruning_path_.to_frame()["relative_impurity"].to_numpy()[self.cv_results_["step"]]
        return results_frame(self.cv_results_, self.best_index_, choose("best", self.cv_results_), relative)

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Score of the pruned model by `scorer_`.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Rows.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Their targets.
        **params : dict
            Metadata for the scorer, such as ``sample_weight``.
        """
        check_target(y)
        model = self._fitted()
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "score", **params).scorer.score
        return self.scorer_(model, *((X,) if y is None else (X, y)), **params)

    def get_metadata_routing(self) -> MetadataRouter:
        """Where metadata goes: to this estimator, to the inner one's `fit`, to the scorer and to the splitter."""
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        router.add(estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
        to_score = MethodMapping().add(caller="fit", callee="score").add(caller="score", callee="score")
        router.add(scorer=check_scoring(type(self).__name__, self.estimator, self.scoring), method_mapping=to_score)
        if self._is_splitter:
            router.add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    def _check_parameters(self, method):
        if not callable(self.rule):
            check_choice(self, "rule", ("1se", "best"))
        check_choice(self, "standard_error", ("auto", "rows", "folds"))
        number = self.n_candidates
        if number not in ("auto", "all") and not (is_number(number, Integral) and number >= 2):
            refuse(self, "n_candidates", "'auto', 'all' or an int in the range [2, inf)")
        if is_number(self.cv, Integral) and self.cv < 2:
            refuse(self, "cv", "an int in the range [2, inf), 'oob', a splitter or an iterable of splits")
        for name in ("refit", "return_train_score"):
            check_bool(self, name)
        check_n_jobs(self)
        of_layers = isinstance(method, LayerMethod)
        if self.param_grid is None and not of_layers and not (isinstance(method, PathMethod) and method.nested):
            raise ValueError(
                f"{type(method).__name__} gives no nested path of trees: give a 'param_grid' of its parameters."
            )
        if self._out_of_bag and (self.param_grid is not None or self.return_train_score):
            raise ValueError("The 'cv' parameter can be 'oob' without 'param_grid' and 'return_train_score' only.")
        if of_layers and self._out_of_bag:
            refuse(self, "cv", "an int, a splitter or an iterable of splits for models made of weights")
        if of_layers and self.standard_error == "rows":
            refuse(self, "standard_error", "'folds' or 'auto' for models made of weights")
        if not of_layers and method.needs_rows:
            warn_of_growing_rows(method, "Use TreePruner with validation=, or a method that needs no such rows.")

    def _route(self, sample_weight, fit_params):
        """Metadata for the inner estimator's fit, for the scorer and for the splitter."""
        if get_config()["enable_metadata_routing"]:
            given = fit_params | ({} if sample_weight is None else {"sample_weight": sample_weight})
            routed = process_routing(self, "fit", **given)
            splitter = routed.splitter if self._is_splitter else Bunch(split={})
            return Bunch(estimator=routed.estimator, scorer=routed.scorer, splitter=splitter)
        given = fit_params | weights_by_name(self.estimator, sample_weight)
        groups = {"groups": given.pop("groups")} if "groups" in given else {}
        weights = score_weights(self, self.scorer_, self.estimator, self.scoring, sample_weight)
        return Bunch(estimator=Bunch(fit=given), scorer=Bunch(score=weights), splitter=Bunch(split=groups))

    def _grid(self, method):
        """Candidates that are pruned one by one: those asked for, or amounts; None: there is a path of trees."""
        if self.param_grid is not None:
            return GridCandidates(method, list(ParameterGrid(self.param_grid)))
        if isinstance(method, LayerMethod):
            return GridCandidates.of_amounts(method, None if isinstance(self.n_candidates, str) else self.n_candidates)
        return None

    def _candidates(self, evaluation, grown, method):
        """Steps of the path of the model fitted on all rows, as candidates for all models and on that model."""
        number = self.n_candidates
        if number == "auto":
            number = "all" if evaluation.in_one_sweep(grown) else FEW_CANDIDATES
        paths = paths_of(method, grown)
        path = paths[0] if len(paths) == 1 else JointPath(paths)
        candidates = PathCandidates.from_path(method, path, None if number == "all" else number)
        return candidates, on_paths(grown, paths, candidates.alphas)

    @property
    def _out_of_bag(self):
        return isinstance(self.cv, str) and self.cv == "oob"

    @property
    def _is_splitter(self):
        return hasattr(self.cv, "split") and not isinstance(self.cv, str)

    def _splits(self, X, y, split_params):
        labels = y if is_classifier(self.estimator) else None
        splits = list(check_cv(self.cv, y, classifier=labels is not None).split(X, y, **split_params))
        check_splits(splits, X, labels)
        return splits

    def _folds(self, evaluation, candidates, splits):
        """Scores of all candidates on each fold; a fold's model is dropped as soon as it is scored."""
        parallel = Parallel(n_jobs=self.n_jobs, prefer="threads", return_as="generator")
        folds = parallel(delayed(evaluation.fold)(candidates, *split) for split in splits)
        if not self.verbose:
            return list(folds)
        from rich.console import Console
        from rich.progress import track

        return list(track(folds, "Folds", total=len(splits), console=Console(stderr=True)))

    def _choose(self, candidates, sizes, folds, grouped):
        folds, train, feature_strength = zip(*folds, strict=True)
        if feature_strength[0] is not None:
            self.fold_feature_strength_ = np.array(feature_strength)
        by_rows = self.standard_error == "rows" or (self.standard_error == "auto" and not grouped)
        if by_rows and folds[0].loss is None:
            if self.standard_error == "rows":
                raise ValueError(
                    f"The 'standard_error' parameter of {type(self).__name__} must be 'folds' or 'auto' where the "
                    f"score is no mean over rows taken in one sweep. Got 'rows' with scoring={self.scoring!r}."
                )
            by_rows = False
        results = candidates.columns() | score_columns(folds, "test")
        mean = results["mean_test_score"]
        results["rank_test_score"] = ranks(mean)
        if self.return_train_score:
            results |= score_columns(train, "train")
        results |= sizes
        results["standard_error"] = error_of_rows(folds) if by_rows else error_of_folds(folds)
        if not np.isfinite(mean).all():
            warnings.warn(
                f"One or more of the test scores are non-finite: {mean}",
                UserWarning,
                stacklevel=3,
            )
        self.cv_results_ = results
        self.best_index_ = choose(self.rule, results)
        self.best_params_ = candidates.params[self.best_index_]
        self.best_score_ = float(mean[self.best_index_])

    def _refit(self, candidates, pruned):
        for name in ("alpha_", "pruning_path_"):  # of a fit before
            self.__dict__.pop(name, None)
        if isinstance(pruned, (PathModels, JointPathModels)):
            self.alpha_ = float(pruned.alphas[self.best_index_])
        if isinstance(pruned, PathModels):
            self.pruning_path_ = pruned.path
        if self.refit:
            self.estimator_ = pruned.model(self.best_index_)
            self._state_sizes(self.estimator_)


def _needs_rows(methods):
    return any(method.needs_rows or method.needs_training_rows for method in methods)
