"""PruningSelector: features whose splits survive pruning more often than chance allows."""

import math
import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.base import MetaEstimatorMixin, is_classifier, is_regressor
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import _safe_indexing, check_random_state, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..adapters.base import check_weights
from ..core.parameters import check_choice, check_n_jobs, check_number
from ..core.targets import check_target
from ..methods import as_method
from ..methods.parameters import NestedMethods
from ..times import index_in_time
from .draws import draw_rows, fit_draws
from .histogram_trees import BinnedData, bin_columns, grow_forest
from .nulls import NULLS, Shadows, copies_needed, levels, looks_like_random_walk, shadow_order
from .survival import benjamini_hochberg, p_values, survival, without_ties
from .units import feature_units, number_in_order, order_by_content

#: A target of whole numbers with more distinct values than this is a number, not a class.
_MOST_CLASSES = 50


class PruningSelector(MetaEstimatorMixin, SelectorMixin, NestedMethods):
    """Keep the features whose splits survive pruning more often than chance allows.

    Trees are grown on the features beside *shadows* of them, which have lost their tie to the target, and pruned by
    rows that did not grow them. A feature's survival is the number of trees in which it still splits. Several fixed
    sets of shadows, each shared by many trees, say what chance allows; a feature's p-value is the share of all
    shadows that survive at least as often as it does on average, and Benjamini & Hochberg's procedure keeps the
    expected share of false picks at most `fdr`. Shadows that are drawn anew for each tree would not do: all trees
    see the same rows, and agree on what those rows show by accident.

    What is tested is the *marginal* null, that a feature says nothing about the target, alone or together with others;
    not the conditional one, that it says nothing more once the others are known. A feature that matters only through
    one that it is correlated with may be kept, and is no false pick in the sense of `fdr`; of features that say the
    same, all may be kept.

    Shadows and trees are drawn for the columns in an order set by their values: with one `random_state`, columns given
    in another order are picked just the same. With other columns beside them, trees try other features: then a feature
    near the limit may be picked or not, as with another `random_state`.

    Parameters
    ----------
    estimator : estimator or None, default=None
        A tree or an ensemble of trees that treeprune can read, grown on features and shadows together. None: small
        histogram trees made for this, very much faster.
    method : PruningMethod or str, default="reduced_error"
        How the trees are pruned. Targets that are numbers have mean 0 and variance 1 in the histogram trees.
    null : {"permute", "circular", "block"} or None, default="permute"
        What shadows are. "permute": the same columns with their rows in another order, for rows without order.
        "circular", "block": for rows in time; the columns shifted by many rows, the end going on at the beginning,
        or cut into blocks that change places, so that they keep their autocorrelation. None: no shadows; every
        feature that survives in any tree is kept, and nothing is said of errors.
    n_shadow_sets : int or "auto", default="auto"
        Number of shadow sets, at least ``1 / fdr``, which "auto" takes if it is more than 10.
    n_estimators : int, default=50
        Number of trees for each set. With thousands of columns and few rows a column that matters survives in hardly
        a tree of 50, and more are needed to tell it from chance.
    max_depth : int, default=8
        Depth limit of the histogram trees.
    fdr : float, default=0.1
        Expected share of false picks: of features that say nothing about the target, among those kept. It is not the
        share of features that say nothing beyond the others, which among correlated columns can be far greater.
    feature_groups : array-like of shape (n_features,), dict, callable or None, default=None
        Features to be kept or dropped together (one-hot columns, the lags of a channel): a label for each feature,
        labels by feature name (features not named stand alone), or a function from name to label.
    validation : "oob" or splitter, default="oob"
        Rows that prune. "oob": each tree grows on a random half of the rows and is pruned by the other half; an
        `estimator` that draws bootstrap samples is pruned by the rows out of bag. A splitter: trees take its splits
        in turn, grow on train rows and are pruned by test rows. With ``PurgedTimeSeriesSplit()`` rows in time are
        pruned by later rows only, which finds less: "oob" lets trees know the neighbours of the rows that prune them,
        but so they know those of the shifted shadows.
    block_length : int or None, default=None
        Rows of a block (null="block"); None: the sixth part of a series.
    max_samples : int or None, default=None
        Most rows of one tree, half of them to grow it and half to prune it; each tree draws its own. None: all rows.
        Fewer rows take less time and find fewer weak features: of 100,000 rows, 50,000 take four fifths of the time
        and miss some that explain less than a thousandth of the target's variance. Bootstrap samples of an `estimator`
        are drawn from all rows.
    max_features : int or None, default=None
        Keep at most this many features, the strongest (with groups: as many groups as fit).
    task : {"auto", "classification", "regression"}, default="auto"
        What the target is, if there is no `estimator` to say so. "auto": numbers with fractions, and more than 50
        distinct whole numbers, are numbers; all else are classes.
    n_jobs : int or None, default=None
        Threads, over shadow sets. The result does not depend on it.
    random_state : int, RandomState or None, default=None
        Drives shadows and trees.

    Attributes
    ----------
    survival_ : ndarray of float64, shape (n_features,)
        Share of the trees in which each feature (or any of its group) survives.
    p_values_ : ndarray of float64, shape (n_features,), or None
        Before the correction for their number; None without shadows.
    shadow_survival_ : ndarray of float64, shape (n_sets, n_shadows), or None
        Share of the trees of each set in which each shadow survives.
    shadow_feature_ : ndarray of int, shape (n_shadows,), or None
        The feature (the first of its group) that each shadow is a copy of.
    ranking_ : ndarray of int, shape (n_features,)
        1 for the features that are kept; 2, 3, ... for the others, the strongest first.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Their names, where they were all strings.

    Notes
    -----
    Columns that can be cut in more places survive more often by chance: a feature is compared with shadows of
    features with at least about as many (in powers of two) distinct values only. Where these are few, they are
    copied several times.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from treeprune import PruningSelector
    >>> X, y = make_friedman1(600, n_features=20, random_state=0)
    >>> PruningSelector(random_state=0).fit(X, y).get_support(indices=True)
    array([0, 1, 2, 3, 4])
    """

    def __init__(
        self,
        estimator=None,
        method="reduced_error",
        *,
        null="permute",
        n_shadow_sets="auto",
        n_estimators=50,
        max_depth=8,
        fdr=0.1,
        feature_groups=None,
        validation="oob",
        block_length=None,
        max_samples=None,
        max_features=None,
        task="auto",
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.method = method
        self.null = null
        self.n_shadow_sets = n_shadow_sets
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.fdr = fdr
        self.feature_groups = feature_groups
        self.validation = validation
        self.block_length = block_length
        self.max_samples = max_samples
        self.max_features = max_features
        self.task = task
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self, X: Any, y: ArrayLike, *, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> "PruningSelector":
        """Find the features that survive.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Numbers. Missing values are allowed where the trees take them; infinite ones too in the histogram trees,
            as the least and the greatest. In time for "circular" and "block".
        y : array-like of shape (n_rows,)
            Classes or numbers.
        sample_weight : array-like of shape (n_rows,), optional
            Row weights, for growing and for pruning. Rows of weight 0 are left out.
        groups : array-like of shape (n_rows,), optional
            The series that each row belongs to: shadows stay within it. Also given to the splitter.

        Returns
        -------
        PruningSelector
            Itself.

        Raises
        ------
        ValueError
            A parameter or the data are out of range.
        """
        n_sets = self._check_parameters()
        self._warn_of_time(X)
        check_target(y)
        finite = False if self.estimator is None else "allow-nan" if self._allow_nan() else True
        frame = X if hasattr(X, "columns") else None  # for the splitter, which may know rows by their index
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite=finite, ensure_min_samples=2)
        given = X if frame is None else frame
        weight = check_weights(sample_weight, len(y))
        groups = None if groups is None else column_or_1d(groups)
        if weight is not None:
            kept = weight > 0
            X, y, weight = X[kept], y[kept], weight[kept]
            given = _safe_indexing(given, np.flatnonzero(kept))
            groups = None if groups is None else groups[kept]
        y = _known_target(column_or_1d(y, warn=True))
        series = [np.arange(len(y))] if groups is None else [np.flatnonzero(groups == g) for g in np.unique(groups)]
        order = order_by_content(X, self._names())
        unit = number_in_order(feature_units(self.feature_groups, self._names()), order)
        problem = self._problem(X[:, order], y, np.ones(len(y)) if weight is None else weight)
        if self.null in ("circular", "block"):
            self._warn_of_random_walks(X, y if problem.n_classes == 0 else None, series)
        level = levels(problem.n_values, unit[order])
        copies = np.zeros(len(level), int) if self.null is None else copies_needed(level)
        X, shadows = X[:, order], Shadows.from_units(unit[order], copies)
        splits = None if self.validation == "oob" else list(self.validation.split(given, y, groups))
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        sets = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(self._survival_of_set)(problem, X, y, weight, series, shadows, splits, (seed, number))
            for number in range(n_sets)
        )
        self._decide(np.array(sets), shadows, level, unit)
        return self

    def _survival_of_set(self, problem, X, y, weight, series, shadows, splits, seed):
        """Number of trees, in one set of shadows, in which each unit and each shadow survives."""
        rng = np.random.default_rng(seed)
        orders = np.empty((shadows.n_orders, len(y)), np.uint32)
        orders[0] = np.arange(len(y))
        for order in orders[1:]:
            order[:] = shadow_order(self.null, series, rng, self.block_length)
        most = None if self.max_samples is None else self.max_samples // 2
        draws = draw_rows(self.n_estimators, len(y), splits, most, seed)
        if self.estimator is None:
            beside_shadows = problem.with_columns(shadows.columns(problem.codes, orders))
            judged = [grow_forest(beside_shadows, draws, self.max_depth)]
        else:
            columns = np.stack(list(shadows.columns(X.T, orders)), axis=1)
            judged = fit_draws(self.estimator, columns, y, weight, draws, self.n_estimators, splits is None)
        method, n_trees, found = as_method(self.method), 0, np.zeros((2, shadows.unit.max() + 1))
        for rows in judged:
            found += survival(rows, method.plan(rows.forest, rows), shadows.unit)
            n_trees += rows.forest.n_trees
        return np.append(without_ties(*found), n_trees)

    def _decide(self, counts, shadows, level, unit):
        """Set the fitted attributes, from the counts of each set with the number of its trees as the last column."""
        n_trees, n_units = np.maximum(counts[:, -1:], 1), len(level)
        real, shadow = counts[:, :n_units], counts[:, n_units:-1]
        mean = real.mean(axis=0)
        self.survival_ = (np.floor(real) / n_trees).mean(axis=0)[unit]
        self.p_values_ = self.shadow_survival_ = self.shadow_feature_ = None
        if self.null is None:
            chosen, order = mean > 0, np.argsort(-mean, kind="stable")
        else:
            p = p_values(mean, shadow, shadows.copied, level)
            chosen, order = benjamini_hochberg(p, self.fdr), np.lexsort((-mean, p))
            self.p_values_, self.shadow_survival_ = p[unit], np.floor(shadow) / n_trees
            self.shadow_feature_ = np.array([np.flatnonzero(unit == u)[0] for u in range(n_units)])[shadows.copied]
        if self.max_features is not None:
            size = np.cumsum(np.bincount(unit)[order] * chosen[order])
            chosen[order[size > self.max_features]] = False
        ranking = np.ones(n_units, int)
        dropped = order[~chosen[order]]
        ranking[dropped] = np.arange(2, 2 + len(dropped))
        self.support_, self.ranking_ = chosen[unit], ranking[unit]
        if not chosen.any():
            self._warn_of_nothing()

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allow_nan()
        tags.target_tags.required = True
        return tags

    def _allow_nan(self):
        return self.estimator is None or get_tags(self.estimator).input_tags.allow_nan

    def _check_parameters(self):
        """Check the parameters; the number of shadow sets."""
        check_number(self, "n_estimators", 1, kind=Integral)
        check_number(self, "max_depth", 1, 30, closed="both", kind=Integral)
        check_number(self, "block_length", 1, kind=Integral, none=True)
        check_number(self, "max_features", 1, kind=Integral, none=True)
        check_number(self, "max_samples", 2, kind=Integral, none=True)
        check_n_jobs(self)
        check_choice(self, "null", (*NULLS, None))
        check_number(self, "fdr", 0, 1, closed="neither")
        check_choice(self, "task", ("auto", "classification", "regression"))
        if not (self.validation == "oob" if isinstance(self.validation, str) else hasattr(self.validation, "split")):
            raise ValueError(
                f"The 'validation' parameter of PruningSelector must be 'oob' or a splitter. Got {self.validation!r}."
            )
        if self.null is None:
            return 1
        least = math.ceil(1 / self.fdr)
        if isinstance(self.n_shadow_sets, str) and self.n_shadow_sets == "auto":
            return max(10, least)
        check_number(self, "n_shadow_sets", 1, kind=Integral)
        if self.n_shadow_sets < least:
            raise ValueError(
                f"The 'n_shadow_sets' parameter of PruningSelector must be at least 1 / fdr = {least}: with fewer, no "
                f"p-value is small enough to find one feature alone. Got {self.n_shadow_sets!r}."
            )
        return self.n_shadow_sets

    def _problem(self, X, y, weight):
        """The rows as histogram trees take them."""
        if self._is_classification(y):
            check_classification_targets(y)
            classes, target = np.unique(y, return_inverse=True)
            return BinnedData(bin_columns(X), target.astype(np.int32), weight, max(2, len(classes)))
        y = y.astype(np.float64)
        y = y / (np.abs(y).max() or 1.0)  # so that squares of large numbers stay finite
        y = y - np.average(y, weights=weight)
        return BinnedData(bin_columns(X), y / (np.sqrt(np.average(y**2, weights=weight)) or 1.0), weight, 0)

    def _is_classification(self, y):
        if self.estimator is not None and (is_classifier(self.estimator) or is_regressor(self.estimator)):
            return is_classifier(self.estimator)
        if self.task != "auto":
            return self.task == "classification"
        whole = y.dtype.kind in "iu" or (y.dtype.kind == "f" and (y == np.floor(y)).all())
        return y.dtype.kind not in "iuf" or (whole and len(np.unique(y)) <= _MOST_CLASSES)

    def _names(self):
        return list(getattr(self, "feature_names_in_", [f"x{i}" for i in range(self.n_features_in_)]))

    def _warn_of_time(self, X):
        in_time = index_in_time(X) is not None
        if in_time and self.null == "permute":
            warnings.warn(
                "The rows are in time, and null='permute' takes rows that follow each other for independent: nearly "
                "every autocorrelated feature would pass. Use null='circular' or null='block'.",
                UserWarning,
                stacklevel=3,
            )
        if (in_time or self.null in ("circular", "block")) and getattr(self.validation, "shuffle", False):
            warnings.warn(
                f"The rows are in time, and validation={self.validation} shuffles them. Use PurgedTimeSeriesSplit().",
                UserWarning,
                stacklevel=3,
            )

    def _warn_of_random_walks(self, X, target, series):
        walks = [
            name
            for name, x in zip(self._names(), X.T, strict=True)
            if any(looks_like_random_walk(x[rows]) for rows in series)
        ]
        if target is not None and any(looks_like_random_walk(target[rows].astype(float)) for rows in series):
            walks.append("the target")
        if walks:
            more = f" and {len(walks) - 5} more" if len(walks) > 5 else ""
            warnings.warn(
                f"These look like random walks, among which chance agreement is strong: {', '.join(walks[:5])}{more}. "
                "Differencing them (the change from row to row) is recommended.",
                UserWarning,
                stacklevel=3,
            )

    def _warn_of_nothing(self):
        names = np.array(self._names(), dtype=object)
        order = np.argsort(-self.survival_, kind="stable")[:3]
        p = self.p_values_
        best = [
            f"{names[i]} ({self.survival_[i]:.0%} of trees{'' if p is None else f', p = {p[i]:.3g}'})" for i in order
        ]
        chance = "" if p is None else f" more often than chance allows at fdr={self.fdr}"
        warnings.warn(
            f"No feature survives pruning{chance}: none is selected. The strongest candidates are {', '.join(best)}.",
            UserWarning,
            stacklevel=4,
        )


def _known_target(y):
    """A target held as Python's own objects as numbers, if it is all numbers."""
    if y.dtype != object:
        return y
    return y.astype(np.float64) if all(isinstance(v, Real) and not isinstance(v, bool) for v in y) else y
