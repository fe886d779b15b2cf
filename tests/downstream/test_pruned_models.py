"""Tools that take fitted models take pruned ones: explanations add up, converted models predict the same.

What they cannot take, forests with a link, they refuse: none makes other probabilities of them.

Needs ``pip install treeprune[downstream]``.
"""

import numpy as np
import pytest
from sklearn.base import clone
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
from treeprune import UnsupportedModelError, prune
from treeprune.adapters import find_adapter
from treeprune.links import LINKED, unlinked
from treeprune.methods import DepthPruning, JointPruning, LeafRefit, MaxDepth, MinImpurityDecrease, TreeSelection
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
#: Methods that set leaves anew, by the models that they leave in their class; of the others see `LINKED`.
METHODS = {
    "tree, classes": JointPruning(),
    "forest, classes": JointPruning(constraint="leaf"),
    "forest, numbers": JointPruning(),
    "extra trees": TreeSelection(n_trees=3),
    "bagging": LeafRefit(),
    "boosting, classes": JointPruning(),
    "boosting, numbers": DepthPruning(),
    "histogram boosting, classes": JointPruning(),
    "XGBClassifier": JointPruning(),
    "XGBRegressor": LeafRefit(),
    "LGBMClassifier": JointPruning(),
    "LGBMRegressor": JointPruning(),
}


@pytest.fixture(params=[*MODELS, *(f"{name}, set anew" for name in METHODS)])
def pruned(request):
    """A pruned model, and rows in float32 without holes."""
    name = request.param.removesuffix(", set anew")
    model, task = MODELS[name]
    X = np.nan_to_num(boosters.rows()[0]).astype(np.float32)
    if isinstance(model, str):
        pytest.importorskip(model, reason=f"{model} is not installed")
        fit = boosters._xgb if model == "xgboost" else boosters._lgb
        model = fit(task, name, X=X)
        forest = find_adapter(model).forest
        method = MinImpurityDecrease(float(np.median(forest.gain[forest.internal])))
    else:
        method, model = MaxDepth(2), clone(model).fit(X, boosters.target(task))
    if name != request.param:
        return prune(model, METHODS[name], X, boosters.target(task)), X
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


def test_m2cgen_predicts_the_same(pruned):
    m2cgen = pytest.importorskip("m2cgen", reason="m2cgen is not installed")
    model, X = pruned
    if type(model).__module__.partition(".")[0] != "sklearn":
        pytest.skip("m2cgen does not read the boosters of today")
    space = {}
    try:
        exec(m2cgen.export_to_python(model), space)
    except NotImplementedError as error:
        pytest.skip(f"m2cgen: {error}")
    if type(model).__name__ == "IsolationForest" or "Gradient" in type(model).__name__:
        pytest.skip("of these m2cgen gives another function of the trees")
    output = [space["score"](row.astype(np.float64).tolist()) for row in X]
    np.testing.assert_allclose(output, _probability_or_value(model, X), rtol=1e-6, atol=1e-6)


def test_emlearn_predicts_the_same(pruned):
    emlearn = pytest.importorskip("emlearn", reason="emlearn is not installed")
    model, X = pruned
    if type(model).__name__ not in ("RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier"):
        pytest.skip("emlearn reads classification trees and forests")
    converted = emlearn.convert(model, dtype="float", method="inline")
    np.testing.assert_array_equal(converted.predict(X), model.predict(X))


def test_skops_holds_the_same(pruned):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    model, X = pruned
    data = skops_io.dumps(model)
    again = skops_io.loads(data, trusted=skops_io.get_untrusted_types(data=data))
    assert type(again) is type(model)
    np.testing.assert_array_equal(_probability_or_value(again, X), _probability_or_value(model, X))


def _onnx(model):
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    return convert_sklearn(model, initial_types=[("X", FloatTensorType([None, 5]))])


#: What reads the trees of a forest, and the error of its own by which it refuses a class.
READERS = {
    "shap": (lambda shap, model: shap.TreeExplainer(model), "not yet supported"),
    "treelite": (lambda treelite, model: treelite.sklearn.import_model(model), "Not supported model type"),
    "skl2onnx": (lambda _, model: _onnx(model), "Unable to find a shape calculator"),
    "m2cgen": (lambda m2cgen, model: m2cgen.export_to_python(model), "is not supported"),
    "emlearn": (lambda emlearn, model: emlearn.convert(model), "(?i)unsupported|unknown"),
}


@pytest.mark.parametrize("stock", LINKED)
@pytest.mark.parametrize("reader", READERS)
def test_no_tool_takes_a_forest_with_a_link_for_one_without(reader, stock):
    library, (read, message) = pytest.importorskip(reader, reason=f"{reader} is not installed"), READERS[reader]
    X, y = np.nan_to_num(boosters.rows()[0]), boosters.target("classes")
    for method in (JointPruning(fraction=0.3), DepthPruning(), LeafRefit(), TreeSelection(order="lasso")):
        small = prune(stock(n_estimators=5, random_state=0).fit(X, y), method, X, y)
        assert type(small) is LINKED[stock]
        with pytest.raises(Exception, match=message):  # each of its own class
            read(library, small)
    assert type(unlinked(small)) is stock  # which they take
    if reader != "emlearn" and issubclass(stock, RandomForestClassifier):
        read(library, unlinked(small))


def test_a_forest_of_imbalanced_learn_is_refused_by_name():
    ensemble = pytest.importorskip("imblearn.ensemble", reason="imbalanced-learn is not installed")
    X, y = np.nan_to_num(boosters.rows()[0]), boosters.target("binary")
    balanced = ensemble.BalancedRandomForestClassifier(5, random_state=0).fit(X, y)
    with pytest.raises(UnsupportedModelError, match=r"BalancedRandomForestClassifier is a subclass of .* pipelines_"):
        prune(balanced, MaxDepth(2))
