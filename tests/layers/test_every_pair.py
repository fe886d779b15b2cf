"""Every method for layers on every family of models made of weights."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from tests.layers import naive
from tests.layers.families import A_FEW, MLPS, SPECIMENS, X, fitted
from treeprune import methods, prune
from treeprune.core.class_paths import class_paths
from treeprune.layers.adapters import adapters_by_model, find_adapter
from treeprune.methods import LAYER_ALIASES, LayerMethod, MagnitudePruning, SparsityPruning, UnitPruning, as_any_method

CLASSES = [getattr(methods, name) for name in LAYER_ALIASES.values()]
METHODS = [cls(**params) for cls in CLASSES for params in cls.examples]
#: One of each class.
OF_CLASSES = [cls(**cls.examples[0]) for cls in CLASSES]
each_method = pytest.mark.parametrize("method", METHODS, ids=repr)
#: All examples on one model of each kind, and a method of each class on all.
each_pair = pytest.mark.parametrize(
    ("method", "name"),
    [
        pytest.param(method, name, id=f"{method!r}-{name}")
        for name in SPECIMENS
        for method in (METHODS if name in A_FEW else OF_CLASSES)
    ],
)
each_specimen = pytest.mark.parametrize("name", SPECIMENS)


def test_every_method_has_an_alias_and_is_public():
    public = [getattr(methods, name) for name in methods.__all__]
    of_layers = {cls for cls in public if issubclass(cls, LayerMethod) and cls is not LayerMethod}
    assert of_layers == set(CLASSES)
    assert {alias: type(as_any_method(alias)).__name__ for alias in LAYER_ALIASES} == LAYER_ALIASES
    assert {cls.alias: cls.__name__ for cls in CLASSES} == LAYER_ALIASES


def test_every_family_has_a_specimen():
    taken = {path for model, _ in SPECIMENS.values() for path in class_paths(model)}
    assert set(adapters_by_model()) <= taken | {
        "sklearn.linear_model._coordinate_descent.MultiTaskElasticNetCV",
        "sklearn.linear_model._coordinate_descent.MultiTaskLassoCV",
        "torch.nn.modules.module.Module",  # tests/layers/test_torch.py
    }


@each_specimen
def test_layers_give_what_the_model_gives(name):
    model, layers = fitted(name), find_adapter(fitted(name)).layers
    assert np.allclose(layers.sums(X), naive.outputs(model, X).reshape(len(X), -1), rtol=1e-10, atol=1e-10)
    if hasattr(model, "decision_function"):
        decided = np.asarray(model.decision_function(X)).reshape(len(X), -1)
        assert np.allclose(layers.sums(X), decided, rtol=1e-10, atol=1e-10)


@each_pair
def test_gives_a_smaller_model_of_the_same_class(method, name):
    model = fitted(name)
    before = pickle.dumps(model)
    small = prune(model, method, X)
    assert pickle.dumps(model) == before
    assert type(small) is type(model)
    one, other = find_adapter(model).layers, find_adapter(small).layers
    low = getattr(method, "threshold", np.inf)
    can_go = sum(np.sum((np.abs(layer.weights) <= low) & (layer.weights != 0)) for layer in one)
    assert other.n_weights < one.n_weights or not can_go
    assert np.shape(small.predict(X)) == np.shape(model.predict(X))
    assert small.predict(X).dtype == model.predict(X).dtype
    assert np.allclose(other.sums(X), naive.outputs(small, X).reshape(len(X), -1), rtol=1e-10, atol=1e-10)
    clone(small)
    again = prune(pickle.loads(pickle.dumps(model)), method, X) if name in A_FEW else pickle.loads(pickle.dumps(small))
    assert np.array_equal(again.predict(X), small.predict(X))


@each_method
@pytest.mark.parametrize("name", A_FEW)
def test_solving_again_is_nearer_to_the_model_than_zeroing(method, name):
    model, layers = fitted(name), find_adapter(fitted(name)).layers
    off = {}
    for reconstruct in ("least_squares", None):
        small = prune(model, clone(method).set_params(reconstruct=reconstruct), X)
        off[reconstruct] = ((find_adapter(small).layers.sums(X) - layers.sums(X)) ** 2).sum()
    can_help = not (name == "Lasso" and isinstance(method, SparsityPruning))  # there, columns of noise went
    assert off["least_squares"] < off[None] if can_help else off["least_squares"] <= off[None]


@each_method
@pytest.mark.parametrize("name", A_FEW)
def test_weights_count_as_repeated_rows(method, name):
    model, times = fitted(name), np.arange(len(X)) % 3
    counted = prune(model, clone(method).set_params(reconstruct=None), X, sample_weight=times)
    repeated = prune(model, clone(method).set_params(reconstruct=None), np.repeat(X, times, axis=0))
    assert np.array_equal(naive.outputs(counted, X), naive.outputs(repeated, X))


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("name", [*A_FEW, "LinearSVC, no intercept", "Lasso", "MLPClassifier, labels, logistic"])
def test_nothing_changes_where_nothing_goes(cls, name):
    method = cls().at(0.0) if "amount" in cls().get_params() else cls(storage="dense")
    for model in (fitted(name), find_adapter(prune(fitted(name), MagnitudePruning(0.5, reconstruct=None))).model):
        same = prune(model, method, X)
        assert same is not model
        assert pickle.dumps(same) == pickle.dumps(model)


@each_specimen
@pytest.mark.parametrize("reconstruct", ["least_squares", None])
def test_everything_goes(name, reconstruct):
    model = fitted(name)
    small = prune(model, MagnitudePruning(1.0, reconstruct=reconstruct), X)
    layers = find_adapter(small).layers
    assert layers.n_weights == 0
    assert np.ptp(layers.sums(X), axis=0).max() == 0
    if reconstruct and layers[0].has_bias:
        assert np.allclose(layers.sums(X)[0], find_adapter(model).layers.sums(X).mean(axis=0))


@pytest.mark.parametrize("name", [*A_FEW, *MLPS[1:3]])
@pytest.mark.parametrize("scope", ["global", "layer"])
def test_amount_is_the_share_that_is_zero(name, scope):
    one = find_adapter(fitted(name)).layers
    other = find_adapter(prune(fitted(name), MagnitudePruning(0.7, scope), X)).layers
    shares = [np.mean(layer.weights == 0) for layer in other]
    if scope == "global":
        sizes = [layer.weights.size for layer in other]
        assert other.n_weights == sum(sizes) - round(0.7 * sum(sizes)) or one.n_weights < 0.3 * sum(sizes)
    else:
        assert all(share >= 0.7 - 0.5 / layer.weights.size for share, layer in zip(shares, other, strict=True))


@pytest.mark.parametrize("name", MLPS)
class TestNetworks:
    def test_arrays_shrink(self, name):
        model = fitted(name)
        small = prune(model, UnitPruning(n_units=3), X)
        assert [coef.shape[1] for coef in small.coefs_[:-1]] == [3] * (model.n_layers_ - 2)
        assert [bias.shape[0] for bias in small.intercepts_[:-1]] == [3] * (model.n_layers_ - 2)
        assert np.ravel(small.hidden_layer_sizes).tolist() == [3] * (model.n_layers_ - 2)
        assert small.n_layers_ == model.n_layers_

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_trains_on(self, name):
        method = MagnitudePruning(0.5) if name in A_FEW else UnitPruning(0.5)
        model, y = fitted(name), SPECIMENS[name][1]
        small = prune(model, method, X)
        score = small.score(X, y)
        if model.solver != "lbfgs" and not model.early_stopping:
            more = pickle.loads(pickle.dumps(small))
            for _ in range(20):
                more.partial_fit(X, y)
            assert more.loss_ < small.partial_fit(X, y).loss_
            assert [coef.shape for coef in more.coefs_] == [coef.shape for coef in small.coefs_]
        warm = prune(model, method, X).set_params(warm_start=True, max_iter=20, tol=0).fit(X, y)
        assert [coef.shape for coef in warm.coefs_] == [coef.shape for coef in small.coefs_]
        assert warm.score(X, y) > score - 0.1
        assert not np.array_equal(warm.coefs_[0], small.coefs_[0]) or model.early_stopping

    def test_sparse_storage_predicts_the_same(self, name):
        small = prune(fitted(name), MagnitudePruning(0.9), X)
        stored = prune(small, "sparsity")
        assert any(map(sparse.issparse, stored.coefs_))
        assert np.allclose(naive.outputs(stored, X), naive.outputs(small, X), rtol=1e-12)
        assert np.array_equal(stored.predict(X), small.predict(X)) or np.allclose(stored.predict(X), small.predict(X))
        assert len(pickle.dumps(prune(stored, SparsityPruning(storage="dense")))) == len(pickle.dumps(small))


@pytest.mark.parametrize("name", [name for name, (model, _) in SPECIMENS.items() if hasattr(model, "sparsify")])
def test_sparse_coefficients(name):
    small = prune(fitted(name), MagnitudePruning(0.8), X)
    stored = prune(small, "sparsity")
    assert sparse.issparse(stored.coef_)
    own = pickle.loads(pickle.dumps(small)).sparsify()
    assert type(stored.coef_) is type(own.coef_)
    assert np.array_equal(stored.predict(X), own.predict(X))
    assert stored.coef_.shape == own.coef_.shape
    assert np.array_equal(stored.densify().coef_, small.coef_)
    again = prune(prune(small, "sparsity"), MagnitudePruning(0.9), X)
    assert sparse.issparse(again.coef_)
    assert np.array_equal(again.densify().coef_, prune(small, MagnitudePruning(0.9), X).coef_)


@pytest.mark.parametrize("name", [name for name, (model, _) in SPECIMENS.items() if hasattr(model, "eta0")])
def test_linear_models_train_on_from_the_pruned_weights(name):
    y = SPECIMENS[name][1]
    small = prune(fitted(name), MagnitudePruning(0.6), X)
    weights = find_adapter(small).layers[0].weights
    unchanged = pickle.loads(pickle.dumps(small)).partial_fit(X[:1], y[:1])
    moved = np.abs(find_adapter(unchanged).layers[0].weights - weights).max()
    from_old = np.abs(find_adapter(unchanged).layers[0].weights - find_adapter(fitted(name)).layers[0].weights).max()
    assert moved < from_old
