"""Tools that take fitted models take pruned ones: explanations add up, converted models predict the same.

Needs ``pip install treeprune[downstream]``.
"""

import numpy as np
import pytest
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import boosters
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.methods import MaxDepth, MinImpurityDecrease
from treeprune.testing import forest_output

MODELS = {
    "tree, classes": (DecisionTreeClassifier(random_state=0), "binary"),
    "tree, numbers": (DecisionTreeRegressor(random_state=0), "numbers"),
    "forest, classes": (RandomForestClassifier(5, random_state=0), "binary"),
    "forest, numbers": (RandomForestRegressor(5, random_state=0), "numbers"),
    "extra trees": (ExtraTreesClassifier(5, random_state=0), "binary"),
    "bagging": (BaggingRegressor(n_estimators=5, random_state=0), "numbers"),
    "AdaBoost": (AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=5, random_state=0), "binary"),
    "boosting, classes": (GradientBoostingClassifier(n_estimators=5, random_state=0), "binary"),
    "boosting, numbers": (GradientBoostingRegressor(n_estimators=5, random_state=0), "numbers"),
    "histogram boosting, classes": (HistGradientBoostingClassifier(max_iter=5), "binary"),
    "histogram boosting, numbers": (HistGradientBoostingRegressor(max_iter=5), "numbers"),
    "isolation forest": (IsolationForest(n_estimators=10, max_samples=64, random_state=0), "binary"),
    "XGBClassifier": ("xgboost", "binary"),
    "XGBRegressor": ("xgboost", "numbers"),
    "LGBMClassifier": ("lightgbm", "binary"),
    "LGBMRegressor": ("lightgbm", "numbers"),
}


@pytest.fixture(params=MODELS)
def pruned(request):
    """A pruned model, and rows in float32 without holes."""
    model, task = MODELS[request.param]
    X = np.nan_to_num(boosters.rows()[0]).astype(np.float32)
    if isinstance(model, str):
        pytest.importorskip(model, reason=f"{model} is not installed")
        fit = boosters._xgb if model == "xgboost" else boosters._lgb
        model = fit(task, request.param, X=X)
        forest = find_adapter(model).forest
        method = MinImpurityDecrease(float(np.median(forest.gain[forest.internal])))
    else:
        method, model = MaxDepth(2), model.fit(X, boosters.target(task))
    small = prune(model, method)
    assert find_adapter(small).forest.n_nodes < find_adapter(model).forest.n_nodes
    return small, X


def _probability_or_value(model, X):
    if hasattr(model, "score_samples"):
        return model.score_samples(X)
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def _explained(model, X):
    """What SHAP explains: the raw score of boosted trees, the path length of isolation."""
    adapter = find_adapter(model)
    if adapter.forest.task == "margin":
        return adapter.margin(X)
    if adapter.forest.task == "path_length":
        return forest_output(adapter.forest, adapter.compared(X))[:, 0]
    return _probability_or_value(model, X)


def test_shap_values_add_up(pruned):
    shap = pytest.importorskip("shap", reason="shap is not installed")
    model, X = pruned
    try:
        explainer = shap.TreeExplainer(model)
    except shap.utils._exceptions.InvalidModelError as error:
        pytest.skip(f"SHAP does not take {type(model).__name__}: {error}")
    explanation, expected = explainer(X, check_additivity=True), _explained(model, X)
    total = explanation.values.sum(axis=1) + explanation.base_values
    if expected.shape[1:] == (1,) and total.ndim == 2:
        total = total[:, -1:]
    np.testing.assert_allclose(total.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


def test_onnx_predicts_the_same(pruned):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    model, X = pruned
    family = type(model).__module__.partition(".")[0]
    converter = pytest.importorskip("skl2onnx" if family == "sklearn" else "onnxmltools", reason="no converter")
    from onnxmltools.convert.common.data_types import FloatTensorType

    kinds = [("X", FloatTensorType([None, X.shape[1]]))]
    if family == "sklearn":
        from skl2onnx.common.data_types import FloatTensorType

        kinds = [("X", FloatTensorType([None, X.shape[1]]))]
        options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
        opset = {"": 18, "ai.onnx.ml": 3}
        try:
            graph = converter.convert_sklearn(model, initial_types=kinds, options=options, target_opset=opset)
        except ValueError as error:  # skl2onnx's histogram boosting needs an old protobuf
            pytest.skip(f"skl2onnx does not take {type(model).__name__}: {str(error)[:60]}")
    elif family == "xgboost":
        graph = converter.convert_xgboost(model, initial_types=kinds)
    else:
        graph = converter.convert_lightgbm(model, initial_types=kinds, zipmap=False)
    session = runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = _probability_or_value(model, X)
    if hasattr(model, "score_samples"):
        expected = model.decision_function(X)
    np.testing.assert_allclose(session.run(None, {"X": X})[-1].reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)


def test_treelite_predicts_the_same(pruned):
    treelite = pytest.importorskip("treelite", reason="treelite is not installed")
    model, X = pruned
    family = type(model).__module__.partition(".")[0]
    if family == "sklearn":
        try:
            converted = treelite.sklearn.import_model(model)
        except treelite.TreeliteError as error:
            pytest.skip(f"treelite does not take {type(model).__name__}: {error}")
    elif family == "xgboost":
        converted = treelite.frontend.from_xgboost(model.get_booster())
    else:
        converted = treelite.frontend.from_lightgbm(model.booster_)
    expected = _probability_or_value(model, X)
    output = treelite.gtil.predict(converted, X)
    if hasattr(model, "score_samples"):
        expected = -expected
    if expected.ndim == 2 and output.size == len(X):
        expected = expected[:, 1]
    np.testing.assert_allclose(output.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)
