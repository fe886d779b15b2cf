"""PruningSelector: features whose splits survive pruning more often than chance allows."""

import math
import warnings
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.base import MetaEstimatorMixin, is_classifier, is_regressor
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import _safe_indexing, check_random_state, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ..adapters.base import check_weights
from ..core.parameters import check_choice, check_n_jobs, check_number
from ..core.targets import check_target
from ..methods import as_method
from ..methods.parameters import NestedMethods
from ..times import index_in_time
from .draws import draw_rows, fit_draws
from .histogram_trees import BinnedData, bin_columns, grow_forest
from .knockoff_statistics import STRENGTHS, knockoff_statistics
from .knockoffs import knockoff_threshold, sample_knockoffs
from .nulls import NULLS, Shadows, copies_needed, levels, looks_like_random_walk, shadow_order
from .numeric_columns import validate_numbers
from .survival import benjamini_hochberg, p_values, survival, without_ties
from .units import order_by_content, units_in_order

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

    What is tested by shadows is the *marginal* null, that a feature says nothing about the target, alone or together
    with others; not the conditional one, that it says nothing more once the others are known. A feature that matters
    only through one that it is correlated with may be kept, and is no false pick in the sense of `fdr`; of features
    that say the same, all may be kept.

    The *conditional* null is tested by ``null="knockoff"``. A knockoff is a copy of a feature that goes with the other
    features as the feature does, and knows of the target only through them. A model sees all features and knockoffs,
    and a feature is kept if it looks so much stronger than its knockoff that few knockoffs are that much stronger than
    their features (Candès et al. 2018). Of features that say nearly the same, none may be kept: decide them together by
    `feature_groups`.

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
    null : {"permute", "circular", "block", "knockoff"} or None, default="permute"
        What features are compared with. "permute": shadows that are the same columns with their rows in another order,
        for rows without order; marginal. "circular", "block": shadows for rows in time; the columns shifted by many
        rows, the end going on at the beginning, or cut into blocks that change places, so that they keep their
        autocorrelation; marginal. "knockoff": one knockoff of each feature, for rows without order; conditional.
        None: with nothing; every feature that survives in any tree is kept, and nothing is said of errors.
    statistic : {"survival", "boosted", "lasso"}, default="survival"
        How strong features and knockoffs look (``null="knockoff"``; shadows are compared by survival). "survival": the
        share of the trees in which they survive pruning. "boosted": what the splits of boosted trees win, which finds
        more among correlated features. "lasso": sizes of the coefficients of a lasso, which finds most where effects
        are linear and little where they are not. The last two are for ``estimator=None``, and what is said of trees
        and of the rows that prune them does not concern them.
    n_shadow_sets : int or "auto", default="auto"
        Number of shadow sets, at least ``1 / fdr``, which "auto" takes if it is more than 10. With knockoffs, so many
        sets of trees see the same knockoffs.
    n_estimators : int, default=50
        Number of trees for each set. With thousands of columns and few rows a column that matters survives in hardly
        a tree of 50, and more are needed to tell it from chance.
    max_depth : int, default=8
        Depth limit of the histogram trees.
    fdr : float, default=0.1
        Expected share of false picks among the features (or groups) kept. With shadows false are features that say
        nothing about the target; the share of those that say nothing beyond the others can be far greater among
        correlated columns. With knockoffs false are all that say nothing beyond the others; then fewer than ``1 / fdr``
        features or groups are never kept, and where there are fewer, a warning says that none can be.
    feature_groups : array-like of shape (n_features,), dict, callable, float, "auto" or None, default=None
        Features to be kept or dropped together (one-hot columns, the lags of a channel): a label for each feature,
        labels by feature name (features not named stand alone), or a function from name to label. A float: groups of
        features of which any two have at least that absolute correlation, of normal scores, by complete linkage;
        "auto": 0.7.
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
    survival_ : ndarray of float64, shape (n_features,), or None
        Share of the trees in which each feature (or any of its group) survives; None with knockoffs.
    p_values_ : ndarray of float64, shape (n_features,), or None
        Before the correction for their number; None without shadows.
    knockoff_statistics_ : ndarray of float64, shape (n_features,), or None
        By how much each feature (or its group) looks stronger than its knockoff; negative where the knockoff does.
        In trees of the share of them, in what splits win of the loss, or in coefficients; None without knockoffs.
    knockoff_threshold_ : float or None
        The least statistic of what is kept (before `max_features`): infinite where nothing is.
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

    Knockoffs are only as good as the model that they are drawn from. Where all features have more than 10 distinct
    values, that is a normal copula, and the knockoffs are those that are hardest to tell from the other features
    (Spector & Janson 2022). Else they are drawn one feature after another, by regressions on all others: linear ones
    for numbers, logistic ones for features of up to 10 distinct values, whose values are taken for names. What depends
    on others in other ways than these is not allowed for, and then most of what is kept can be false: columns that are
    squares or sizes of others, for one. The target may depend on the features in any way. Several
    rows for each feature are needed: with fewer than two, knockoffs are nearly the features themselves, and little or
    nothing is kept. Features with missing or infinite values are refused: impute them before. Rows weigh the same in
    drawing knockoffs, whatever their weights. The work grows with the third power of the number of features: hundreds
    are meant, not tens of thousands.

    References
    ----------
    E. Candès, Y. Fan, L. Janson, J. Lv (2018). Panning for gold: 'model-X' knockoffs for high dimensional controlled
    variable selection. Journal of the Royal Statistical Society B 80, 551-577.
    A. Spector, L. Janson (2022). Powerful knockoffs via minimizing reconstructability. Annals of Statistics 50,
    252-276.

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
        statistic="survival",
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
        self.statistic = statistic
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
            as the least and the greatest; neither beside knockoffs. In time for "circular" and "block".
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
        self._check_parameters()
        self._warn_of_time(X)
        check_target(y)
        frame = X if hasattr(X, "columns") else None  # for the splitter, which may know rows by their index
        X, y = validate_numbers(self, X, y, nan=self._allow_nan(), infinity=self._allow_infinity(), why=self._why())
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
        unit = units_in_order(self.feature_groups, self._names(), X, order)
        problem = self._problem(X[:, order], y, np.ones(len(y)) if weight is None else weight)
        if self.null in ("circular", "block"):
            self._warn_of_random_walks(X, y if problem.n_classes == 0 else None, series)
        splits = None if self.validation == "oob" else list(self.validation.split(given, y, groups))
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.survival_ = self.p_values_ = self.shadow_survival_ = self.shadow_feature_ = None
        self.knockoff_statistics_ = self.knockoff_threshold_ = None
        judge = self._beside_knockoffs if self.null == "knockoff" else partial(self._beside_shadows, series=series)
        chosen, strongest = judge(problem, X[:, order], y, weight, splits=splits, unit=unit, order=order, seed=seed)
        self._keep(chosen, strongest, unit)
        return self

    def _beside_shadows(self, problem, X, y, weight, *, series, splits, unit, order, seed):
        """Grow and prune trees beside shadows; which units are chosen, and the units from the strongest on."""
        level = levels(problem.n_values, unit[order])
        copies = np.zeros(len(level), int) if self.null is None else copies_needed(level)
        shadows = Shadows.from_units(unit[order], copies)
        sets = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(self._survival_of_set)(problem, X, y, weight, series, shadows, splits, (seed, number))
            for number in range(self._n_sets())
        )
        counts, n_units = np.array(sets), len(level)
        n_trees, real, shadow = np.maximum(counts[:, -1:], 1), counts[:, :n_units], counts[:, n_units:-1]
        mean = real.mean(axis=0)
        self.survival_ = (np.floor(real) / n_trees).mean(axis=0)[unit]
        if self.null is None:
            return mean > 0, np.argsort(-mean, kind="stable")
        p = p_values(mean, shadow, shadows.copied, level)
        self.p_values_, self.shadow_survival_ = p[unit], np.floor(shadow) / n_trees
        self.shadow_feature_ = np.array([np.flatnonzero(unit == u)[0] for u in range(n_units)])[shadows.copied]
        return benjamini_hochberg(p, self.fdr), np.lexsort((-mean, p))

    def _survival_of_set(self, problem, X, y, weight, series, shadows, splits, seed):
        """Number of trees, in one set of shadows, in which each unit and each shadow survives; and of all trees."""
        rng = np.random.default_rng(seed)
        orders = np.empty((shadows.n_orders, len(y)), np.uint32)
        orders[0] = np.arange(len(y))
        for order in orders[1:]:
            order[:] = shadow_order(self.null, series, rng, self.block_length)
        if self.estimator is None:
            rows = problem.with_columns(shadows.columns(problem.codes, orders))
        else:
            rows = np.stack(list(shadows.columns(X.T, orders)), axis=1)
        return self._count_survivors(rows, y, weight, shadows.unit, splits, seed)

    def _beside_knockoffs(self, problem, X, y, weight, *, splits, unit, order, seed):
        """Compare features with their knockoffs; which units are chosen, and the units from the strongest on."""
        knockoffs = sample_knockoffs(X, unit[order], np.random.default_rng((seed, self._n_sets())))  # no set's own seed
        if self.statistic == "survival":
            strength = partial(self._survival_of_all, problem, y, weight, splits, seed)
        else:
            how = {"y": problem.target, "weight": weight, "n_classes": problem.n_classes, "seed": seed}
            strength = partial(STRENGTHS[self.statistic], **how)
        lead = knockoff_statistics(strength, X, knockoffs, unit[order])
        self.knockoff_statistics_, self.knockoff_threshold_ = lead[unit], knockoff_threshold(lead, self.fdr)
        if len(lead) < self._fewest():
            self._warn_of_few(len(lead))
        return lead >= self.knockoff_threshold_, np.argsort(-lead, kind="stable")

    def _survival_of_all(self, problem, y, weight, splits, seed, X, unit):
        """Share of the trees, of all sets, in which each unit survives."""
        rows = problem.with_columns(bin_columns(X)) if self.estimator is None else X
        sets = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(self._count_survivors)(rows, y, weight, unit, splits, (seed, number))
            for number in range(self._n_sets())
        )
        total = np.sum(sets, axis=0)
        return total[:-1] / max(total[-1], 1)

    def _count_survivors(self, rows, y, weight, unit, splits, seed):
        """Number of trees, of one set, in which each unit survives; and, as the last, of all trees.

        `rows` hold the columns to grow on: binned ones, or an array for an estimator.
        """
        most = None if self.max_samples is None else self.max_samples // 2
        draws = draw_rows(self.n_estimators, len(y), splits, most, seed)
        if self.estimator is None:
            judged = [grow_forest(rows, draws, self.max_depth)]
        else:
            judged = fit_draws(self.estimator, rows, y, weight, draws, self.n_estimators, splits is None)
        method, n_trees, found = as_method(self.method), 0, np.zeros((2, int(unit.max()) + 1))
        for one in judged:
            found += survival(one, method.plan(one.forest, one), unit)
            n_trees += one.forest.n_trees
        return np.append(without_ties(*found), n_trees)

    def _keep(self, chosen, strongest, unit):
        """Set what is kept, at most `max_features`, and the ranks of the others."""
        if self.max_features is not None:
            size = np.cumsum(np.bincount(unit)[strongest] * chosen[strongest])
            chosen[strongest[size > self.max_features]] = False
        ranking = np.ones(len(chosen), int)
        dropped = strongest[~chosen[strongest]]
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
        if self.null == "knockoff":
            return False
        return self.estimator is None or get_tags(self.estimator).input_tags.allow_nan

    def _allow_infinity(self):
        return self.estimator is None and self.null != "knockoff"

    def _why(self):
        """Why values may not be missing, or infinite."""
        if self.null == "knockoff":
            return "and null='knockoff' draws knockoffs from values that are all known"
        return f"which {type(self.estimator).__name__} cannot take"

    def _check_parameters(self):
        check_number(self, "n_estimators", 1, kind=Integral)
        check_number(self, "max_depth", 1, 30, closed="both", kind=Integral)
        check_number(self, "block_length", 1, kind=Integral, none=True)
        check_number(self, "max_features", 1, kind=Integral, none=True)
        check_number(self, "max_samples", 2, kind=Integral, none=True)
        check_n_jobs(self)
        check_choice(self, "null", (*NULLS, "knockoff", None))
        check_choice(self, "statistic", ("survival", *STRENGTHS))
        check_number(self, "fdr", 0, 1, closed="neither")
        check_choice(self, "task", ("auto", "classification", "regression"))
        if not (self.validation == "oob" if isinstance(self.validation, str) else hasattr(self.validation, "split")):
            raise ValueError(
                f"The 'validation' parameter of PruningSelector must be 'oob' or a splitter. Got {self.validation!r}."
            )
        if self.statistic != "survival" and (self.null != "knockoff" or self.estimator is not None):
            raise ValueError(
                "The 'statistic' parameter of PruningSelector must be 'survival' unless null='knockoff' and estimator="
                f"None. Got {self.statistic!r}."
            )
        if isinstance(self.n_shadow_sets, str) and self.n_shadow_sets == "auto":
            return
        check_number(self, "n_shadow_sets", 1, kind=Integral)
        least = self._fewest()
        if self.null not in (None, "knockoff") and self.n_shadow_sets < least:
            raise ValueError(
                f"The 'n_shadow_sets' parameter of PruningSelector must be at least 1 / fdr = {least}: with fewer, no "
                f"p-value is small enough to find one feature alone. Got {self.n_shadow_sets!r}."
            )

    def _fewest(self):
        """Shadow sets, or features beside their knockoffs, with fewer of which nothing can be found at `fdr`."""
        return math.ceil(1 / self.fdr)

    def _n_sets(self):
        if self.null is None:
            return 1
        automatic = isinstance(self.n_shadow_sets, str)
        return max(10, self._fewest()) if automatic else self.n_shadow_sets

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
        if in_time and self.null in ("permute", "knockoff"):
            warnings.warn(
                f"The rows are in time, and null={self.null!r} takes rows that follow each other for independent: "
                "nearly every autocorrelated feature would pass. Use null='circular' or null='block'.",
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

    def _warn_of_few(self, n_units):
        warnings.warn(
            f"With fewer than 1 / fdr = {self._fewest()} features or groups, null='knockoff' can keep none: "
            f"there are {n_units}. Use another null, or a greater fdr.",
            UserWarning,
            stacklevel=4,
        )

    def _warn_of_nothing(self):
        names, p, lead = np.array(self._names(), dtype=object), self.p_values_, self.knockoff_statistics_
        strongest = np.argsort(-(self.survival_ if lead is None else lead), kind="stable")[:3]
        if lead is None:
            of = [f"{self.survival_[i]:.0%} of trees{'' if p is None else f', p = {p[i]:.3g}'}" for i in strongest]
            nothing = "No feature survives pruning"
        else:
            of, nothing = [f"statistic {lead[i]:.3g}" for i in strongest], "No feature beats its knockoff"
        best = ", ".join(f"{names[i]} ({figure})" for i, figure in zip(strongest, of, strict=True))
        chance = "" if p is None and lead is None else f" more often than chance allows at fdr={self.fdr}"
        warnings.warn(
            f"{nothing}{chance}: none is selected. The strongest candidates are {best}.",
            UserWarning,
            stacklevel=4,
        )


def _known_target(y):
    """A target held as Python's own objects as numbers, if it is all numbers."""
    if y.dtype != object:
        return y
    return y.astype(np.float64) if all(isinstance(v, Real) and not isinstance(v, bool) for v in y) else y
