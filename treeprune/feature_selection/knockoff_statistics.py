"""By how much columns look stronger than their knockoffs, to a model that sees both and does not know which is which.

The statistics are antisymmetric: if a unit changes places with its knockoff, its statistic changes sign, and those of
the others stay. A model may well prefer the first of two columns that are as good, or draw some columns more often than
others: the columns and knockoffs are given to it in an order set by their values.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold

from ..adapters import find_adapter
from ..core.plan import Plan
from .histogram_trees import bin_columns
from .survival import survival
from .units import order_by_content

#: The strength of each unit: of columns of float64, shape (n_rows, n_columns), and their units, shape (n_columns,).
Strength = Callable[[NDArray[np.float64], NDArray[np.intp]], NDArray[np.float64]]

#: Share of the greatest strength that is no evidence.
_ROUNDING = 1e-9


def knockoff_statistics(
    strength: Strength, X: NDArray[np.float64], knockoffs: NDArray[np.float64], unit: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How strong each unit is, less how strong its knockoff is.

    Parameters
    ----------
    strength : callable
        Strengths of units, from columns and the unit of each.
    X, knockoffs : ndarray of float64, shape (n_rows, n_columns)
    unit : ndarray of int, shape (n_columns,)

    Returns
    -------
    ndarray of float64, shape (n_units,)
        0 where a unit is its own knockoff, or differs from it by no more than rounding.
    """
    n_units = int(unit.max()) + 1
    both, units = np.hstack([X, knockoffs]), np.append(unit, unit + n_units)
    order = order_by_content(both, [""] * len(units))
    found = strength(both[:, order], units[order])
    differs = np.bincount(unit, (knockoffs != X).any(axis=0)) > 0
    lead = np.where(differs, found[:n_units] - found[n_units:], 0.0)
    return np.where(np.abs(lead) > _ROUNDING * found.max(initial=0.0), lead, 0.0)


def boosted(
    X: NDArray[np.float64], unit: NDArray[np.intp], y: NDArray, weight: NDArray | None, n_classes: int, seed: int
) -> NDArray[np.float64]:
    """What the splits of boosted trees win.

    Parameters
    ----------
    X : ndarray of float64, shape (n_rows, n_columns)
    unit : ndarray of int, shape (n_columns,)
        The unit of each column.
    y : ndarray of shape (n_rows,)
        Class codes or numbers.
    weight : ndarray of float64, shape (n_rows,), optional
    n_classes : int
        0: the target is a number.
    seed : int

    Returns
    -------
    ndarray of float64, shape (n_units,)
    """
    X = bin_columns(X).T.astype(np.float64)  # few values: finding bins by weights takes longer than the trees
    model: Any = HistGradientBoostingClassifier if n_classes else HistGradientBoostingRegressor
    model = model(
        max_depth=3, learning_rate=0.1, max_iter=100, max_features=0.3, early_stopping=False, random_state=seed
    )
    adapter = find_adapter(model.fit(X, y, sample_weight=weight))
    nothing = Plan(collapse=np.zeros(adapter.forest.n_nodes, bool))
    return survival(adapter.rows(X, y, weight), nothing, unit)[1]


def lasso(
    X: NDArray[np.float64], unit: NDArray[np.intp], y: NDArray, weight: NDArray | None, n_classes: int, seed: int
) -> NDArray[np.float64]:
    """Sizes of the coefficients of a lasso whose penalty is cross-validated, on columns of variance 1.

    Parameters and shape are those of `boosted`. Of several classes, each is regressed on as a number, 0 or 1, and the
    sizes are added up.
    """
    X = X / np.where((most := np.abs(X).max(axis=0)) > 0, most, 1.0)  # so that squares of large numbers stay finite
    X = (X - X.mean(axis=0)) / np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1.0)
    size, folds = np.zeros(X.shape[1]), KFold(5, shuffle=True, random_state=seed)
    for target in [y] if n_classes < 3 else [y == one for one in range(n_classes)]:
        with warnings.catch_warnings():  # a rough solution ranks columns as well
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LassoCV(cv=folds).fit(X, target.astype(np.float64), sample_weight=weight)
        size += np.abs(model.coef_)
    return np.bincount(unit, size)


#: Strengths that do not come from pruned trees, by name.
STRENGTHS = {"boosted": boosted, "lasso": lasso}
