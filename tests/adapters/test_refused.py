"""Models that cannot be pruned are refused by an error that says what can."""

import pytest
from sklearn.ensemble import AdaBoostClassifier, BaggingRegressor, GradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from treeprune import TreePruner, UnsupportedModelError, prune
from treeprune.adapters import adapters_by_model

X, Y = [[0.0], [1.0], [2.0], [3.0]] * 4, [0, 0, 1, 1] * 4


def _of_class_path(*paths):
    """An object of a class whose ancestors have these class paths."""
    cls = object
    for path in reversed(paths):
        module, _, name = path.rpartition(".")
        cls = type(name, (cls,), {"__module__": module, "__qualname__": name})
    return cls()


@pytest.mark.parametrize("name", ["CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker", "CatBoost"])
def test_catboost_by_name(name):
    model = _of_class_path(*dict.fromkeys([f"catboost.core.{name}", "catboost.core.CatBoost"]))
    with pytest.raises(UnsupportedModelError, match=rf"catboost\.core\.{name}: CatBoost's trees.*Supported: .*Booster"):
        prune(model)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression().fit(X, Y),
        AdaBoostClassifier(LogisticRegression()).fit(X, Y),
        BaggingRegressor(LinearRegression()).fit(X, Y),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_is_no_tree(model):
    with pytest.raises(UnsupportedModelError, match=r"no tree model inside|Supported: .*DecisionTree"):
        prune(model)


def test_every_supported_class_is_named():
    with pytest.raises(UnsupportedModelError) as caught:
        prune("oak")
    for path in adapters_by_model():
        assert path.rpartition(".")[2] in str(caught.value)


def test_before_anything_is_fitted_too_much():
    """An estimator over the wrong kind of model fails with the same words."""
    with pytest.raises(UnsupportedModelError, match="Supported"):
        TreePruner(LogisticRegression()).fit(X, Y)
    assert TreePruner(GradientBoostingClassifier(n_estimators=2)).fit(X, Y).n_leaves_ >= 2


@pytest.mark.parametrize("family", ["sklearn", "xgboost", "lightgbm"])
def test_a_users_own_subclass_without_state_of_its_own_is_pruned_as_what_it_is(family):
    """What the classes between it and the one that the adapter names set when fitted is theirs."""
    if family == "sklearn":
        stock, params = GradientBoostingClassifier, {"n_estimators": 2}
    else:
        library = pytest.importorskip(family, reason=f"{family} is not installed")
        stock = library.XGBClassifier if family == "xgboost" else library.LGBMClassifier
        params = (
            {"n_estimators": 2, "n_jobs": 1, "verbosity": 0} if family == "xgboost" else {"verbose": -1, "n_jobs": 1}
        )

    class Own(stock):
        pass

    class More(stock):
        def fit(self, X, y):
            self.extra_ = y
            return super().fit(X, y)

    assert type(prune(Own(**params).fit(X, Y), "max_depth", X, Y)) is Own
    with pytest.raises(
        UnsupportedModelError, match=rf"More is a subclass of {stock.__name__} that holds extra_ besides"
    ):
        prune(More(**params).fit(X, Y), "max_depth", X, Y)
