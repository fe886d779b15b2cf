"""Small real tables, each with a datasheet beside it, and generated problems, for the tests and benchmarks."""

from pathlib import Path

import pandas as pd

#: Name of the target's column, by table.
TARGETS = {
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
}


def path(name: str) -> Path:
    """File of a table."""
    return Path(__file__).with_name(f"{name}.csv.gz")


def load(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Columns and target of a table, float64 to the last bit.

    Examples
    --------
    >>> X, y = load("iris")
    >>> X.shape, sorted(y.unique())
    ((150, 4), ['setosa', 'versicolor', 'virginica'])
    """
    frame = pd.read_csv(path(name), dtype=str)  # pandas' own way with decimals can miss the last bit
    X, y = frame.drop(columns=TARGETS[name]).astype(float), frame[TARGETS[name]]
    return X, y.astype(int) if y.str.isdigit().all() else y
