"""Write the tables anew from the data that come with scikit-learn: ``python -m datasets.export``."""

import gzip

import pandas as pd
from sklearn import datasets as bundled

from . import TARGETS, path


def table(name: str) -> pd.DataFrame:
    """One of scikit-learn's bundled data sets as a table: plain column names, classes by their names, raw units."""
    bunch = getattr(bundled, f"load_{name}")(as_frame=True, **({"scaled": False} if name == "diabetes" else {}))
    frame = bunch.data.rename(columns=lambda column: column.removesuffix(" (cm)").replace(" ", "_"))
    target = bunch.target.astype(int)
    named = "target_names" in bunch and name != "digits"
    if name == "digits":
        frame = frame.astype(int)
    return frame.assign(**{TARGETS[name]: [bunch.target_names[i] for i in target] if named else target})


def main() -> None:
    """Write every table; equal tables make equal files."""
    for name in TARGETS:
        text = table(name).to_csv(index=False, lineterminator="\n")
        path(name).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
