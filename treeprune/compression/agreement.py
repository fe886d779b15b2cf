"""On which rows a small model says what the full one says, and the share of new rows that shows.

References
----------
C. J. Clopper, E. S. Pearson (1934). The use of confidence or fiducial limits illustrated in the case of the binomial.
Biometrika 26, 404-413.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.base import is_classifier, is_outlier_detector

from ..adapters import find_adapter
from ..composites import find_composite
from ..core.losses import Loss


def lower_bound(n_agreeing: int, n: int, level: float) -> float:
    """Lower limit of a share of which `n_agreeing` of `n` independent draws are, by Clopper & Pearson.

    Parameters
    ----------
    n_agreeing, n : int
    level : float
        One-sided probability that the share is below the limit.

    Examples
    --------
    >>> round(lower_bound(299, 299, 0.05), 4) == round(0.05 ** (1 / 299), 4)
    True
    """
    return 0.0 if n_agreeing == 0 else float(beta.ppf(level, n_agreeing, n - n_agreeing + 1))


def rows_needed(share: float, level: float) -> int:
    """Fewest rows, all agreeing, of which `lower_bound` is at least a share in (0, 1)."""
    return math.ceil(math.log(level) / math.log(share))


class Said:
    """What a model says of rows: labels of classes, or else numbers, which agree within a tolerance.

    Parameters
    ----------
    model : object
        A fitted model: a classifier says labels, an outlier detector its scores, any other what it predicts.
    tolerance : float or None
        Largest difference of two numbers that agree, in their own unit; None for labels.

    Attributes
    ----------
    of_labels : bool
        Whether labels are compared.

    Raises
    ------
    ValueError
        There is a tolerance for labels, or none for numbers.
    """

    def __init__(self, model: Any, tolerance: float | None):
        self.adapter = find_adapter(model) if find_composite(model) is None else None
        self.is_detector, self.tolerance = is_outlier_detector(model), tolerance
        # A booster is no estimator: only its loss says that it classifies.
        loss = None if self.adapter is None else self.adapter.loss
        self.by_margin = not hasattr(model, "fit") and isinstance(loss, Loss) and loss.classifies
        self.of_labels = is_classifier(model) or self.by_margin
        if self.of_labels and tolerance is not None:
            raise ValueError(
                f"The 'tolerance' parameter of compress must be None for {type(model).__name__}: labels agree or do "
                f"not. Got {tolerance!r}."
            )
        if not self.of_labels and tolerance is None:
            what = "scores" if self.is_detector else "values"
            raise ValueError(
                f"The 'tolerance' parameter of compress must be given with faithful= for {type(model).__name__}: the "
                f"largest difference of two {what} that count as the same. Got None."
            )

    def of(self, model: Any, X: Any) -> NDArray:
        """What a model of the same kind says of rows, shape (n_rows,) or (n_rows, n_outputs)."""
        if self.is_detector:
            return np.asarray(model.score_samples(X))
        if self.by_margin:
            margin = find_adapter(model).margin(X)
            return (margin[:, 0] > 0).astype(np.int64) if margin.shape[1] == 1 else margin.argmax(axis=1)
        return np.asarray(model.predict(X) if self.adapter is None else find_adapter(model).predict(X))

    def agree(self, one: NDArray, other: NDArray) -> NDArray[np.bool_]:
        """On which rows two models say the same, in all outputs, shape (n_rows,)."""
        same = one == other if self.of_labels else np.abs(one - other) <= self.tolerance
        return same.reshape(len(same), -1).all(axis=1)
