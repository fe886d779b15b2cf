"""Real data sets for the benchmarks: those bundled with scikit-learn, and CSV files of a folder.

The folder, from ``--data`` or the environment variable ``TREEPRUNE_DATA``, holds ``catalog.json``: a list ``datasets``
of objects with ``name``, ``file`` (CSV, may be gzipped), ``task`` (text that says "classification" or "regression"),
``target``, and columns to leave out in ``ignore_columns`` and ``other_targets``.
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BUNDLED = {
    "breast_cancer": "classification",
    "digits": "classification",
    "iris": "classification",
    "wine": "classification",
    "diabetes": "regression",
}


def folder(given: str | None = None) -> Path | None:
    """The folder with more data, or None where there is none."""
    found = given or os.environ.get("TREEPRUNE_DATA")
    if not found or not (Path(found) / "catalog.json").exists():
        print("No catalog.json in --data or TREEPRUNE_DATA: only the data bundled with scikit-learn.")
        return None
    return Path(found)


def names(data: Path | None = None) -> list[str]:
    """Data sets at hand: bundled ones, and the tables of the folder for classification or regression."""
    more = (
        [] if data is None else [name for name, entry in _catalog(data).items() if entry["kind"].startswith("tabular")]
    )
    return [*BUNDLED, *more]


def load(name: str, data: Path | None = None) -> tuple[NDArray[np.float64], NDArray, str]:
    """One data set.

    Parameters
    ----------
    name : str
        One of `names`.
    data : Path, optional
        The folder.

    Returns
    -------
    X : ndarray of float64, shape (n_rows, n_features)
        Text as ordinals in alphabetical order; what is missing as NaN.
    y : ndarray, shape (n_rows,)
        Class codes or numbers.
    task : {"classification", "regression"}
    """
    if name in BUNDLED:
        from sklearn import datasets

        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return X, y, BUNDLED[name]
    entry = _catalog(data)[name]
    frame = pd.read_csv(data / entry["file"]).dropna(subset=[entry["target"]])
    y = frame[entry["target"]]
    left_out = [entry["target"], *(entry.get("ignore_columns") or []), *(entry.get("other_targets") or [])]
    X = frame.drop(columns=left_out)
    task = "classification" if "classification" in entry["task"] else "regression"
    y = _ordinal(y) if task == "classification" else y.to_numpy(np.float64)
    X = X.apply(lambda column: column if column.dtype.kind in "if" else _ordinal(column))
    return X.to_numpy(np.float64), y, task


def _ordinal(column):
    codes, _ = pd.factorize(column, sort=True)
    return np.where(codes < 0, np.nan, codes) if (codes < 0).any() else codes


def _catalog(data):
    return {entry["name"]: entry for entry in json.loads((data / "catalog.json").read_text())["datasets"]}
