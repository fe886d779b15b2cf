"""``treeprune prune``."""

import json
import os

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import datasets
from tests.processes import ON_WINE, WINE, as_frame
from treeprune import TreePruner, prune, pruning_path, save_compact
from treeprune.composites.exchange import size
from treeprune.methods import ALIASES, CostComplexity


@pytest.mark.parametrize("method", ALIASES)
def test_saves_a_smaller_model_that_takes_raw_rows(command, tmp_path, method):
    code, out, err = command("prune", *ON_WINE, "--method", method, "-o", tmp_path / "small.joblib")
    assert code == 0, err
    model = joblib.load(tmp_path / "small.joblib")
    rows = as_frame(out)
    assert rows["n_leaves"].tolist()[1] == model[-1].get_n_leaves() <= rows["n_leaves"].tolist()[0]
    frame = pd.read_csv(WINE)
    assert set(model.predict(frame)) == set(frame["cultivar"])
    assert os.listdir(tmp_path) == ["small.joblib"]


def test_strength_is_the_users_if_given(command, tmp_path):
    X, y = datasets.load("wine")
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    for knob, value, name in (("--leaves", 4, "n_leaves"), ("--alpha", 0.05, "alpha")):
        code, _, _ = command("prune", *ON_WINE, knob, value, "-o", tmp_path / "small.joblib")
        expected = pruning_path(tree).prune(**{name: value})
        assert code == 0
        assert joblib.load(tmp_path / "small.joblib")[-1].get_n_leaves() == expected.get_n_leaves()


@pytest.mark.parametrize(
    ("options", "strength"),
    [
        (["--method", "max_depth", "--leaves", 4], {"max_depth": 2}),
        (["--method", "error_based"], {"confidence": 0.25}),
        (["--method", "hierarchical_shrinkage"], {"reg": 1.0}),
        (["--method", "mdl"], {}),
    ],
    ids=lambda option: str(option),
)
def test_strength_is_told_in_the_unit_of_the_method(command, tmp_path, options, strength):
    code, out, err = command("prune", *ON_WINE, *options, "--json", "-o", tmp_path / "small.joblib")
    assert code == 0, err
    before, after = json.loads(out)
    assert list(after)[: 1 + len(strength)] == ["method", *strength]
    assert {name: after[name] for name in strength} == strength
    assert [before[name] for name in strength] == [None] * len(strength)
    assert "alpha" not in after


def test_model_predicts_text_columns_and_unseen_values(command, table, tmp_path):
    rows = [f"{['ok', 'bad', ''][i % 3]},{i % 5},{'yes' if i % 3 else 'no'}" for i in range(90)]
    path = table("state,n,y\n" + "\n".join(rows))
    code, _, _ = command("prune", path, "--target", "y", "--method", "mdl", "-o", tmp_path / "small.joblib")
    assert code == 0
    model = joblib.load(tmp_path / "small.joblib")
    frame = pd.read_csv(path)
    assert model.score(frame, frame["y"]) == 1.0
    model.predict(pd.DataFrame({"state": ["new"], "n": [1]}))


def test_saved_model_keeps_its_class(command, saved_tree, tmp_path):
    tree, path = saved_tree
    code, out, _ = command("prune", "--model", path, "--trust", "--leaves", 4, "-o", tmp_path / "small.joblib")
    assert code == 0
    small = joblib.load(tmp_path / "small.joblib")
    assert type(small) is type(tree)
    assert as_frame(out)["n_leaves"].tolist() == [tree.get_n_leaves(), small.get_n_leaves()]


def test_saved_model_takes_the_columns_as_they_are(command, tmp_path):
    """Text that differs from row to row, which no tree of the command line could learn from, and dates."""
    words = np.random.default_rng(0).choice(["mild", "sour", "dry", "sweet"], (120, 3))
    frame = pd.DataFrame({"said": [f"{number} {' '.join(of)}" for number, of in enumerate(words)]})
    frame["on"] = pd.date_range("2024-01-01", periods=len(frame)).astype(str)
    frame["kind"] = np.where((words == "sour").any(axis=1), "a", "b")
    frame.to_csv(tmp_path / "said.csv", index=False)
    steps = make_column_transformer((CountVectorizer(), "said"))
    model = make_pipeline(steps, DecisionTreeClassifier(random_state=0)).fit(frame[["said", "on"]], frame["kind"])
    joblib.dump(model, tmp_path / "big.joblib")
    args = [tmp_path / "said.csv", "--target", "kind", "--model", tmp_path / "big.joblib", "--trust"]
    code, _, err = command("prune", *args, "--method", "reduced_error", "-o", tmp_path / "small.joblib")
    assert code == 0, err
    assert "coded" not in err
    assert "left out" not in err
    expected = prune(model, "reduced_error", frame[["said", "on"]], frame["kind"])
    np.testing.assert_array_equal(
        joblib.load(tmp_path / "small.joblib").predict_proba(frame), expected.predict_proba(frame)
    )


def test_saved_model_is_judged_by_rows_of_data(command, saved_tree, tmp_path):
    tree, path = saved_tree
    X, y = datasets.load("wine")
    X.assign(cultivar=y).iloc[::3, ::-1].to_csv(tmp_path / "rows.csv", index=False)  # columns find their names
    data = [tmp_path / "rows.csv", "--target", "cultivar", "--method", "reduced_error"]
    code, _, err = command("prune", *data, "--model", path, "--trust", "-o", tmp_path / "small.joblib")
    assert code == 0, err
    expected = prune(tree, "reduced_error", X.iloc[::3], y.iloc[::3])
    assert joblib.load(tmp_path / "small.joblib").get_n_leaves() == expected.get_n_leaves()


def test_pipeline_is_pruned_in_its_last_step(command, tmp_path):
    X, y = datasets.load("wine")
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(X, y)
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    model = ["--model", tmp_path / "pipeline.joblib", "--trust"]
    code, _, err = command("prune", *ON_WINE, *model, "-o", tmp_path / "small.joblib")
    assert code == 0, err
    small = joblib.load(tmp_path / "small.joblib")
    assert [type(step) for _, step in small.steps] == [type(step) for _, step in pipeline.steps]
    assert small.score(X, y) == pipeline.score(X, y)


def test_one_class_has_nothing_to_prune(command, table, tmp_path):
    path = table("a,y\n1,x\n2,x\n3,x\n4,x\n")
    code, out, err = command("prune", path, "--target", "y", "-o", tmp_path / "small.joblib")
    assert code == 0
    assert "nothing to prune" in err
    assert as_frame(out)["n_leaves"].tolist() == [1, 1]
    code, out, err = command("path", path, "--target", "y")
    assert code == 0
    assert "nothing to prune" in err
    assert len(as_frame(out)) == 1


def test_a_pickle_is_not_loaded_without_trust(command, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    joblib.dump(Bomb(), tmp_path / "bomb.joblib")
    code, _, err = command("prune", "--model", tmp_path / "bomb.joblib", "--leaves", 3, "-o", tmp_path / "o")
    assert code == 3
    assert "add --trust" in err
    assert os.listdir(tmp_path) == ["bomb.joblib"]


class TestModelsThatHoldModels:
    X, y = datasets.load("wine")
    TREE = DecisionTreeClassifier(random_state=0)
    PIPE = make_pipeline(StandardScaler(), TREE)

    def saved(self, model, tmp_path):
        joblib.dump(model.fit(self.X, self.y), tmp_path / "big.joblib")
        return model, ["--model", tmp_path / "big.joblib", "--trust", "-o", tmp_path / "small.joblib"]

    @pytest.mark.parametrize(
        "model",
        [
            GridSearchCV(PIPE, {"decisiontreeclassifier__max_depth": [None]}, cv=2),
            CalibratedClassifierCV(TREE, cv=2),
            VotingClassifier([("a", PIPE), ("b", TREE)]),
            make_pipeline(StandardScaler(), TreePruner(TREE)),
        ],
    )
    def test_are_pruned_at_one_strength(self, command, tmp_path, model):
        model, args = self.saved(clone(model), tmp_path)
        code, out, err = command("prune", *args, "--alpha", 0.02)
        assert code == 0, err
        small, expected = joblib.load(tmp_path / "small.joblib"), prune(model, CostComplexity(alpha=0.02))
        assert type(small) is type(model)
        assert (small.predict(self.X) == expected.predict(self.X)).all()
        assert as_frame(out)["n_leaves"].tolist() == [size(model)[0], size(expected)[0]]

    def test_choose_the_strength_by_rows_of_data(self, command, tmp_path):
        model, args = self.saved(clone(self.PIPE), tmp_path)
        code, _, err = command("prune", *ON_WINE, *args)
        assert code == 0, err
        scaled = pruning_path(model)
        scores = [scaled.prune(step=step).score(self.X, self.y) for step in range(len(scaled))]
        last = int(np.flatnonzero(np.isclose(scores, max(scores)))[-1])
        assert size(joblib.load(tmp_path / "small.joblib"))[0] == scaled.n_leaves[last]

    def test_choose_it_by_the_score_of_the_whole_where_it_says_something_else(self, command, tmp_path):
        model = CalibratedClassifierCV(self.TREE, cv=2, ensemble=False)
        model, args = self.saved(model, tmp_path)
        code, _, err = command("prune", *ON_WINE, *args)
        assert code == 0, err
        path = pruning_path(model)
        best = max(path.prune(step=step).score(self.X, self.y) for step in range(len(path)))
        assert joblib.load(tmp_path / "small.joblib").score(self.X, self.y) == pytest.approx(best)

    def test_several_need_a_strength(self, command, tmp_path):
        _, args = self.saved(VotingClassifier([("a", self.PIPE), ("b", self.TREE)]), tmp_path)
        code, _, err = command("prune", *ON_WINE, *args)
        assert code != 0
        assert "holds 2 tree models" in err
        assert not (tmp_path / "small.joblib").exists()

    def test_what_the_command_saved_is_pruned_again(self, command, tmp_path):
        assert command("prune", *ON_WINE, "--alpha", 0, "-o", tmp_path / "big.joblib")[0] == 0
        again = ["--model", tmp_path / "big.joblib", "--trust", "-o", tmp_path / "small.joblib"]
        code, _, err = command("prune", *ON_WINE, "--method", "reduced_error", *again)
        assert code == 0, err
        big, small = (joblib.load(tmp_path / f"{name}.joblib") for name in ("big", "small"))
        expected = prune(big, "reduced_error", self.X, self.y)
        assert (small.predict(self.X) == expected.predict(self.X)).all()

    def test_are_checked(self, command, tmp_path):
        model, args = self.saved(VotingClassifier([("a", self.PIPE), ("b", self.TREE)]), tmp_path)
        code, out, err = command("check", args[1], "--trust", "--json")
        assert code == 0, err
        (found,) = json.loads(out)
        assert (found["model"], found["n_trees"]) == ("sklearn.VotingClassifier", 2)
        assert (found["n_leaves"], found["n_nodes"]) == size(model)
        save_compact(model, tmp_path / "compact")
        assert command("check", tmp_path / "compact")[0] == 0

    def test_are_reported_on_or_refused(self, command, tmp_path):
        pytest.importorskip("jinja2")
        _, args = self.saved(GridSearchCV(self.PIPE, {"decisiontreeclassifier__max_depth": [3]}, cv=2), tmp_path)
        assert command("report", *ON_WINE, *args[:3], "-o", tmp_path / "page.html")[0] == 0
        _, args = self.saved(CalibratedClassifierCV(self.TREE, cv=2), tmp_path)
        code, _, err = command("report", *ON_WINE, *args[:3], "-o", tmp_path / "other.html")
        assert code != 0
        assert "calibrated_classifiers_[0].estimator" in err
