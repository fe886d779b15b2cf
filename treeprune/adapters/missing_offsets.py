"""Models that were trained from offsets and judged without, or the other way round: what gives them away."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.losses import derivatives
from ..core.risk import branch_sums
from ..core.rows import Rows

if TYPE_CHECKING:
    from .base import Adapter

#: Differences that count: in standard deviations of a single row's step, and in standard errors of the mean step.
_FAR, _SURE = 1.0, 6.0
#: Penalties may shorten a step down to this share of what the rows say.
_SHORTENED = 0.25
#: Fewer rows, or leaves, say nothing.
_FEW_ROWS, _FEW_LEAVES = 30, 5
#: Relative errors: of sums in float32; and of gains, in which large sums may cancel.
_SAME, _SAME_GAIN, _CANCELLED = 1e-3, 0.03, 1e-5
#: Share of the variance of a tree's steps that rounding may be.
_ROUNDED = 1e-5
#: Correlation of leaves with what their rows say, and share of the latter that the model leaves over.
_UNLIKE, _LEFT_OVER = 0.7, 0.1


def warn_of_other_offset(adapter: "Adapter", rows: Rows, margin: NDArray[np.float64]) -> None:
    """Warn if a model seems to have been trained from offsets that its rows lack, or without those that they have.

    Signs of missing ones:

    - The level, on any rows. All rows together would take another first step than the root of the first tree did, and
      the whole model still is as far from their level. Rows of other weights or shares of classes show it, too.
    - The first tree, on the training rows. By the sums in its leaves the rows are those that it was grown on; but the
      gains of its splits are not theirs. Where the hessians are the very same, neither gains nor steps of inner nodes
      may differ by more than rounding; else leaves have to be far from their steps, or the model to leave them over.

    So nothing is seen on other rows than the training rows if the offsets agree on average with what the library starts
    from itself; nor on the training rows in XGBoost's models under losses whose second derivative varies, or in trees
    with L1 penalties, caps or smoothing, whose gains are other functions of the rows.

    Offsets that a model was fitted without show on the training rows: from the library's own start the rows have the
    hessians and gains of the first tree, from the offsets they have not.

    Parameters
    ----------
    adapter : Adapter
        Of a boosted ensemble.
    rows : Rows
        Rows, with offsets or without.
    margin : ndarray of float64, shape (n_rows, n_columns)
        Their raw score.
    """
    name, model = adapter.offset_name, type(adapter.model).__name__
    try:
        with np.errstate(all="ignore"):
            if not _has_statistics(adapter, rows):
                return
            if rows.offset is None and _disagree(adapter, rows, margin):
                text = (
                    f"{model} and the rows do not agree on where its training began. If it was fitted with {name}=, "
                    "give that of the rows; if with sample_weight=, give theirs."
                )
            elif rows.offset is not None and _grown_without(adapter, rows):
                text = (
                    f"{model} was fitted on these rows without {name}=: its first tree is theirs from a constant "
                    f"start. Now they are judged from the {name}= given."
                )
            else:
                return
    except ValueError:  # the loss is not defined for these targets: what minimises it will say so
        return
    warnings.warn(text, UserWarning, stacklevel=2)


def _has_statistics(adapter, rows):
    """Whether there are enough rows, and a first tree whose start and statistics are known."""
    forest, weight = adapter.forest, adapter.forest.weighted_n_node_samples
    enough = np.count_nonzero(rows.sample_weight) >= _FEW_ROWS and bool(adapter.first_steps())
    return enough and forest.gain is not None and weight is not None and weight[forest.root[forest.stages[0]]].all()


def _disagree(adapter, rows, margin):
    weight, ways = rows.sample_weight[:, None], adapter.first_steps()
    target, spread = _as_libraries_keep(rows.target), _spread_of_steps(adapter)
    left = weight * derivatives(rows.require_loss(), target, margin)[0]
    same_level, other_tree = np.zeros(margin.shape[1], bool), True
    for start, step in ways:
        gradient, hessian = derivatives(rows.require_loss(), target, np.zeros_like(margin) + start)
        same_level |= _same_level(gradient, hessian, weight, left, step, spread)
        other_tree = other_tree and _other_first_tree(adapter, rows, weight * gradient, weight * hessian, left)
    return other_tree or not same_level.all()


def _spread_of_steps(adapter):
    """Standard deviation of the steps that the first trees took with their training rows, for each column."""
    forest = adapter.forest
    spread = np.zeros(adapter.base(None).shape[1])
    for tree in forest.stages[0]:
        leaf = _leaves(forest, tree)
        value, weight = forest.value[leaf, 0, 0] / adapter.learning_rate, forest.weighted_n_node_samples[leaf]
        if weight.any():
            center = np.average(value, weights=weight)
            spread[forest.tree_class[tree]] = np.sqrt(np.average((value - center) ** 2, weights=weight))
    return spread


def _same_level(gradient, hessian, weight, left, step, least_spread):
    """For each column, whether the first step is that of the rows or the whole model is at their level."""
    total = (weight * hessian).sum(axis=0)
    own = -(weight * gradient).sum(axis=0) / total
    mean = total / weight.sum()
    spread = np.sqrt(np.average((gradient + own * hessian) ** 2, axis=0, weights=weight[:, 0])) / mean
    if (hessian != 1).any():  # the variance of gradients in exponential families
        spread = np.maximum(spread, 1 / np.sqrt(mean))
    spread = np.maximum(spread, least_spread)
    n_rows = weight.sum() ** 2 / (weight**2).sum()
    far = spread * max(_FAR, _SURE / np.sqrt(n_rows))
    shortened = (step / own >= _SHORTENED) & (step / own <= 1)
    off = np.abs(left.sum(axis=0)) / total
    return np.isnan(step) | (np.abs(own - step) <= far) | shortened | (off <= far)


def _grown_without(adapter, rows):
    """Whether the first tree of each column was grown on the rows from the library's own start, not from the offset."""
    ridge = adapter.first_ridge
    if ridge is None:
        return False
    weight, loss, target = rows.sample_weight[:, None], rows.require_loss(), _as_libraries_keep(rows.target)

    def fits(start):
        gradient, hessian = (weight * array for array in derivatives(loss, target, start))
        return [
            _grown_on(rows.forest, tree, count, of_leaf[1])
            and _same_hessians(rows.forest, tree, of_leaf[1])
            and not _differ(rows.forest, tree, ridge, *of_leaf)
            for tree, count, *of_leaf in _leaf_sums(rows, gradient, hessian)
        ]

    return any(all(fits(start + np.zeros_like(rows.offset))) for start, _ in adapter.first_steps()) and not any(
        fits(rows.offset)
    )


def _as_libraries_keep(target):
    """Numbers rounded to single precision, codes of classes as they are."""
    return target.astype(np.float32).astype(np.float64) if target.dtype == np.float64 else target


def _leaf_sums(rows, *arrays):
    """For each first tree, the number of rows in each node that is a leaf, and the sums of the columns of arrays."""
    forest = rows.forest
    for tree in forest.stages[0]:
        leaf, column = rows.leaf_ids(tree), forest.tree_class[tree]
        of_column = (None, *(array[:, column] for array in arrays))
        yield tree, *(np.bincount(leaf, array, forest.n_nodes) for array in of_column)


def _other_first_tree(adapter, rows, *arrays):
    """Whether the rows are those of the first tree of some column, and it was grown for other targets."""
    forest, ridge = rows.forest, adapter.first_ridge
    if ridge is None:
        return False
    for tree, count, gradient, hessian, left in _leaf_sums(rows, *arrays):
        if not _grown_on(forest, tree, count, hessian):
            continue
        if _same_hessians(forest, tree, hessian) and _differ(forest, tree, ridge, gradient, hessian):
            return True
        if _for_other_targets(forest, tree, ridge, gradient, hessian, left):
            return True
    return False


def _differ(forest, tree, ridge, gradient, hessian):
    """Whether gains and steps of most inner nodes differ from those of these sums by more than rounding.

    Pruned and refitted models keep the gains of the splits that stay.
    """
    node = _inner_nodes(forest, tree)
    node = node if forest.category_set is None else node[forest.category_set[node] < 0]  # LightGBM's have penalties
    if len(node) < _FEW_LEAVES - 1 or not _gains_differ(forest, node, ridge, gradient, _SAME):
        return False
    step = (-branch_sums(forest, gradient) / (forest.weighted_n_node_samples + ridge))[node]
    return not np.corrcoef(step, forest.value[node, 0, 0])[0, 1] ** 2 > 1 - _ROUNDED


def _gains_differ(forest, node, ridge, gradient, tolerance):
    """Whether at least half of the gains of these nodes are not those of the sums in leaves."""
    square = branch_sums(forest, gradient) ** 2 / (forest.weighted_n_node_samples + ridge)
    gain = square[forest.children_left[node]] + square[forest.children_right[node]] - square[node]
    allowed = tolerance * np.maximum(np.abs(gain), forest.gain[node]) + _CANCELLED * square[node]
    return np.mean(np.abs(forest.gain[node] - gain) > allowed) > 0.5


def _grown_on(forest, tree, count, hessian):
    """Whether the leaves of a tree hold the numbers of rows, or else the hessians, that they held in training."""
    leaf = _leaves(forest, tree)
    if len(leaf) < _FEW_LEAVES or not (hessian[leaf] > 0).all():
        return False
    if forest.n_node_samples is not None:
        return np.array_equal(count[leaf], forest.n_node_samples[leaf])
    return _same_hessians(forest, tree, hessian)


def _same_hessians(forest, tree, hessian):
    """Whether the leaves of a tree hold the hessians that they held in training."""
    leaf = _leaves(forest, tree)
    ratio = forest.weighted_n_node_samples[leaf] / hessian[leaf]  # libraries multiply some by a constant
    return np.ptp(ratio) < _SAME * ratio.mean()


def _for_other_targets(forest, tree, ridge, gradient, hessian, left):
    """Whether neither the gains nor the leaves of a tree are those of its rows, by the sums in its leaves."""
    node = _inner_nodes(forest, tree)
    if not _gains_differ(forest, node, ridge, gradient, _SAME_GAIN):
        return False
    leaf = _leaves(forest, tree)
    weight, step, rest = hessian[leaf], -gradient[leaf] / hessian[leaf], left[leaf] / hessian[leaf]
    step, rest, value = (x - np.average(x, weights=weight) for x in (step, rest, forest.value[leaf, 0, 0]))
    alike = weight @ (value * step) >= _UNLIKE * np.sqrt((weight @ value**2) * (weight @ step**2))
    return not alike or weight @ rest**2 > _LEFT_OVER * (weight @ step**2)


def _inner_nodes(forest, tree):
    first, last = forest.start[tree : tree + 2]
    return first + np.flatnonzero(~forest.is_leaf[first:last])


def _leaves(forest, tree):
    first, last = forest.start[tree : tree + 2]
    return first + np.flatnonzero(forest.is_leaf[first:last])
