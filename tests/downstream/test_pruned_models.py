"""Tools that take fitted models take pruned ones: explanations add up, converted models predict the same.

Needs ``pip install treeprune[downstream]``.
"""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests import boosters
from treeprune import prune
from treeprune.adapters import find_adapter
from treeprune.methods import CostComplexity, MinImpurityDecrease

MODELS = {
    "tree, classes": (DecisionTreeClassifier(random_state=0), "binary"),
    "tree, numbers": (DecisionTreeRegressor(random_state=0), "numbers"),
    "forest, classes": (RandomForestClassifier(5, random_state=0), "binary"),
    "forest, numbers": (RandomForestRegressor(5, random_state=0), "numbers"),
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
        method, model = CostComplexity(alpha=0.01), model.fit(X, boosters.target(task))
    small = prune(model, method)
    assert find_adapter(small).forest.n_nodes < find_adapter(model).forest.n_nodes
    return small, X


def _probability_or_value(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def test_shap_values_add_up(pruned):
    shap = pytest.importorskip("shap", reason="shap is not installed")
    model, X = pruned
    explanation = shap.TreeExplainer(model)(X, check_additivity=True)
    total = explanation.values.sum(axis=1) + explanation.base_values
    if type(model).__module__.startswith("sklearn"):
        expected = _probability_or_value(model, X)
    else:
        expected = find_adapter(model).margin(X)
        total = total[:, -1:] if total.ndim == 2 else total[:, None]
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
        graph = converter.convert_sklearn(model, initial_types=kinds, options=options)
    elif family == "xgboost":
        graph = converter.convert_xgboost(model, initial_types=kinds)
    else:
        graph = converter.convert_lightgbm(model, initial_types=kinds, zipmap=False)
    session = runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = _probability_or_value(model, X)
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
    if expected.ndim == 2 and output.size == len(X):
        expected = expected[:, 1]
    np.testing.assert_allclose(output.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)
