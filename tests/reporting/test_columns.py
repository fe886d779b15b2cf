"""The report of a slim model: the columns that it needs and its bytes, beside the model before."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from treeprune import compress, prune, report, slim
from treeprune.methods import CostComplexity

RNG = np.random.default_rng(0)
NAMES = ["age", "income", "debt", "noise0", "noise1"]
ROWS = pd.DataFrame(RNG.normal(size=(300, 5)), columns=NAMES).assign(city=RNG.choice(["Bern", "Oslo", "Rome"], 300))
TARGET = ((ROWS["age"] > 0) ^ (ROWS["city"] == "Rome")).to_numpy().astype(int) ^ (RNG.random(300) < 0.1)
TREE, FOREST = DecisionTreeClassifier(random_state=0), RandomForestClassifier(5, random_state=0)


def pipeline(model):
    steps = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), NAMES))
    return make_pipeline(steps, model).fit(ROWS, TARGET)


@pytest.mark.parametrize("model", [TREE, FOREST], ids=["tree", "forest"])
class TestPipelines:
    def test_columns_and_bytes_before_and_after(self, model):
        whole = pipeline(model)
        small = slim(compress(whole, ROWS, TARGET, max_nodes=20, retrain=False).model)
        page = report(small, ROWS, TARGET, before=whole)
        found = page.summary["columns"]
        assert found["needed"] == list(small.columns_)
        assert set(found["gone"]) == {*ROWS.columns} - set(small.columns_)
        assert (found["n_before"], found["n_needed"]) == (6, len(small.columns_))
        assert (found["bytes_before"], found["bytes"]) == (len(pickle.dumps(whole)), len(pickle.dumps(small)))
        assert "Columns and bytes" in page.html
        assert all(f"<code>{name}</code>" in page.html for name in ROWS.columns)

    def test_figures_are_those_of_the_model_that_is_not_slim(self, model):
        whole = pipeline(model)
        pruned = compress(whole, ROWS, TARGET, max_nodes=20, retrain=False).model
        wide, narrow = (report(one, ROWS, TARGET, before=whole).summary for one in (pruned, slim(pruned)))
        for name in ("n_features_dropped", "n_features_used_ever", "sentence", "together", "branches", "measures"):
            assert narrow.get(name) == wide.get(name)
        splits = [
            {row["name"]: (row["splits_before"], row["splits"], row["kept"]) for row in found["feature_table"]}
            for found in (narrow, wide)
        ]
        assert splits[0] == splits[1]

    def test_what_compress_slimmed(self, model):
        result = compress(pipeline(model), ROWS, TARGET, max_nodes=20, retrain=False, slim=True)
        page = report(result)
        assert page.summary["columns"]["needed"] == list(result.model.columns_)
        assert page.summary["columns"]["n_before"] is None
        assert "is not known without <code>before</code>" in page.html

    def test_the_model_card(self, model):
        whole = pipeline(model)
        pytest.importorskip("skops")
        small = slim(compress(whole, ROWS, TARGET, max_nodes=20, retrain=False).model)
        assert f"{len(pickle.dumps(small))}" in report(small, before=whole).to_model_card().render().replace(",", "")


def test_rows_without_names_are_those_that_the_model_before_takes():
    X = ROWS[NAMES].to_numpy()
    whole = DecisionTreeClassifier(random_state=0).fit(X, TARGET)
    pruned = prune(whole, CostComplexity(n_leaves=4))
    small = slim(pruned)
    wide, narrow = (report(one, X, TARGET, before=whole).summary for one in (pruned, small))
    assert narrow["measures"] == wide["measures"]
    assert narrow["columns"]["needed"] == [str(column) for column in small.columns_]
    assert narrow["n_features_dropped"] == wide["n_features_dropped"]


def test_scores_of_anomalies():
    X = ROWS[NAMES].assign(constant=0.0).to_numpy()
    whole = IsolationForest(n_estimators=5, random_state=0).fit(X)
    wide, narrow = (report(one, X, before=whole).summary["anomaly"] for one in (whole, slim(whole)))
    assert narrow["after"] == wide["after"]


def test_texts_are_no_table():
    texts = np.array(["a word", "another word", "no more"] * 20, dtype=object)
    whole = make_pipeline(CountVectorizer(), TREE).fit(texts, texts == "no more")
    page = report(slim(prune(whole, CostComplexity(n_leaves=2))), before=whole)
    assert page.summary["columns"]["n_needed"] is None
    assert "takes no table of columns" in page.html


def test_other_features_are_refused():
    whole = DecisionTreeClassifier(random_state=0).fit(ROWS[NAMES], TARGET)
    other = slim(
        DecisionTreeClassifier(max_depth=1).fit(ROWS[["age"]].assign(b=0.0, c=0.0).rename(columns=str.upper), TARGET)
    )
    with pytest.raises(ValueError, match="'before' parameter must be a model of the features of the one reported on"):
        report(other, before=whole)


def test_a_model_that_is_not_slim_has_no_such_section():
    page = report(pipeline(TREE))
    assert page.summary["columns"] is None
    assert "Columns and bytes" not in page.html
