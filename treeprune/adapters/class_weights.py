"""What models weigh their classes with: scikit-learn's ``class_weight``, as a factor of each row."""

from collections.abc import Sequence
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import compute_class_weight

#: Since 1.9, scikit-learn's forests balance classes by the rows' weights; before, and all else still, by their numbers.
FORESTS_BALANCE_BY_WEIGHT = "sample_weight" in signature(compute_class_weight).parameters


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
            by_class = np.array([of_output.get(label, 1.0) for label in np.asarray(labels).tolist()], np.float64)
        factor *= by_class[target[:, output]]
    return factor


def balanced(codes: NDArray[np.int32], weight: NDArray[np.float64] | None, n_classes: int) -> NDArray[np.float64]:
    """Weights of classes under which each has the same total; 1 for those without rows."""
    total = np.bincount(codes, weight, minlength=n_classes)
    share = total.sum() / np.count_nonzero(total)
    return np.divide(share, total, out=np.ones(n_classes), where=total > 0)
