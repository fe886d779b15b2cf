"""PruningRFE and PruningPathSelector: the features that a pruned model still uses.

Features are not compared with shadows here, so nothing is claimed about the share of false picks.
"""

import warnings
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.base import MetaEstimatorMixin, clone, is_classifier
from sklearn.feature_selection import SelectorMixin
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from ..adapters import find_adapter
from ..adapters.base import check_weights
from ..core.parameters import check_number, check_scoring, is_number
from ..core.plan import Plan
from ..core.targets import check_target
from ..estimators import TreePruner, TreePrunerCV
from ..estimators.evaluation import score_weights
from ..estimators.fitting import take, take_params
from ..methods.parameters import NestedMethods
from .numeric_columns import validate_numbers
from .survival import survival

if TYPE_CHECKING:
    import pandas as pd


class _UsedFeatures(MetaEstimatorMixin, SelectorMixin, NestedMethods):
    """The base of both selectors: checks of rows, the mask of the features kept, and tags."""

    def _checked_rows(self, X, y):
        """Rows and targets as arrays; and the rows for splitters, which may know them by the index of a frame."""
        check_target(y)
        nan, why = get_tags(self.estimator).input_tags.allow_nan, f"which {type(self.estimator).__name__} cannot take"
        checked = validate_numbers(self, X, y, nan=nan, why=why)
        return *checked, X if hasattr(X, "columns") else checked[0]

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        tags.target_tags.required = True
        return tags

    def _names(self):
        return np.array(getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)]), dtype=object)

    def _check_n_features_to_select(self, instead_of):
        wanted = self.n_features_to_select
        if wanted is None:
            return
        name = f"The 'n_features_to_select' parameter of {type(self).__name__}"
        if not is_number(wanted, Integral) or not 1 <= wanted <= self.n_features_in_:
            raise ValueError(f"{name} must be an int in the range [1, {self.n_features_in_}] or None. Got {wanted!r}.")
        if getattr(self, instead_of) is not None:
            raise ValueError(
                f"{name} leaves nothing to choose for {instead_of!r}: give one of them. "
                f"Got {wanted!r} and {getattr(self, instead_of)!r}."
            )

    def _checked_groups(self, groups, y, taken):
        if groups is None:
            return None
        if not taken:
            raise ValueError(f"There are no folds that 'groups' of {type(self).__name__} could be for.")
        groups = column_or_1d(groups)
        check_consistent_length(y, groups)
        missing = np.sum([label is None or label != label for label in groups.tolist()])
        if missing:
            raise ValueError(
                f"The 'groups' parameter must have a label for each row: {missing} of {len(groups)} have none."
            )
        return groups

    def _warn_of_a_leaf(self, outcome, strength):
        strongest = self._names()[np.argsort(-strength, kind="stable")[:3]]
        warnings.warn(
            f"{outcome}: the pruned model is a single leaf. Prune less. The strongest candidates are "
            f"{', '.join(map(str, strongest))}.",
            UserWarning,
            stacklevel=3,
        )


class PruningRFE(_UsedFeatures):
    """Recursive elimination: fit, prune and drop the features that do not survive, until all features survive.

    Parameters
    ----------
    estimator : estimator
        A tree or an ensemble of trees that treeprune can read.
    method : PruningMethod or str, default="reduced_error"
        How to prune.
    validation : None, float, "oob" or splitter, default=0.3
        Where the rows come from that prune, as in `TreePruner`.
    min_features : int, default=1
        At most the number of features. A round that would leave fewer is not taken, so that many more may be left
        (`n_features_to_select` is for a number of them); a warning says so where it would leave none.
    n_features_to_select : int or None, default=None
        Exactly so many features, without `cv`: a round that would leave fewer keeps the strongest, by what their splits
        win before pruning, beside the survivors, and once all survive, each round drops the one whose splits win least.
    cv : int, splitter, iterable of splits or None, default=None
        Folds that say after which round to stop: the whole elimination is repeated in each, and the first round with
        the best mean score is taken. None: the last round.
    scoring : str, callable or None, default=None
        Score of the folds of `cv`, and of no use without; None: the estimator's own.
    random_state : int, RandomState or None, default=None
        Drives the held-out fraction.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features,)
        The features kept.
    ranking_ : ndarray of int, shape (n_features,)
        1 for the features that are kept; the others by the round that dropped them, the last dropped 2.
    n_features_by_round_ : list of int
        Number of features before the first round and after each.
    cv_scores_ : ndarray of float64, shape (n_folds, n_rounds), or None
        Score of the features left by each round; eliminations that end early keep their last.
    estimator_ : estimator
        The pruned model, fitted on the features kept.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from treeprune.feature_selection import PruningRFE
    >>> X, y = make_friedman1(1000, n_features=30, random_state=0)
    >>> PruningRFE(DecisionTreeRegressor(random_state=0), random_state=0).fit(X, y).n_features_by_round_[0]
    30
    """

    def __init__(
        self,
        estimator,
        method="reduced_error",
        *,
        validation=0.3,
        min_features=1,
        n_features_to_select=None,
        cv=None,
        scoring=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.method = method
        self.validation = validation
        self.min_features = min_features
        self.n_features_to_select = n_features_to_select
        self.cv = cv
        self.scoring = scoring
        self.random_state = random_state

    def fit(
        self, X: Any, y: ArrayLike, *, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> "PruningRFE":
        """Eliminate.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Numbers.
        y : array-like of shape (n_rows,)
            Targets.
        sample_weight : array-like of shape (n_rows,), optional
            Row weights, for growing, for pruning and for the scores of the folds; under metadata routing, for what
            requests them.
        groups : array-like of shape (n_rows,), optional
            Groups of rows that splitters of `cv` and `validation` keep together.

        Raises
        ------
        ValueError
            A parameter is out of range, or `groups` are given and there is no splitter that could take them.
        """
        check_number(self, "min_features", 1, kind=Integral)
        X, y, frame = self._checked_rows(X, y)
        self._check_n_features_to_select("cv")
        self._check_min_features()
        weight = check_weights(sample_weight, len(y))
        groups = self._checked_groups(groups, y, self.cv is not None or hasattr(self.validation, "split"))
        fit_params, score_params = self._route(weight)
        rounds = self._eliminate(X, y, frame, weight, groups)
        stop, self.cv_scores_ = len(rounds) - 1, None
        if self.cv is not None:
            self.cv_scores_ = self._score_rounds(X, y, frame, weight, groups, score_params, len(rounds))
            stop = int(np.argmax(self.cv_scores_.mean(axis=0)))
        self.support_, self.estimator_ = rounds[stop]
        self.n_features_by_round_ = [int(kept.sum()) for kept, _ in rounds]
        masks = np.array([kept for kept, _ in rounds[: stop + 1]])
        self.ranking_ = 1 + stop + 1 - masks.sum(axis=0)
        if not len(_used(self.estimator_)):
            won = _won(clone(self.estimator).fit(X, y, **fit_params), X, y, weight)
            self._warn_of_a_leaf("No feature survives, and those of the last round are kept", won)
        return self

    def _check_min_features(self):
        most, of = self.n_features_in_, ""
        if self.n_features_to_select is not None:
            most, of = self.n_features_to_select, " of 'n_features_to_select'"
        if self.min_features > most:
            raise ValueError(
                f"The 'min_features' parameter of PruningRFE must be at most the {most} features{of}. "
                f"Got {self.min_features}."
            )

    def get_metadata_routing(self) -> MetadataRouter:
        """Where metadata goes: to this estimator, to the inner one's `fit`, and to the scorer."""
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        router.add(estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
        if self.cv is not None:
            router.add(scorer=self._scorer, method_mapping=MethodMapping().add(caller="fit", callee="score"))
        return router

    @property
    def _scorer(self):
        return check_scoring(type(self).__name__, self.estimator, self.scoring)

    def _route(self, weight):
        """Weights as the parameters of the inner estimator's fit and of the scorer."""
        given = {} if weight is None else {"sample_weight": weight}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **given)
            return routed.estimator.fit, {} if self.cv is None else routed.scorer.score
        if self.cv is None:
            return given, {}
        return given, score_weights(self, self._scorer, self.estimator, self.scoring, weight)

    def _eliminate(self, X, y, frame, weight, groups):
        """The features before the first round and after each, with the pruned model on them."""
        kept, rounds, validation = np.ones(X.shape[1], bool), [], self.validation
        if hasattr(validation, "split"):
            validation = check_cv([next(iter(validation.split(frame, y, groups)))])
        pruner = TreePruner(self.estimator, self.method, validation=validation, random_state=self.random_state)
        while True:
            model = pruner.fit(X[:, kept], y, sample_weight=weight).estimator_
            rounds.append((kept, model))
            if kept.sum() == self.n_features_to_select:
                return rounds
            survivors = np.zeros_like(kept)
            survivors[np.flatnonzero(kept)[_used(model)]] = True
            if self.n_features_to_select is not None:
                survivors = self._at_least(survivors, kept, model, X, y, weight)
            elif survivors.sum() in (kept.sum(), *range(self.min_features)):
                return rounds
            kept = survivors

    def _at_least(self, survivors, kept, model, X, y, weight):
        """The survivors. The strongest others are added if they are too few; the weakest goes if all survive."""
        n_kept = min(max(survivors.sum(), self.n_features_to_select), kept.sum() - 1)
        if n_kept == survivors.sum():
            return survivors
        if survivors.sum() < n_kept:  # ranked by the trees before pruning, as none of the others survives
            fit_params, _ = self._route(weight)
            model = clone(self.estimator).fit(X[:, kept], y, **fit_params)
        won = _won(model, X[:, kept], y, weight)
        columns = np.flatnonzero(kept)
        strongest = np.zeros_like(kept)
        strongest[columns[np.lexsort((-won, ~survivors[columns]))[:n_kept]]] = True
        return strongest

    def _score_rounds(self, X, y, frame, weight, groups, score_params, n_rounds):
        scorer, scores = self._scorer, []
        for train, test in check_cv(self.cv, y, classifier=is_classifier(self.estimator)).split(frame, y, groups):
            rounds = self._eliminate(X[train], y[train], take(frame, train), take(weight, train), take(groups, train))
            params = take_params(score_params, test, len(y))
            of_fold = [scorer(model, X[test][:, kept], y[test], **params) for kept, model in rounds[:n_rounds]]
            scores.append(of_fold + [of_fold[-1]] * (n_rounds - len(of_fold)))
        return np.array(scores)


class PruningPathSelector(_UsedFeatures):
    """The features that a tree still uses at the point of its pruning path that cross-validation chooses.

    Along a nested path a feature leaves when the last of its splits collapses: its strength is the largest strength
    of the nodes that split on it, and the features at every alpha are those of greater strength.

    Parameters
    ----------
    estimator : estimator
        A tree or an ensemble of trees that treeprune can read.
    method : PruningMethod or str, default="cost_complexity"
        A method with a nested path.
    cv, scoring, rule
        As in `TreePrunerCV`; of no use with `alpha` or `n_features_to_select`.
    alpha : float or None, default=None
        The strength, instead of cross-validation.
    n_features_to_select : int or None, default=None
        Exactly so many features, instead of cross-validation: the strongest (of equally strong ones, the first).

    Attributes
    ----------
    strength_ : ndarray of float64, shape (n_features,)
        The alpha from which on each feature is not used; 0 for features that are never used.
    alpha_ : float
        The chosen strength.
    support_ : ndarray of bool, shape (n_features,)
        The features kept: ``strength_ > alpha_``, and with `n_features_to_select` as many more of that strength as
        are wanted.
    ranking_ : ndarray of int, shape (n_features,)
        1 for the features that are kept; 2, 3, ... for the others, the strongest first.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune.feature_selection import PruningPathSelector
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> selector = PruningPathSelector(DecisionTreeClassifier(random_state=0)).fit(X, y)
    >>> selector.get_support(indices=True)
    array([20, 27])
    >>> selector.features_at([0.0, 0.01, 0.1]).sum(axis=1)
    array([14,  4,  1])
    """

    def __init__(
        self,
        estimator,
        method="cost_complexity",
        *,
        cv=5,
        scoring=None,
        rule="1se",
        alpha=None,
        n_features_to_select=None,
    ):
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.alpha = alpha
        self.n_features_to_select = n_features_to_select

    def fit(
        self, X: Any, y: ArrayLike, *, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> "PruningPathSelector":
        """Fit, and take the features of the chosen tree.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Numbers.
        y : array-like of shape (n_rows,)
            Targets.
        sample_weight : array-like of shape (n_rows,), optional
            Row weights.
        groups : array-like of shape (n_rows,), optional
            Groups of rows that the splitter of `cv` keeps together.

        Raises
        ------
        ValueError
            A parameter is out of range, the trees use fewer features than wanted, or `groups` are given and nothing is
            cross-validated.
        """
        X, y, frame = self._checked_rows(X, y)
        self._check_n_features_to_select("alpha")
        cross_validated = self.alpha is None and self.n_features_to_select is None
        groups = self._checked_groups(groups, y, cross_validated)
        if cross_validated:
            pruner = TreePrunerCV(
                self.estimator,
                self.method,
                cv=self._folds(frame, y, groups),
                scoring=self.scoring,
                rule=self.rule,
                standard_error="auto" if groups is None else "folds",
            )
            self.alpha_ = float(pruner.fit(X, y, sample_weight=sample_weight).alpha_)
        else:
            pruner = TreePruner(self.estimator, self.method).fit(X, y, sample_weight=sample_weight)
            self.alpha_ = self.alpha
        self.path_ = pruner.pruning_path_
        forest, split = self.path_.forest, self.path_.forest.internal
        self.strength_ = np.zeros(X.shape[1])
        np.maximum.at(self.strength_, forest.feature[split], self.path_.strength[split])
        if self.n_features_to_select is None:
            self.support_ = self.features_at([self.alpha_])[0]
        else:
            self.support_, self.alpha_ = self._strongest()
        order = np.argsort(-self.strength_, kind="stable")
        dropped = order[~self.support_[order]]
        self.ranking_ = np.ones(X.shape[1], int)
        self.ranking_[dropped] = np.arange(2, 2 + len(dropped))
        if not self.support_.any():
            self._warn_of_a_leaf("No feature is selected", self.strength_)
        return self

    def _folds(self, frame, y, groups):
        if isinstance(self.cv, str):
            return self.cv
        return list(check_cv(self.cv, y, classifier=is_classifier(self.estimator)).split(frame, y, groups))

    def _strongest(self):
        """The mask of the features wanted, and the least strength at which no other is in use."""
        wanted, n_used = self.n_features_to_select, np.count_nonzero(self.strength_)
        if n_used < wanted:
            raise ValueError(
                f"The 'n_features_to_select' parameter of PruningPathSelector must be at most {n_used}, the number of "
                f"features that the trees use. Got {wanted}."
            )
        order = np.argsort(-self.strength_, kind="stable")
        support = np.zeros(len(order), bool)
        support[order[:wanted]] = True
        return support, float(self.strength_[order[wanted:]].max(initial=0.0))

    def features_at(self, alphas: ArrayLike) -> np.ndarray:
        """The features in use at each strength, bool, shape (n_alphas, n_features)."""
        check_is_fitted(self)
        return self.strength_ > np.asarray(alphas, dtype=np.float64)[:, None]

    def to_frame(self) -> "pd.DataFrame":
        """The steps of the path: `alpha`, `n_leaves`, `n_features`, and the names of the features in use."""
        frame = self.path_.to_frame()[["alpha", "n_leaves"]]
        masks = self.features_at(frame["alpha"])
        names = self._names()
        return frame.assign(n_features=masks.sum(axis=1), features=[list(names[mask]) for mask in masks])


def _used(model):
    forest = find_adapter(model).forest
    return np.unique(forest.feature[forest.internal])


def _won(model, X, y, weight):
    """Total gain of the splits on each feature, shape (n_features,)."""
    adapter = find_adapter(model)
    nothing = Plan(collapse=np.zeros(adapter.forest.n_nodes, bool))
    return survival(adapter.rows(X, y, weight), nothing, np.arange(X.shape[1]))[1]
