"""What is refused, before work starts, and in which words."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tests.layers.families import A_FEW, SPECIMENS, THREE, X, fitted
from tests.layers.test_every_pair import OF_CLASSES
from treeprune import Pruner, PrunerCV, prune, pruning_path
from treeprune.exceptions import MissingStatisticError, ModelFormatError, UnsupportedModelError
from treeprune.layers.layers import Layer, Layers
from treeprune.methods import (
    LAYER_ALIASES,
    CostComplexity,
    FineGrainedPruning,
    MagnitudePruning,
    OptimalBrainSurgeon,
    Sequence,
    SparsityPruning,
    UnitPruning,
)

LINEAR, NETWORK = "LogisticRegression, 3 classes", "MLPClassifier, 3 classes"


class TestPairsThatDoNotFit:
    @pytest.mark.parametrize("method", ["cost_complexity", "mdl", CostComplexity(alpha=0.1)])
    @pytest.mark.parametrize("name", [LINEAR, NETWORK])
    def test_a_method_for_trees_on_weights(self, method, name):
        words = "No adapter for .* There is a model made of weights, which methods such as MagnitudePruning prune"
        for call in (prune, pruning_path) if method != "mdl" else (prune,):
            with pytest.raises(UnsupportedModelError, match=words):
                call(fitted(name), method)
        words = "no tree model inside Pipeline.* There is a model made of weights"
        with pytest.raises(UnsupportedModelError, match=words):
            prune(make_pipeline(StandardScaler(), clone(SPECIMENS[LINEAR][0])).fit(X, THREE), method)

    @pytest.mark.parametrize("alias", LAYER_ALIASES)
    def test_a_method_for_weights_on_trees(self, alias):
        tree = DecisionTreeClassifier(max_depth=2).fit(X, THREE)
        words = "No adapter reads the layers of .*DecisionTreeClassifier.* There is a tree model, which methods such as"
        with pytest.raises(UnsupportedModelError, match=words):
            prune(tree, alias, X)
        with pytest.raises(UnsupportedModelError, match=r"no model made of weights inside Pipeline.*There is a tree"):
            prune(make_pipeline(StandardScaler(), tree).fit(X, THREE), alias, X)
        with pytest.raises(UnsupportedModelError, match=r"No adapter reads the layers of .*RandomForest"):
            prune(RandomForestClassifier(2).fit(X, THREE), alias, X)

    @pytest.mark.parametrize("model", [KNeighborsClassifier(), SVC()], ids=repr)
    def test_a_model_of_neither_kind(self, model):
        with pytest.raises(UnsupportedModelError, match=r"No adapter reads the layers.*supported: .*LinearSVC"):
            prune(model.fit(X, THREE), "magnitude", X)
        with pytest.raises(UnsupportedModelError, match="is a class; a fitted model of it is needed"):
            prune(LogisticRegression, "magnitude", X)

    def test_where_only_trees_are_pruned(self):
        for estimator in (Pruner, PrunerCV):
            with pytest.raises(UnsupportedModelError, match=r"No adapter reads the layers of .*DecisionTree"):
                estimator(DecisionTreeClassifier(), MagnitudePruning(0.5)).fit(X, THREE)
        with pytest.raises(TypeError, match="'methods' parameter must be a method for trees here: UnitPruning"):
            prune(DecisionTreeClassifier().fit(X, THREE), Sequence(["unit"]))
        with pytest.raises(UnsupportedModelError, match=r"no tree model|No adapter for"):
            Pruner(LogisticRegression()).fit(X, THREE)

    @pytest.mark.parametrize("name", ["base_margin", "init_score"])
    def test_what_only_boosted_trees_know(self, name):
        with pytest.raises(ValueError, match=f"'{name}' parameter must be None for models made of weights"):
            prune(fitted(LINEAR), "magnitude", X, **{name: np.zeros(len(X))})


@pytest.mark.parametrize(
    ("method", "words"),
    [
        *((cls(amount=amount), "'amount' parameter of") for cls in (MagnitudePruning, OptimalBrainSurgeon)
          for amount in (-0.1, 1.1, "half", None, np.nan, True)),
        (UnitPruning(amount=1.0), r"'amount' parameter of UnitPruning must be a float in the range \[0.0, 1.0\)"),
        (UnitPruning(n_units=0), "'n_units' parameter of UnitPruning must be an int of at least 1"),
        (UnitPruning(n_units=[3, 2.5]), "'n_units' parameter of UnitPruning"),
        (UnitPruning(n_units=[3, 3, 3]), "one for each of the 2 layers that lose units"),
        (UnitPruning(amount=0.5, n_units=3), "either an 'amount' or 'n_units'"),
        (UnitPruning(criterion="size"), "'criterion' parameter of UnitPruning"),
        (UnitPruning(of="outputs"), "'of' parameter of UnitPruning"),
        (MagnitudePruning(scope="all"), "'scope' parameter of MagnitudePruning"),
        (MagnitudePruning(scope=None), "'scope' parameter of MagnitudePruning"),
        (MagnitudePruning(reconstruct=True), "'reconstruct' parameter of MagnitudePruning"),
        (SparsityPruning(threshold=-1), "'threshold' parameter of SparsityPruning"),
        (SparsityPruning(storage="csr"), "'storage' parameter of SparsityPruning"),
        (FineGrainedPruning(amount=0.5), "either a 'pattern' or an 'amount'"),
        (FineGrainedPruning(pattern=None), "either a 'pattern' or an 'amount'"),
        (FineGrainedPruning(pattern="3:2"), "'pattern' parameter of FineGrainedPruning"),
        (FineGrainedPruning(pattern="2/4"), "'pattern' parameter of FineGrainedPruning"),
        (FineGrainedPruning(pattern="0:0"), "'pattern' parameter of FineGrainedPruning"),
    ],
    ids=repr,
)  # fmt: skip
def test_parameters(method, words):
    with pytest.raises(ValueError, match=words):
        prune(fitted(NETWORK), method, X)


@pytest.mark.parametrize("name", A_FEW)
class TestRows:
    def test_none(self, name):
        for alias in ("magnitude", "fine_grained", "unit", "optimal_brain_surgeon"):
            with pytest.raises(MissingStatisticError, match="needs rows for calibration: give X"):
                prune(fitted(name), alias)
        with pytest.raises(MissingStatisticError, match=r"give X\.$"):
            prune(fitted(name), OptimalBrainSurgeon(0.5, reconstruct=None))
        prune(fitted(name), MagnitudePruning(0.5, reconstruct=None))
        with pytest.raises(ValueError, match="'y' and 'sample_weight' parameters need X"):
            prune(fitted(name), "magnitude", None, SPECIMENS[name][1])

    @pytest.mark.parametrize("reconstruct", ["least_squares", None])
    def test_of_another_width(self, name, reconstruct):
        for rows in (X[:, :-1], np.hstack([X, X])):
            with pytest.raises(ValueError, match=f"has {rows.shape[1]} features, but .* is expecting 12 features"):
                prune(fitted(name), MagnitudePruning(0.5, reconstruct=reconstruct), rows)

    @pytest.mark.parametrize("n_rows", [0, 1, 9])
    def test_too_few(self, name, n_rows):
        with pytest.raises(ValueError, match=f"Found array with {n_rows} sample.*a minimum of 10 is required"):
            prune(fitted(name), "magnitude", X[:n_rows])

    def test_few_are_enough(self, name):
        small = prune(fitted(name), MagnitudePruning(0.5), X[:10])
        assert np.isfinite(np.asarray(small.score(X, SPECIMENS[name][1])))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_finite(self, name, value):
        rows = X.copy()
        rows[3, 2] = value
        with pytest.raises(ValueError, match="Input X contains"):
            prune(fitted(name), "magnitude", rows)

    def test_no_numbers(self, name):
        with pytest.raises(ValueError, match="could not convert string to float"):
            prune(fitted(name), "magnitude", np.full(X.shape, "a"))

    def test_weights_and_targets(self, name):
        y = SPECIMENS[name][1]
        for weight, words in (
            (np.ones(3), "inconsistent|shape"),
            (np.zeros(len(X)), "zero"),
            (-np.ones(len(X)), "negative"),
        ):
            with pytest.raises(ValueError, match=words):
                prune(fitted(name), MagnitudePruning(0.5), X, y, sample_weight=weight)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            prune(fitted(name), MagnitudePruning(0.5), X, y[:-1])

    def test_constant_rows_and_constant_columns(self, name):
        for rows in (np.ones_like(X), X * (np.arange(12) < 3)):
            for method in OF_CLASSES:
                assert np.isfinite(np.asarray(prune(fitted(name), method, rows).score(X, SPECIMENS[name][1])))


@pytest.mark.parametrize("name", A_FEW)
def test_unfitted_models(name):
    for call in (prune, pruning_path):
        with pytest.raises(NotFittedError):
            call(clone(SPECIMENS[name][0]), "magnitude", X)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
class TestWeightsThatAreNotFinite:
    def test_linear(self, value):
        for attribute, field in (("coef_", "weights"), ("intercept_", "bias")):
            model = deepcopy(fitted(LINEAR))
            getattr(model, attribute)[1] = value
            with pytest.raises(ModelFormatError, match=f"Layer 0: {field} must be finite"):
                prune(model, "magnitude", X)

    def test_network(self, value):
        for attribute, field in (("coefs_", "weights"), ("intercepts_", "bias")):
            model = deepcopy(fitted(NETWORK))
            getattr(model, attribute)[1][2] = value
            with pytest.raises(ModelFormatError, match=f"Layer 1: {field} must be finite"):
                prune(model, "magnitude", X)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.coefs_.__setitem__(1, m.coefs_[1][:-1]), "Layer 1: weights for 9 inputs, but 10 come in"),
        (lambda m: m.intercepts_.__setitem__(0, m.intercepts_[0][:-1]), r"Layer 0: a bias of shape \(9,\) for 10"),
        (lambda m: m.coefs_.__setitem__(2, m.coefs_[2][:, 0]), r"Layer 2: weights of shape \(6,\) are no matrix"),
        (lambda m: setattr(m, "activation", "swish"), "Layer 0: the activation 'swish' is none of"),
        (lambda m: m.coefs_.pop(), "shorter|longer|zip"),
    ],
)  # fmt: skip
def test_malformed_networks(change, words):
    model = deepcopy(fitted(NETWORK))
    change(model)
    with pytest.raises(ValueError, match=words):
        prune(model, "magnitude", X)


def test_layers_say_what_is_wrong_with_them():
    with pytest.raises(ModelFormatError, match=r"Layer 0: weights of shape \(0, 2\)"):
        Layers((Layer(np.empty((0, 2)), np.zeros(2)),)).validate()


def test_hidden_units_of_a_model_without():
    with pytest.raises(ValueError, match="'of' parameter of UnitPruning must be 'inputs'"):
        prune(fitted(LINEAR), UnitPruning(0.5, of="hidden"), X)


def test_methods_without_an_amount_have_no_path():
    with pytest.raises(ValueError, match="SparsityPruning gives no path: it has no 'amount'"):
        pruning_path(fitted(LINEAR), "sparsity", X)


def test_composites_that_show_rows_by_targets_need_targets():
    model = OneVsRestClassifier(LogisticRegression()).fit(X, THREE)
    with pytest.raises(ValueError, match="see rows by their targets: give y"):
        prune(model, MagnitudePruning(0.5), X)


def test_a_model_that_is_refused_is_as_it_was():
    model = deepcopy(fitted(NETWORK))
    before = pickle.dumps(model)
    for rows in (X[:, :3], X[:2]):
        with pytest.raises(ValueError, match=r"X has|Found array"):
            prune(model, MagnitudePruning(0.5), rows)
    assert pickle.dumps(model) == before
