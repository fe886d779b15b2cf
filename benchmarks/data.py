"""Real tables for the benchmarks, from a folder of the user's: ``--data FOLDER`` or the variable TREEPRUNE_DATA.

The folder holds ``catalog.json``: under "datasets", for each table its "name", "file" (CSV, gzipped or not), "task",
"kind", "target" and, where there are any, "ignore_columns" and "other_targets".
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

#: Tables that come with scikit-learn.
BUNDLED = {
    "breast_cancer": "classification",
    "digits": "classification",
    "iris": "classification",
    "wine": "classification",
    "diabetes": "regression",
}


def names() -> list[str]:
    """Tables for classification or regression that are at hand: bundled ones and, if it is there, the folder's."""
    if not os.environ.get("TREEPRUNE_DATA"):
        print("No --data and no TREEPRUNE_DATA: only the tables that come with scikit-learn.")
        return list(BUNDLED)
    return [*BUNDLED, *(name for name, entry in _catalog().items() if entry["kind"].startswith("tabular"))]


def folder() -> Path:
    """Where the tables are."""
    if "TREEPRUNE_DATA" not in os.environ:
        raise SystemExit("Say where the tables are: --data FOLDER, or TREEPRUNE_DATA=FOLDER.")
    return Path(os.environ["TREEPRUNE_DATA"])


def load(name: str) -> tuple[np.ndarray, np.ndarray, str]:
    """X (float64, categories as codes, NaN where missing), y and the task: "classification" or "regression"."""
    if name in BUNDLED:
        from sklearn import datasets

        return *getattr(datasets, f"load_{name}")(return_X_y=True), BUNDLED[name]
    entry = _catalog()[name]
    path = folder() / entry["file"]
    if path.suffix == ".npz":
        arrays = np.load(path)
        return arrays["X"].astype(np.float64), arrays["y"].ravel(), "classification"
    X, y, task = load_frame(name)
    for column in X.columns[~X.dtypes.map(pd.api.types.is_numeric_dtype)]:
        X[column] = X[column].astype("category").cat.codes.where(X[column].notna())
    return (
        X.to_numpy(np.float64),
        y.to_numpy(np.float64) if task == "regression" else np.unique(y, return_inverse=True)[1],
        task,
    )


def load_frame(name: str) -> tuple[pd.DataFrame, pd.Series, str]:
    """X and y of a table of the folder as they stand in its file, and the task."""
    entry = _catalog()[name]
    frame = pd.read_csv(folder() / entry["file"])
    left_out = [entry["target"], *(entry.get("ignore_columns") or []), *(entry.get("other_targets") or [])]
    task = "regression" if "regression" in entry["task"] else "classification"
    return frame.drop(columns=left_out), frame[entry["target"]], task


def categorical_columns(name: str) -> list[str]:
    """Columns of a table of the folder that hold categories, in words or numbers."""
    return _catalog()[name].get("categorical_columns") or []


def _catalog():
    return {entry["name"]: entry for entry in json.loads((folder() / "catalog.json").read_text())["datasets"]}
