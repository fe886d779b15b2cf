"""What is refused says which parameter it is about, what that may be and what it is, before any work."""

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from treeprune import TreePruner, TreePrunerCV, UnsupportedModelError, compress, prune
from treeprune.compression import trials
from treeprune.methods import JointPruning, LeafRefit, ReducedError

X, Y = make_classification(120, 5, random_state=0)
NUMBERS = make_regression(120, 5, random_state=0)[1]
LGB, XGB = {"n_estimators": 3, "verbose": -1, "n_jobs": 1}, {"n_estimators": 3, "n_jobs": 1}
CLASSIFIERS = [
    RandomForestClassifier(4, random_state=0).fit(X, Y),
    HistGradientBoostingClassifier(max_iter=3).fit(X, Y),
    LGBMClassifier(**LGB).fit(X, Y),
    XGBClassifier(**XGB).fit(X, Y),
]
REGRESSORS = [
    RandomForestRegressor(4, random_state=0).fit(X, NUMBERS),
    LGBMRegressor(**LGB).fit(X, NUMBERS),
    XGBRegressor(**XGB).fit(X, NUMBERS),
]
WITH_NAN, WORDS = np.where(np.arange(120) == 3, np.nan, NUMBERS), np.array(["a", "b"] * 60)

each = pytest.mark.parametrize("model", CLASSIFIERS + REGRESSORS, ids=lambda model: type(model).__name__)
each_regressor = pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)


@pytest.fixture
def no_work(monkeypatch):
    """Nothing is fitted anew."""
    monkeypatch.setattr(trials, "fitted", lambda *_: pytest.fail("A model was fitted before the refusal."))


def target_of(model):
    return Y if hasattr(model, "classes_") else NUMBERS


def judged(door, model, X_val, y_val):
    """A call that gives rows, and what it calls them."""
    y = target_of(model)
    return {
        "prune": lambda: prune(model, JointPruning(), X_val, y_val),
        "compress": lambda: compress(model, X_val, y_val, max_nodes=20),
        "compress, held out": lambda: compress(model, X, y, X_val=X_val, y_val=y_val, max_nodes=20),
        "TreePruner": lambda: TreePruner(model, ReducedError()).fit(X, y, X_val=X_val, y_val=y_val),
    }[door]


DOORS = {"prune": "", "compress": "", "compress, held out": "_val", "TreePruner": "_val"}
each_door = pytest.mark.parametrize("door", DOORS)


@pytest.mark.usefixtures("no_work")
@each
@each_door
class TestRows:
    def test_other_columns(self, door, model):
        with pytest.raises(ValueError, match=rf"X{DOORS[door]} has 3 features, but \w+ is expecting 5 features"):
            judged(door, model, X[:, :3], target_of(model))()

    def test_none(self, door, model):
        with pytest.raises(ValueError, match=rf"The 'X{DOORS[door]}' parameter must have at least one row.*\(0, 5\)"):
            judged(door, model, X[:0], target_of(model)[:0])()

    def test_fewer_targets(self, door, model):
        named = rf"X{DOORS[door]} and y{DOORS[door]} have inconsistent numbers of samples: \[120, 100\]"
        with pytest.raises(ValueError, match=named):
            judged(door, model, X, target_of(model)[:100])()


@pytest.mark.usefixtures("no_work")
@each_regressor
@each_door
@pytest.mark.parametrize(("y", "what"), [(WITH_NAN, "NaN"), (WORDS, "could not convert string to float")])
def test_targets_that_are_no_numbers(model, door, y, what):
    with pytest.raises(ValueError, match=rf"The 'y{DOORS[door]}' parameter is not what \w+ predicts: .*{what}"):
        judged(door, model, X, y)()


@pytest.mark.usefixtures("no_work")
class TestCompress:
    def test_a_handful_of_rows(self):
        with pytest.raises(ValueError, match=r"The 'X' parameter of compress must have at least 10 rows\. Got 5"):
            compress(CLASSIFIERS[0], X[:5], Y[:5], max_nodes=20)
        with pytest.raises(ValueError, match=r"The 'X_val' parameter of compress must have at least 2 rows\. Got 1"):
            compress(CLASSIFIERS[0], X, Y, X_val=X[:1], y_val=Y[:1], max_nodes=20)

    @each_regressor
    def test_a_score_of_labels_for_numbers(self, model):
        with pytest.raises(ValueError, match=r"parameter of compress must suit .*a regressor\. Got 'accuracy'"):
            compress(model, X, NUMBERS, max_nodes=20, scoring="accuracy")

    def test_leaves_of_linear_trees_are_not_estimated_anew(self):
        model = LGBMRegressor(**LGB, linear_tree=True).fit(X, NUMBERS)
        with pytest.raises(UnsupportedModelError, match="linear functions of the row, linear_tree=True"):
            prune(model, LeafRefit(), X, NUMBERS)


@pytest.mark.parametrize("scoring", ["acuracy", 3])
@pytest.mark.parametrize(
    ("owner", "call"),
    [
        ("compress", lambda scoring: compress(CLASSIFIERS[0], X, Y, max_nodes=20, scoring=scoring)),
        ("TreePrunerCV", lambda scoring: TreePrunerCV(DecisionTreeClassifier(), scoring=scoring).fit(X, Y)),
    ],
)
def test_unknown_scores(owner, call, scoring):
    with pytest.raises(ValueError, match=rf"The 'scoring' parameter of {owner} must be .*Got {scoring!r}") as error:
        call(scoring)
    assert len(str(error.value)) < 200


def test_a_name_of_a_score_as_a_loss():
    with pytest.raises(ValueError, match=r"Got 'log_loss'\. The model's own loss is 'impurity'; .* scoring="):
        prune(CLASSIFIERS[1], ReducedError(loss="log_loss"), X, Y)


class TestColumnsOfLightGBM:
    """It predicts by the places of columns; scikit-learn's models and XGBoost's refuse other names themselves."""

    FRAME = pd.DataFrame(X, columns=["a", "b", "long name", "d", "e"])
    MODEL = LGBMClassifier(**LGB).fit(FRAME, Y)

    @pytest.mark.parametrize("model", [MODEL, MODEL.booster_], ids=["wrapper", "Booster"])
    @pytest.mark.parametrize(
        ("names", "what"),
        [
            (["b", "a", "long name", "d", "e"], "the columns in another order .*: 'b' in the place of 'a', 'a' in the"),
            (["a", "b", "long name", "d", "z"], "other columns .*: 'z' in the place of 'e'"),
        ],
    )
    def test_other_names_are_told(self, model, names, what):
        frame = self.FRAME.set_axis(names, axis=1)
        with pytest.warns(UserWarning, match=f"X has {what}"):
            found = prune(model, LeafRefit(), frame, Y)
        expected = prune(model, LeafRefit(), self.FRAME, Y)
        np.testing.assert_array_equal(found.predict(X), expected.predict(X))

    @pytest.mark.filterwarnings("error::UserWarning")
    @pytest.mark.parametrize("rows", [FRAME, X], ids=["frame", "array"])
    def test_its_own_names_and_none_are_silent(self, rows):
        prune(self.MODEL.booster_, LeafRefit(), rows, Y)
        prune(DecisionTreeRegressor(random_state=0).fit(X, Y), "reduced_error", X, Y)


@pytest.mark.parametrize("method", ["reduced_error", "joint", "depth", "leaf_refit"])
@each_regressor
def test_targets_of_more_outputs_than_the_model_has(model, method):
    with pytest.raises(ValueError, match=r"y has 2 outputs, but .* was fitted with 1"):
        prune(model, method, X, np.column_stack([NUMBERS, NUMBERS]))


@pytest.mark.parametrize("weights", [np.ones(3), -np.ones(100), "balanced"], ids=["short", "negative", "name"])
def test_weights_of_rows_to_judge_by_are_named_before_work(weights):
    rows = np.random.default_rng(0).normal(size=(100, 2))
    y = (rows[:, 0] > 0).astype(int)
    val = {"X_val": rows, "y_val": y, "sample_weight_val": weights}
    with pytest.raises(ValueError, match="'sample_weight_val' parameter"):
        TreePruner(NeverFitted(), "reduced_error").fit(rows, y, **val)
    forest = RandomForestClassifier(2, random_state=0).fit(rows, y)
    with pytest.raises(ValueError, match="'sample_weight_val' parameter"):
        compress(forest, rows, y, **val)


class NeverFitted(DecisionTreeClassifier):
    def fit(self, X, y):
        raise AssertionError("checks come before work")
