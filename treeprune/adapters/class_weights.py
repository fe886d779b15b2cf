"""What models weigh their classes with: scikit-learn's ``class_weight``, as a factor of each row."""

from collections.abc import Sequence
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import compute_class_weight

from ..core.forest import Forest

#: Since 1.9, scikit-learn's forests balance classes by the rows' weights; before, and all else still, by their numbers.
FORESTS_BALANCE_BY_WEIGHT = "sample_weight" in signature(compute_class_weight).parameters

_NEARLY = 1e-6  # numbers of rows


class Training(NamedTuple):
    """Rows that a model was fitted on: targets of shape (n_rows, n_outputs), and their weights or None."""

    target: NDArray
    sample_weight: NDArray[np.float64] | None = None


def class_weighting(model: Any) -> str | None:
    """scikit-learn's parameter and its value, for messages; None if the model weighs no classes."""
    class_weight = getattr(model, "class_weight", None)
    return None if class_weight is None else f"class_weight={class_weight!r}"


def class_factors(
    class_weight: Any,
    target: NDArray[np.int32],
    classes: Sequence[Any],
    training: Training,
    by_weight: bool = False,
) -> NDArray[np.float64]:
    """How often each row counts by its classes, shape (n_rows,): with several outputs, the product over them.

    Parameters
    ----------
    class_weight : dict, list of dict or str
        As scikit-learn takes it: weights of labels (those not named have 1), one dict for each output where there are
        several, or "balanced". "balanced_subsample" balances each bootstrap sample, which is "balanced" on average.
    target : ndarray of int32, shape (n_rows, n_outputs)
        Class codes.
    classes : sequence of array-like
        The labels of the codes of each output.
    training : Training
        Rows that "balanced" makes equal: those of each class weigh ``n_rows / (n_classes * rows of the class)``.
    by_weight : bool, default=False
        Whether rows of the training count by their weights there.
    """
    factor = np.ones(len(target))
    for output, labels in enumerate(classes):
        of_output = class_weight[output] if isinstance(class_weight, list) else class_weight
        if isinstance(of_output, str):
            by_class = balanced(training.target[:, output], training.sample_weight if by_weight else None, len(labels))
        else:
            by_class = _by_label(of_output, labels)
        factor *= by_class[target[:, output]]
    return factor


def stored_factors(class_weight: Any, classes: Sequence[Any]) -> NDArray[np.float64] | None:
    """`Forest.class_factor` of a model with this parameter: NaN if the factors follow from rows or several outputs."""
    if class_weight is None:
        return None
    if isinstance(class_weight, dict) and len(classes) == 1:
        return _by_label(class_weight, classes[0])
    return np.full(max(map(len, classes)), np.nan)


def _by_label(class_weight, labels):
    return np.array([class_weight.get(label, 1.0) for label in np.asarray(labels).tolist()], np.float64)


def balanced(codes: NDArray[np.int32], weight: NDArray[np.float64] | None, n_classes: int) -> NDArray[np.float64]:
    """Weights of classes under which each has the same total; 1 for those without rows."""
    total = np.bincount(codes, weight, minlength=n_classes)
    share = total.sum() / np.count_nonzero(total)
    return np.divide(share, total, out=np.ones(n_classes), where=total > 0)


def stored_training(forest: Forest) -> Training | None:
    """The targets of the rows that trees were grown on, from their numbers of rows and weights of classes.

    Where rows count by their classes only, each leaf states that its number of rows is the sum over classes of its
    weight of the class over the weight of one such row. From as many leaves as there are classes these follow.

    Parameters
    ----------
    forest : Forest
        Trees of classes, all grown on the same rows.

    Returns
    -------
    Training or None
        One row for each of training, in the order of classes; None: there are several outputs or too few leaves, or
        rows counted by weights of their own, or values are no longer those of training.
    """
    weight, n_rows, leaf = forest.weighted_n_node_samples, forest.n_node_samples, forest.is_leaf
    if weight is None or n_rows is None or forest.n_outputs > 1:
        return None
    of_class = forest.value[:, 0] * weight[:, None]
    if np.count_nonzero(leaf) < of_class.shape[1]:
        return None
    rows_per_weight, _, rank, _ = np.linalg.lstsq(of_class[leaf], n_rows[leaf].astype(np.float64), rcond=None)
    counts = of_class[forest.root[0]] * rows_per_weight
    whole = np.rint(counts)
    known = (
        rank == of_class.shape[1]
        and np.allclose(of_class @ rows_per_weight, n_rows, rtol=1e-9, atol=_NEARLY)
        and np.allclose(counts, whole, rtol=1e-9, atol=_NEARLY)
        and whole.min() > 0
    )
    return Training(np.repeat(np.arange(len(whole)), whole.astype(int))[:, None]) if known else None
