r"""Risks: what it costs to predict a node's value for the rows of that node, as arrays over nodes.

A risk is a sum over rows, not a mean: ``R(t) = sum of w_i loss(y_i, value(t))``. The impurities of scikit-learn's
criteria are means of such losses over the training rows (Breiman et al. 1984, section 4.3 and 8.3):

=============== ================================ =========================================================
criterion       impurity                         loss of a row
=============== ================================ =========================================================
gini            :math:`1 - \sum_k p_k^2`         Brier score :math:`\sum_k (1[y = k] - p_k)^2`
entropy         :math:`-\sum_k p_k \log_2 p_k`   :math:`-\log_2 p_y`
squared_error   variance                         :math:`(y - v)^2`
absolute_error  mean absolute deviation          :math:`|y - v|`
poisson         half mean Poisson deviance       :math:`y \log(y / v) - y + v`
=============== ================================ =========================================================

so that one name, "impurity", means the same for training rows (where the model stores it) and for other rows. With
several outputs, losses are averaged over outputs, as scikit-learn does.

A tree of a boosted ensemble has no loss of its own: it lowers the loss that the stages before it have left. To second
order (Chen & Guestrin 2016, eq. 3), with g and h the derivatives of a row's loss at the margin before the tree's stage,
adding v to that margin changes the loss by

.. math:: R(t) = \sum_i g_i v + \tfrac{1}{2} h_i v^2.

Losses that no parabola comes near along such steps, such as the absolute error, are summed as they are.

Each tree is judged at the margin at which it was grown, not at that of the whole ensemble. At the latter each single
tree looks superfluous, because the others do its work, and all would be pruned at once.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from ..exceptions import MissingStatisticError
from .forest import Forest
from .losses import LOSSES, Robust, as_loss
from .rows import Rows
from .statistics import NodeStatistics

#: Probabilities below this count as this in log-losses, as in `sklearn.metrics.log_loss`.
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)

_LOSS_OF_CRITERION = {"gini": "brier", "entropy": "log2_loss"}
MARGIN_RISKS = ("impurity", "error", *LOSSES)
CLASSIFICATION_RISKS = ("impurity", "error", "log_loss", "brier")
REGRESSION_RISKS = ("impurity", "error", "absolute_error")
_RISKS_OF_TASK = {"classification": CLASSIFICATION_RISKS, "regression": REGRESSION_RISKS, "margin": MARGIN_RISKS}


def node_risk(
    forest: Forest, risk: str = "impurity", rows: Rows | None = None, cost_matrix=None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Risk of each node as a leaf.

    Parameters
    ----------
    forest : Forest
        A canonical forest.
    risk : {"impurity", "error", "log_loss", "brier", "absolute_error"}, a loss of boosting, or callable
        The loss: "impurity" is the loss behind the criterion that grew the model, "error" is misclassification
        or, for regression, squared error. For boosted trees both are the ensemble's own loss on rows and, without
        rows, the gain of its splits; on rows also a name of `core.losses.LOSSES` or a function
        ``(y, margin) -> gradient, hessian``.
    rows : Rows, optional
        Rows to take the risk over; None: the training rows, from statistics stored in the model.
    cost_matrix : array-like of shape (n_classes, n_classes), optional
        ``cost_matrix[true, predicted]``, in place of `risk`: the cost of what the node predicts.

    Returns
    -------
    risk : ndarray of float64, shape (n_nodes,)
        Sums over the rows of each node.
    total_weight : ndarray of float64, shape (n_nodes,)
        Sum of the weights of all rows of each node's tree, by which scikit-learn's alpha scale divides; 1 where the
        risk is a stored gain, whose scale is its library's.

    Raises
    ------
    MissingStatisticError
        The model does not store what the risk needs, and no rows are given.
    ValueError
        The risk does not exist for this task, or its values are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        array, weight = _risk_by_task(forest, risk, rows, cost_matrix)
    check_finite(forest, array, f"{risk!r} risk")
    return array, weight[forest.root][forest.node_tree]


def _risk_by_task(forest, risk, rows, cost_matrix):
    if forest.task == "path_length":
        require_target(forest)
    check_risk(forest, risk, cost_matrix)
    if cost_matrix is not None:
        return _classification_risk(forest, "cost", rows, np.asarray(cost_matrix, dtype=np.float64))
    if forest.task == "classification":
        return _classification_risk(forest, risk, rows, None)
    if forest.task == "margin":
        return _margin_risk(forest, risk, rows)
    return _regression_risk(forest, risk, rows)


def check_risk(forest: Forest, risk, cost_matrix=None) -> None:
    """Refuse a risk that does not exist for the forest's task, or costs that do not fit its classes.

    Raises
    ------
    ValueError
        Names the parameter, what it may be, and what it is.
    """
    if cost_matrix is not None:
        _check_costs(forest, cost_matrix)
        return
    known = _RISKS_OF_TASK.get(forest.task, (risk,))
    is_boosted = forest.task == "margin"
    if risk not in known and not (is_boosted and callable(risk)):
        advice = " The model's own loss is 'impurity'; ReducedError takes scores, as scoring=." if is_boosted else ""
        raise ValueError(
            f"The 'risk' or 'loss' parameter must, for a {forest.task} model, be one of "
            f"{', '.join(map(repr, known))}. Got {risk!r}.{advice}"
        )


def check_finite(forest: Forest, array: NDArray[np.float64], what: str) -> None:
    """Refuse node sums that have overflowed.

    Raises
    ------
    ValueError
        Names the first such node.
    """
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(
            f"The {what} is not finite at node {forest.node_id[bad][0]}: the targets or the weights are too large "
            "for float64 sums of squares; rescale them (y, sample_weight)."
        )


def risk_per_weight(forest: Forest, rows: Rows | None = None) -> NDArray[np.float64]:
    """Impurity risk of each node per unit of row weight, for the table of a path; NaN where it is not known.

    Where the model stores what each split won in its own objective, what the splits of the node's branch won.
    """
    if rows is None and forest.gain is not None:
        return branch_sums(forest, np.where(forest.is_leaf, 0.0, forest.gain))
    try:
        risk, total_weight = node_risk(forest, "impurity", rows)
    except MissingStatisticError:
        return np.full(forest.n_nodes, np.nan)
    return risk / np.where(total_weight > 0, total_weight, 1.0)


def split_gain(
    forest: Forest, rows: Rows | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What each split wins: the impurity risk of its node less that of its children.

    Where the model stores what each split won in its own objective, that is the gain.

    Returns
    -------
    gain : ndarray of float64, shape (n_nodes,)
        Sums over the rows of each node; 0 at leaves.
    weight, total_weight : ndarray of float64, shape (n_nodes,)
        Weight of the rows of each node, and of all rows of its tree; 1 where the gain is the model's own.
    """
    if rows is None and forest.gain is not None:
        ones = np.ones(forest.n_nodes)
        return np.where(forest.is_leaf, 0.0, forest.gain), ones, ones
    risk, total_weight = node_risk(forest, "impurity", rows)
    weight = forest.weighted_n_node_samples if rows is None else rows.statistics.weight
    gain, node = np.zeros(forest.n_nodes), forest.internal
    gain[node] = risk[node] - risk[forest.children_left[node]] - risk[forest.children_right[node]]
    return gain, weight, total_weight


def resolution(risk: NDArray[np.float64]) -> float:
    """Differences of risks up to this size are rounding: risks that differ by less count as tied."""
    return 4.0 * float(np.finfo(np.float64).eps) * float(np.abs(risk).max(initial=0.0))


def _check_costs(forest, cost_matrix):
    if forest.task != "classification" or forest.n_outputs > 1:
        raise ValueError("The 'cost_matrix' parameter needs a classifier with one output.")
    costs, k = np.asarray(cost_matrix, dtype=np.float64), forest.value.shape[2]
    if costs.shape != (k, k) or not np.isfinite(costs).all() or (costs < 0).any():
        raise ValueError(
            f"The 'cost_matrix' parameter must hold {k} x {k} finite costs >= 0 "
            f"(rows: true class, columns: predicted class). Got shape {costs.shape}: {costs.tolist()}."
        )


def class_impurity(share: NDArray[np.float64], criterion: str) -> NDArray[np.float64]:
    """Impurity of class shares of shape (n_nodes, n_classes), by the criterion "gini" or "entropy" (in bits)."""
    if criterion == "gini":
        return 1 - (share**2).sum(axis=1)
    return -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=1)


def require_target(forest: Forest) -> None:
    """Refuse trees whose values are no function of their own rows' targets.

    Raises
    ------
    MissingStatisticError
        Says of what the trees keep statistics.
    """
    if forest.task == "path_length":
        raise MissingStatisticError("An isolation tree has no target: the impurity that it stores is of a random one.")
    if forest.task == "margin":
        raise MissingStatisticError("A boosted tree has no target of its own: it was grown on what others left over.")


def stored_statistics(forest: Forest) -> NodeStatistics:
    """Statistics of the training rows, from what the model stores.

    For regression trees sums of squares come from the impurity, of which only the mean over outputs is stored:
    the sum over outputs is right, the share of each is not known.

    Raises
    ------
    MissingStatisticError
        The model does not store them.
    """
    require_target(forest)
    (weight,) = stored(forest, "weighted_n_node_samples")
    n_rows = forest.n_node_samples
    if forest.task == "classification":
        return NodeStatistics(n_rows, weight, class_weight=forest.value * weight[:, None, None])
    if forest.criterion != "squared_error":
        raise MissingStatisticError(
            f"A tree grown by {forest.criterion!r} does not store sums of squares; give rows (X, y)."
        )
    squares, _ = _stored_impurity(forest)
    center = forest.value[forest.root[0], :, 0]
    mean = forest.value[:, :, 0] - center
    square = squares[:, None] + weight[:, None] * mean**2
    return NodeStatistics(n_rows, weight, center=center, total=weight[:, None] * mean, square=square)


def stored(forest: Forest, *names: str) -> list[NDArray]:
    """Arrays that the model stores of its nodes; MissingStatisticError where it does not."""
    missing = [name for name in names if getattr(forest, name) is None]
    if missing:
        raise MissingStatisticError(
            f"The model does not store {' and '.join(missing)} of its nodes; give rows (X, y) to take them from."
        )
    return [getattr(forest, name) for name in names]


def _stored_impurity(forest):
    impurity, weight = stored(forest, "impurity", "weighted_n_node_samples")
    return impurity * weight, weight


def _classification_risk(forest, risk, rows, costs):
    if rows is None:
        if risk == "impurity":
            return _stored_impurity(forest)
        (weight,) = stored(forest, "weighted_n_node_samples")
        class_weight = forest.value * weight[:, None, None]
    else:
        weight, class_weight = rows.statistics.weight, rows.statistics.class_weight
    loss = _LOSS_OF_CRITERION[forest.criterion] if risk == "impurity" else risk
    p = forest.value
    if loss == "brier":
        per_output = weight[:, None] * (1 + (p**2).sum(axis=2)) - 2 * (class_weight * p).sum(axis=2)
    elif loss in ("log_loss", "log2_loss"):
        log = np.log if loss == "log_loss" else np.log2
        per_output = -(class_weight * log(np.maximum(p, SMALLEST_PROBABILITY))).sum(axis=2)
    else:
        if costs is None:
            costs = 1.0 - np.eye(p.shape[2])
        label = p.argmax(axis=2)
        per_output = np.einsum("nok,nok->no", class_weight, costs.T[label])
    return per_output.mean(axis=1), weight


def _regression_risk(forest, risk, rows):
    loss = {"impurity": forest.criterion, "error": "squared_error"}.get(risk, risk)
    if rows is None:
        if loss != forest.criterion:
            raise MissingStatisticError(
                f"A tree grown by {forest.criterion!r} does not store its {loss!r}; give rows (X, y)."
            )
        return _stored_impurity(forest)
    statistics, v = rows.statistics, forest.value[:, :, 0]
    weight = statistics.weight[:, None]
    if loss == "squared_error":
        v = v - statistics.center
        per_output = statistics.square - 2 * v * statistics.total + v**2 * weight
    elif loss == "poisson":
        y = statistics.total + statistics.center * weight
        constant = np.stack([rows.node_sums(xlogy(column, column)) for column in rows.target.T], axis=1)
        per_output = constant - y * np.log(np.maximum(v, SMALLEST_PROBABILITY)) - y + v * weight
    else:
        absolute = rows.node_loss(lambda y, value: np.abs(y - value[:, :, 0]).mean(axis=1))
        return absolute, statistics.weight
    return np.maximum(per_output, 0.0).mean(axis=1), statistics.weight


def _margin_risk(forest, risk, rows):
    if rows is None:
        if risk not in ("impurity", "error"):
            raise MissingStatisticError(f"A boosted ensemble does not store its {risk!r} loss; give rows (X, y).")
        if forest.gain is None:
            return _stored_impurity(forest)
        return branch_sums(forest, np.where(forest.is_leaf, 0.0, forest.gain)), np.ones(forest.n_nodes)
    unknown = np.flatnonzero(np.isnan(forest.value[:, 0, 0]))
    if len(unknown):
        node, tree = forest.node_id[unknown[0]], forest.tree_id[forest.node_tree[unknown[0]]]
        raise MissingStatisticError(
            f"The model does not store what node {node} of tree {tree} would predict as a leaf, and the rows do not "
            "tell: methods that judge nodes by it cannot prune the model."
        )

    loss = rows.require_loss() if risk in ("impurity", "error") else as_loss(risk)
    if isinstance(loss, Robust):
        return rows.loss_changes(loss), rows.statistics.weight
    statistics = rows.statistics if risk in ("impurity", "error") else rows.loss_statistics(risk)
    v = forest.value[:, 0, 0] * forest.tree_weight[forest.node_tree]
    loss = statistics.gradient * v + statistics.hessian * v**2 / 2
    if statistics.leaf_loss is not None:
        loss = np.where(forest.is_leaf, statistics.leaf_loss, loss)
    return loss, statistics.weight


def branch_sums(forest: Forest, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of a number per node over each node's branch, itself included, shape (n_nodes,)."""
    from .kernels import accumulate

    high = np.array(x, dtype=np.float64)
    accumulate(forest.parent, high, np.zeros(forest.n_nodes))
    return high
