"""Reports on linear models and networks say what the models themselves hold."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from treeprune import Pruner, PrunerCV, UnsupportedModelError, compress, prune, report, slim
from treeprune.methods import MagnitudePruning, SparsityPruning, UnitPruning

pytestmark = pytest.mark.filterwarnings("ignore:(?s).*(costs more than noise|Training anew|converge)")
X, Y = load_breast_cancer(return_X_y=True, as_frame=True)
CLASSES = np.array(["malignant", "benign"])[Y]
SCALED = make_pipeline(StandardScaler(), LogisticRegression())
IRIS = load_iris(return_X_y=True)
NETWORK = MLPClassifier((8, 5), solver="lbfgs", max_iter=40, random_state=0).fit(*IRIS)


def test_layers_before_and_after():
    small = prune(prune(NETWORK, UnitPruning(n_units=[4, 3]), IRIS[0]), MagnitudePruning(0.5, "layer"), IRIS[0])
    found = report(small, before=NETWORK).to_dict()
    assert [row["name"] for row in found["layers"]] == ["hidden layer 1", "hidden layer 2", "output"]
    assert [row["units"] for row in found["layers"]] == [4, 3, 3]
    assert [row["units_before"] for row in found["layers"]] == [8, 5, 3]
    assert [row["weights"] for row in found["layers"]] == [int(np.count_nonzero(coef)) for coef in small.coefs_]
    assert [row["weights_before"] for row in found["layers"]] == [coef.size for coef in NETWORK.coefs_]
    assert [row["activation"] for row in found["layers"]] == ["relu", "relu", "identity"]
    together = {row["name"]: (row["before"], row["after"]) for row in found["together"]}
    assert together["units"] == (16, 10)
    n_bytes = len(pickle.dumps(NETWORK)), len(pickle.dumps(small))
    assert together["bytes of the model itself, pickled"] == n_bytes
    assert found["sentence"].startswith("Whether pruning helped is not known: 87 → ")


def test_sparse_layers_are_marked():
    small = prune(prune(NETWORK, MagnitudePruning(0.9), IRIS[0]), SparsityPruning())
    page = report(small)
    assert any(row["is_sparse"] for row in page.to_dict()["layers"])
    assert "(sparse)" in page.html


def test_the_largest_weights_of_each_class():
    model = RidgeClassifier().fit(X, CLASSES)
    found = report(model).to_dict()["largest"]
    assert [output["name"] for output in found] == ["malignant"]
    weights = pd.Series(np.ravel(model.coef_), X.columns).sort_values()
    assert [row["name"] for row in found[0]["for"]] == list(weights.index[::-1][:10])
    assert [row["name"] for row in found[0]["against"]] == list(weights[weights < 0].index[:10])
    np.testing.assert_allclose([row["weight"] for row in found[0]["for"]], weights[::-1][:10])
    several = LogisticRegression(max_iter=500).fit(IRIS[0], np.array(["a", "b", "c"])[IRIS[1]])
    found = report(prune(several, MagnitudePruning(0.75), IRIS[0])).to_dict()["largest"]
    assert [output["name"] for output in found] == ["a", "b", "c"]
    assert sum(output["n_weights"] for output in found) == 3
    assert sum(len(output["for"]) + len(output["against"]) for output in found) == 3
    assert report(NETWORK).to_dict()["largest"] is None


def test_terms_of_texts():
    rows, y = ["good film", "fine good plot", "bad film", "bad poor plot"] * 5, [1, 1, 0, 0] * 5
    model = make_pipeline(CountVectorizer(), RidgeClassifier()).fit(rows, y)
    small = slim(prune(model, MagnitudePruning(0.5), rows, y), rows)
    page = report(small, rows, y)
    (output,) = page.to_dict()["largest"]
    assert {row["name"] for row in output["for"]} == {"good"}
    assert {row["name"] for row in output["against"]} >= {"bad"}
    assert page.to_dict()["n_used"] == 3
    assert '<span class="name">good</span>' in page.html


def test_scores_of_all_amounts_and_those_of_held_out_rows():
    fit, held, y_fit, y_held = train_test_split(X, CLASSES, random_state=0)
    pruner = PrunerCV(SCALED, "magnitude", cv=3, n_candidates=6).fit(fit, y_fit)
    before = SCALED.fit(fit, y_fit)
    page = report(pruner, held, y_held, held_out=True, before=before)
    found = page.to_dict()
    points = found["frontier"]["points"]
    assert [point["size"] for point in points] == pruner.cv_results_["n_weights"].tolist()
    assert [point["score"] for point in points] == pruner.cv_results_["mean_test_score"].tolist()
    assert points[pruner.best_index_]["chosen"]
    assert (found["cv"]["before"], found["cv"]["after"]) == (points[0]["score"], pruner.best_score_)
    row = found["measures"]["table"][0]
    assert (row["before"], row["after"]) == (before.score(held, y_held), pruner.score(held, y_held))
    assert f"30 → {pruner.n_weights_} weights" in found["sentence"]
    assert f"accuracy on {len(held)} held-out rows" in found["sentence"]
    chosen = [pair for group in found["settings"] for pair in group["pairs"] if pair[0] == "chosen strength (amount)"]
    assert chosen == [["chosen strength (amount)", f"{pruner.best_params_['amount']:.6g}"]]
    for words in ("Largest weights", "for it", "number of weights", "all layers together", "CV accuracy by size"):
        assert words in page.html
    assert "split" not in {term for term, _ in found["glossary"]}


def test_what_compress_found():
    model = SCALED.fit(X, CLASSES)
    result = compress(model, X, CLASSES, max_loss=0.5, effort="quick")
    page = report(result, before=model)
    found = page.to_dict()
    assert found["frontier"]["size"] == "weights"
    assert [point["size"] for point in found["frontier"]["points"]] == result.frontier["n_weights"].tolist()
    assert any(point["rival"] for point in found["frontier"]["points"])
    assert f"30 weights → {found['n_weights']} weights" in found["sentence"]
    assert result.message in page.html.replace("\xa0", " ").replace("&#39;", "'")


def test_a_model_that_nothing_is_left_of():
    page = report(prune(Ridge().fit(*load_diabetes(return_X_y=True)), MagnitudePruning(1.0, reconstruct=None)))
    found = page.to_dict()
    assert found["n_weights"] == found["n_used"] == 0
    assert found["feature_table"] == []
    assert "None." in page.html


def test_models_inside_others_and_of_several_outputs():
    for model in (Pruner(SCALED, MagnitudePruning(0.5)).fit(X, CLASSES), make_pipeline(SCALED).fit(X, CLASSES)):
        assert report(model, X, CLASSES).to_dict()["model"] == "LogisticRegression"
    two = LinearRegression().fit(IRIS[0][:, :2], IRIS[0][:, 2:])
    found = report(two, IRIS[0][:, :2], IRIS[0][:, 2:]).to_dict()
    assert [output["name"] for output in found["largest"]] == ["output 0", "output 1"]
    assert found["measures"] is None


def test_a_model_card():
    pytest.importorskip("skops")
    card = report(prune(NETWORK, UnitPruning(0.5), IRIS[0]), *IRIS, before=NETWORK).to_model_card().render()
    for words in ("hidden layer 1", "weights before", "Features"):
        assert words in card


def test_figures_are_plain_and_models_are_as_they_were():
    before = pickle.dumps(NETWORK)
    json.dumps(report(NETWORK, *IRIS).to_dict(), allow_nan=False)
    assert pickle.dumps(NETWORK) == before


class TestRefused:
    def test_rows_without_targets_and_models_of_another_kind(self):
        with pytest.raises(ValueError, match=r"Give X and y together\. Got X only"):
            report(NETWORK, IRIS[0])
        tree = DecisionTreeClassifier(max_depth=2).fit(*IRIS)
        with pytest.raises(ValueError, match="'before' parameter must be a model made of weights"):
            report(NETWORK, before=tree)
        with pytest.raises(UnsupportedModelError, match=r"DecisionTree|No adapter"):
            report(tree, before=NETWORK)

    def test_a_model_that_holds_several(self):
        model = VotingClassifier([("a", LogisticRegression()), ("b", RidgeClassifier())], voting="hard").fit(*IRIS)
        with pytest.raises(UnsupportedModelError, match="ask of one of them"):
            report(model)
