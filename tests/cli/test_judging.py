"""Options that say what models are judged by: loss, scorer, weights of classes, offsets."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

import datasets
from tests.processes import ON_WINE, as_frame
from treeprune import TreePrunerCV, compress, prune, pruning_path
from treeprune.methods import ReducedError
from treeprune.testing import same_model

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(120, 3)), columns=list("abc"))
OFFSET = 5 * RNG.normal(size=120)
Y = X["a"] + X["b"] ** 2 + RNG.normal(size=120) + OFFSET
RARE = (X["a"] + RNG.normal(size=120) > 1.5).astype(int)


@pytest.fixture
def started(tmp_path):
    """A model of XGBoost that was fitted with offsets, and the arguments to give it with its rows."""
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBRegressor(n_estimators=3, max_depth=3, n_jobs=1).fit(X, Y, base_margin=OFFSET)
    joblib.dump(model, tmp_path / "model.joblib")
    model.save_model(tmp_path / "model.json")
    X.assign(start=OFFSET, y=Y).to_csv(tmp_path / "rows.csv", index=False)
    return model, [tmp_path / "rows.csv", "--target", "y", "--offset", "start", "--trust"]


@pytest.mark.filterwarnings("ignore:Booster cannot be fitted anew")
@pytest.mark.parametrize("file", ["model.joblib", "model.json"])
def test_prune_starts_from_the_column_of_offsets(command, started, tmp_path, file):
    model, args = started
    args = [*args, "--model", tmp_path / file, "--method", "reduced_error", "-o", tmp_path / "small"]
    code, _, err = command("prune", *args)
    assert code == 0, err
    model = model if file == "model.joblib" else model.get_booster()
    expected = prune(model, "reduced_error", X, Y, base_margin=OFFSET)
    assert same_model(joblib.load(tmp_path / "small"), expected, X)


def test_the_strength_is_chosen_by_predictions_from_the_offsets(command, started, tmp_path):
    model, args = started
    args = [*args, "--model", tmp_path / "model.joblib", "-o", tmp_path / "small"]
    code, _, err = command("prune", *args)
    assert code == 0, err
    path = pruning_path(model)
    errors = [((path.prune(step=s).predict(X, base_margin=OFFSET) - Y) ** 2).mean() for s in range(len(path))]
    assert ((joblib.load(tmp_path / "small").predict(X, base_margin=OFFSET) - Y) ** 2).mean() <= 1.05 * min(errors)


def test_compress_and_report_start_from_it_too(command, started, tmp_path, monkeypatch):
    _, args = started
    given = {}

    def recorded(*rows, **settings):
        given.update(settings)
        return compress(*rows, **settings)

    monkeypatch.setattr("treeprune.compression.compress", recorded)
    args = [*args, "--model", tmp_path / "model.joblib"]
    options = ["--no-retrain", "--effort", "quick", "--max-nodes", 20, "--loss", "squared_error", "--scoring", "r2"]
    code, _, err = command("compress", *args, *options, "-o", tmp_path / "small")
    assert code == 0, err
    np.testing.assert_allclose(given["base_margin"], OFFSET)
    assert (given["loss"], given["scoring"], given["class_weight"]) == ("squared_error", "r2", "model")
    args[-1] = tmp_path / "small"
    code, _, err = command("report", *args, "--before", tmp_path / "model.joblib", "-o", tmp_path / "page.html")
    assert code == 0, err
    assert "R²" in err


def test_rows_of_classes_count_once_where_that_is_asked_for(command, tmp_path):
    model = RandomForestClassifier(3, class_weight="balanced", random_state=0).fit(X, RARE)
    joblib.dump(model, tmp_path / "model.joblib")
    X.assign(y=RARE).to_csv(tmp_path / "rows.csv", index=False)
    args = [tmp_path / "rows.csv", "--target", "y", "--model", tmp_path / "model.joblib", "--trust"]
    for options, class_weight in (([], "model"), (["--class-weight", "none"], None)):
        code, _, err = command("prune", *args, "--method", "reduced_error", *options, "-o", tmp_path / "small")
        assert code == 0, err
        expected = prune(model, "reduced_error", X, RARE, class_weight=class_weight)
        assert same_model(joblib.load(tmp_path / "small"), expected, X)


def test_loss_and_scorer_are_the_method_s(command, tmp_path):
    kind = np.digitize(Y, [-3, 3])
    tree = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(X[:60], kind[:60])
    joblib.dump(tree, tmp_path / "tree")
    X.assign(y=kind).to_csv(tmp_path / "rows.csv", index=False)
    args = [tmp_path / "rows.csv", "--target", "y", "--model", tmp_path / "tree", "--trust", "-o", tmp_path / "small"]
    sizes = []
    for options, method in (
        ([], ReducedError()),
        (["--loss", "brier"], ReducedError(loss="brier")),
        (["--scoring", "neg_log_loss"], ReducedError(scoring="neg_log_loss")),
    ):
        code, _, err = command("prune", *args, "--method", "reduced_error", *options)
        assert code == 0, err
        small = joblib.load(tmp_path / "small")
        assert same_model(small, prune(tree, method, X, kind), X)
        sizes.append(small.get_n_leaves())
    assert len(set(sizes)) == 3  # each judges in its own way


def test_path_and_report_score_by_the_scorer(command, tmp_path):
    wine = datasets.load("wine")
    code, out, err = command("path", *ON_WINE, "--cv", 3, "--scoring", "balanced_accuracy")
    assert code == 0, err
    pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), cv=3, scoring="balanced_accuracy").fit(*wine)
    np.testing.assert_allclose(as_frame(out)["cv_score"], pruner.to_frame()["cv_score"], atol=1e-4)
    code, _, err = command(
        "report", *ON_WINE, "--cv", 3, "--scoring", "balanced_accuracy", "--validation", 0, "-o", tmp_path / "p"
    )
    assert code == 0, err
    assert "balanced" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["prune", "--loss", "brier"], "--loss has no meaning for cost_complexity"),
        (["prune", "--scoring", "r2"], "--scoring has no meaning for cost_complexity"),
        (["prune", "--offset", "hue"], "--offset needs --model"),
        (["prune", "--class-weight", "none"], "--class-weight needs --model"),
        (["compress", "--offset", "hue"], "--offset needs --model"),
        (["compress", "--class-weight", "none"], "--class-weight needs --model"),
        (["report", "--offset", "hue"], "--offset needs --model"),
        (["prune", "--model", "TREE", "--offset", "hue", "--trust"], "DecisionTreeClassifier is fitted without"),
        (["prune", "--model", "TREE", "--offset", "hue", "--alpha", "1"], "only where rows of DATA judge"),
        (["report", "--model", "TREE", "--scoring", "r2"], "--scoring has no use for a saved model"),
    ],
    ids=lambda args: " ".join(args) if isinstance(args, list) else "",
)
def test_without_a_use_they_are_refused(command, saved_tree, tmp_path, args, message):
    name, *options = [str(saved_tree[1]) if arg == "TREE" else arg for arg in args]
    code, _, err = command(name, *ON_WINE, *options, "-o", tmp_path / "out")
    assert code == 2
    assert message in " ".join(err.split())


def test_scoring_of_a_path_needs_folds(command):
    code, _, err = command("path", *ON_WINE, "--scoring", "accuracy")
    assert code == 2
    assert "--scoring needs --cv" in err
