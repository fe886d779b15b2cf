"""slim: a model without the columns that it does not use."""

from copy import copy
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing

from ..adapters import find_adapter
from ..composites.exchange import check_holds
from ..composites.kinds import KINDS, TREES
from .models import Slimming, names_of_columns


def slim(model: Any, X: Any = None, *, exact: bool = True) -> Any:
    """Take the columns that nothing uses out of a fitted model, and out of all that prepares its rows.

    Trees use those that a split compares, models made of weights those with a weight other than zero. Hidden units that
    no weight leads to, or none from, leave networks too, and the columns that only they looked at. In a Pipeline,
    what made the others leaves with them: categories of encoders, columns of imputers and scalers, terms of a
    vocabulary, whole transformers. A step that mixes its columns (PCA,
    hashing) stays as it is, and a filter behind it passes on the columns that are used. A step that treeprune does not
    know stays with all its columns.

    Parameters
    ----------
    model : object
        A fitted model that `prune` takes: a tree model or one made of weights, or one that holds such models, as deep
        as they stand. It is not changed.
    X : array-like or DataFrame of shape (n_rows, n_columns), optional
        Rows to say by how much predictions differ, in the form that the model takes.
    exact : bool, default=True
        Whether predictions must stay the same, bit for bit (of networks, and of linear models on dense rows: up to the
        rounding of sums, whose order may be another). Where each text is divided by a norm of all its terms
        (``norm="l2"`` of TfidfVectorizer and TfidfTransformer), the vocabulary stays then, with a filter behind it. If
        False, its terms leave all the same, and predictions differ: the norm is that of the terms that are left.

    Returns
    -------
    object
        A fitted model of the same class, with further attributes:

        columns_ : ndarray of str (dtype object) or int, shape (n_columns_left,), or None
            The columns of the rows that are still needed, in their order: their names where the model was fitted on a
            frame whose names are all strings, else their places. None: rows are no table (texts, dicts), or a model
            inside does not say how many columns it takes; rows stay as they were then.
        difference_ : float
            Only if X is given: the largest difference that any prediction makes, in probabilities where the model gives
            them; for a model that gives classes alone, the share of rows whose class is another. 0 if `exact`.

        It takes rows that hold these columns alone. A Pipeline whose first step is a transformer, fitted on a frame
        with names that are strings, takes frames with any columns besides, too, once columns have left: it chooses its
        own by name. A model without any split, or any weight, keeps one column.

    Raises
    ------
    UnsupportedModelError
        There is neither a tree model nor one made of weights inside.
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    ValueError
        `exact` is neither true nor false.
    TypeError
        `X` is no table of rows that columns can be taken from, such as a DMatrix.

    Notes
    -----
    Where categories of a OneHotEncoder leave, it ignores unknown values from then on: it cannot tell those that it
    never knew from those that left. Bagged trees are all given all columns that are left, and lose the seeds that tell
    which rows each was grown on.

    The result is made to predict. Do not fit it anew: not all parameters that name or count columns, nor the unfitted
    models that searches and other composites hold as their templates, are cut to the columns that are left. Without
    names, columns are counted anew: what was column 5 may become ``x2``.

    A split between leaves that predict the same keeps its column; the method "merge_equal_leaves" removes it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune, slim
    >>> from treeprune.methods import CostComplexity
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(X, y)
    >>> small = slim(prune(model, CostComplexity(n_leaves=3)))
    >>> small.columns_
    array([3])
    >>> bool((small.predict(X[:, small.columns_]) == prune(model, CostComplexity(n_leaves=3)).predict(X)).all())
    True
    """
    if not isinstance(exact, bool | np.bool_):
        raise ValueError(f"The 'exact' parameter of slim must be True or False. Got {exact!r}.")
    check_holds(model, *KINDS)
    slimming = Slimming(bool(exact))
    kept = slimming.needed(model)
    small = slimming.slimmed(model, kept)
    small = copy(small) if small is model else small
    small.columns_ = None if kept is None else _columns(model, kept)
    if X is not None:
        X = _table(X)
        before = _output(model, X)  # first, for it says what is wrong with the rows
        rows = X if small.columns_ is None else _safe_indexing(X, small.columns_, axis=1)
        small.difference_ = _difference(before, _output(small, rows))
    return small


def _table(X):
    """Rows from which columns can be taken; texts and dicts stay as they are."""
    if isinstance(X, list | tuple) and len(X) and isinstance(X[0], list | tuple | np.ndarray):
        made = np.asarray(X)
        return made if made.dtype.kind in "biuf" else np.asarray(X, dtype=object)
    if not (hasattr(X, "shape") or isinstance(X, list | tuple)):
        raise TypeError(
            f"The 'X' parameter of slim must be an array, a frame, a sparse matrix or a list. Got {type(X)}."
        )
    return X


def _output(model, X):
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)
    return find_adapter(model).predict(X) if TREES.takes(model) else model.predict(X)


def _difference(before, after):
    if isinstance(before, list):  # probabilities of several outputs
        return max(map(_difference, before, after))
    before, after = np.asarray(before), np.asarray(after)
    if before.dtype.kind != "f":
        return float((before != after).reshape(len(before), -1).any(axis=1).mean())
    return float(np.abs(before - after).max(initial=0.0))


def _columns(model, kept):
    names = names_of_columns(model)
    return np.flatnonzero(kept) if names is None else np.asarray(names, dtype=object)[kept]
