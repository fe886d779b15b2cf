"""What each method for layers takes away, and paths of them."""

import pickle
from itertools import combinations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.layers.families import A_FEW, SPECIMENS, THREE, X, fitted
from tests.layers.test_every_pair import OF_CLASSES
from treeprune import layer_pruning, prune, pruning_path
from treeprune.layers.adapters import find_adapter
from treeprune.methods import FineGrainedPruning, MagnitudePruning, OptimalBrainSurgeon, SparsityPruning, UnitPruning

NETWORK, LINEAR = "MLPClassifier, 3 classes", "LogisticRegression, 3 classes"


def weights_of(model):
    return [layer.weights for layer in find_adapter(model).layers]


@pytest.mark.parametrize("name", A_FEW)
class TestWhichGo:
    def test_the_smallest_weights_of_all(self, name):
        before = np.concatenate([w.ravel() for w in weights_of(fitted(name))])
        left = weights_of(prune(fitted(name), MagnitudePruning(0.6, reconstruct=None)))
        after = np.concatenate([w.ravel() for w in left])
        assert np.array_equal(after[after != 0], before[after != 0])
        assert np.abs(before[after == 0]).max() <= np.abs(after[after != 0]).min()
        assert np.sum(after == 0) == max(round(0.6 * len(before)), np.sum(before == 0))

    def test_the_smallest_weights_of_each_layer(self, name):
        left = weights_of(prune(fitted(name), MagnitudePruning(0.6, "layer", reconstruct=None)))
        for before, after in zip(weights_of(fitted(name)), left, strict=True):
            assert np.sum(after == 0) == max(round(0.6 * before.size), np.sum(before == 0))
            assert np.abs(before[after == 0]).max() <= np.abs(after[after != 0]).min()

    def test_weights_up_to_a_threshold(self, name):
        for before, after in zip(
            weights_of(fitted(name)), weights_of(prune(fitted(name), SparsityPruning(0.2))), strict=True
        ):
            assert np.array_equal(after, np.where(np.abs(before) > 0.2, before, 0.0))

    @pytest.mark.parametrize(("kept", "of"), [(2, 4), (1, 4), (4, 4), (0, 3), (1, 5)])
    def test_a_pattern(self, name, kept, of):
        left = weights_of(prune(fitted(name), FineGrainedPruning(f"{kept}:{of}", reconstruct=None)))
        for before, after in zip(weights_of(fitted(name)), left, strict=True):
            for unit in range(before.shape[1]):
                for start in range(0, len(before), of):
                    group = before[start : start + of, unit]
                    best = np.sort(np.abs(group))[::-1][:kept].sum()
                    assert np.isclose(np.abs(after[start : start + of, unit]).sum(), best)
                    assert np.count_nonzero(after[start : start + of, unit]) <= kept

    def test_a_share_of_each_unit(self, name):
        left = weights_of(prune(fitted(name), FineGrainedPruning(None, 0.7, reconstruct=None)))
        for before, after in zip(weights_of(fitted(name)), left, strict=True):
            n_kept = len(before) - round(0.7 * len(before))
            best = np.sort(np.abs(before), axis=0)[::-1][:n_kept].sum(axis=0)
            assert np.allclose(np.abs(after).sum(axis=0), best)


class TestUnits:
    def test_by_norm(self):
        first, second, _ = weights_of(fitted(NETWORK))
        small = prune(fitted(NETWORK), UnitPruning(n_units=(7, 4), criterion="norm", reconstruct=None))
        units = [np.sort(np.argsort(-np.abs(w).sum(axis=0))[:n]) for w, n in ((first, 7), (second, 4))]
        assert np.array_equal(small.coefs_[0], first[:, units[0]])
        assert np.array_equal(small.coefs_[1], second[np.ix_(*units)])

    def test_by_activation(self):
        layers = find_adapter(fitted(NETWORK)).layers
        spread = layers[0].outputs(X).std(axis=0) * np.linalg.norm(layers[1].weights, axis=1)
        best = np.sort(np.argsort(-spread)[:5])
        small = prune(fitted(NETWORK), UnitPruning(n_units=5, criterion="activation", reconstruct=None), X)
        assert np.array_equal(small.coefs_[0], fitted(NETWORK).coefs_[0][:, best])

    def test_by_surgery_is_better_than_by_norm(self):
        """The squares that are left of the sums of the next layer, beside all sets of the same size."""
        layers = find_adapter(fitted(NETWORK)).layers
        given = layers.feed(X)[2].rows
        wanted = layers[2].sums(given)

        def left(units):
            rows = np.column_stack([given[:, units], np.ones(len(X))])
            return np.linalg.lstsq(rows, wanted, rcond=None)[1].sum()

        every = sorted(left(list(units)) for units in combinations(range(6), 3))
        found = {}
        for criterion in ("obs", "norm"):
            method = UnitPruning(n_units=(10, 3), criterion=criterion)
            found[criterion] = left(np.flatnonzero(method.keep(layers, layers.feed(X)).units[1]))
        assert found["obs"] <= every[len(every) // 10]
        assert found["obs"] <= found["norm"]

    @pytest.mark.parametrize("criterion", ["norm", "activation", "obs"])
    @pytest.mark.parametrize("name", [LINEAR, NETWORK])
    def test_columns(self, name, criterion):
        small = prune(fitted(name), UnitPruning(n_units=4, criterion=criterion, of="inputs"), X)
        used = find_adapter(small).used_features
        assert used.sum() == 4
        other = X.copy()
        other[:, ~used] = 7.0
        assert np.array_equal(small.predict_proba(other), small.predict_proba(X))
        assert [w.shape for w in weights_of(small)] == [w.shape for w in weights_of(fitted(name))]

    def test_one_stays(self):
        assert prune(fitted(NETWORK), UnitPruning(0.999), X).hidden_layer_sizes == (1, 1)

    def test_more_than_there_are(self):
        small = prune(fitted(NETWORK), UnitPruning(n_units=50), X)
        assert np.array_equal(small.predict_proba(X), fitted(NETWORK).predict_proba(X))

    def test_names_the_kind_of_size_that_was_given(self):
        one = prune(fitted("MLPClassifier, 2 classes, tanh"), UnitPruning(0.5), X)
        assert one.hidden_layer_sizes == 4
        assert clone(one).fit(X, THREE).coefs_[0].shape == (12, 4)


PATHS = [method for method in OF_CLASSES if not isinstance(method, SparsityPruning)]


def test_amounts_of_paths_rise_from_nothing():
    assert layer_pruning.AMOUNTS[0] == 0
    assert (np.diff(layer_pruning.AMOUNTS) > 0).all()
    assert layer_pruning.AMOUNTS[-1] < 1
    path = pruning_path(fitted(LINEAR), MagnitudePruning(reconstruct=None))
    assert path.amounts.tolist() == list(layer_pruning.AMOUNTS)


AMOUNTS = (0.0, 0.5, 0.9)


@pytest.mark.parametrize("method", PATHS, ids=repr)
class TestPaths:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch):
        """Few amounts."""
        monkeypatch.setattr(layer_pruning, "AMOUNTS", AMOUNTS)

    def test_is_what_prune_gives(self, method):
        y = SPECIMENS[NETWORK][1]
        path = pruning_path(fitted(NETWORK), method, X, y)
        assert path.amounts.tolist() == list(AMOUNTS)
        assert len(path) == len(AMOUNTS) == len(path.to_frame())
        for step in (0, 1, -1):
            small = prune(fitted(NETWORK), method.at(AMOUNTS[step]), X)
            assert np.array_equal(path.prune(step=step).predict_proba(X), small.predict_proba(X))
            assert path.scores[step] == small.score(X, y)
            layers = find_adapter(small).layers
            assert (path.n_weights[step], path.n_units[step]) == (layers.n_weights, layers.n_units)
        between = path.prune(amount=0.33)
        assert np.array_equal(between.predict(X), prune(fitted(NETWORK), method.at(0.33), X).predict(X))
        assert (np.diff(path.n_weights) <= 0).all()

    def test_pickles_and_says_what_is_wrong(self, method):
        path = pickle.loads(pickle.dumps(pruning_path(fitted(LINEAR), method, X)))
        assert path.scores is None
        assert "score" not in path.to_frame()
        for wrong in ({}, {"amount": 0.5, "step": 1}, {"step": 99}, {"step": 0.5}, {"amount": "half"}, {"amount": 2.0}):
            with pytest.raises(ValueError, match=r"step|amount"):
                path.prune(**wrong)


def test_a_path_of_a_pipeline_scores_the_whole():
    whole = make_pipeline(StandardScaler(), clone(SPECIMENS[LINEAR][0])).fit(X, THREE)
    path = pruning_path(whole, OptimalBrainSurgeon(), X, THREE)
    assert path.scores[0] == whole.score(X, THREE)
    assert type(path.prune(step=5)) is type(whole)
    assert path.n_weights[-1] == 0
