"""Orders of trees, each beside a slow and obvious twin, and the forests that they leave."""

import itertools

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import lars_path
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import train_test_split

from treeprune import prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.links import unlinked
from treeprune.methods import TreeSelection
from treeprune.methods.tree_selection import ORDERS
from treeprune.search import tree_orders


def fitted(estimator, load):
    X, y = load(return_X_y=True)
    X, X_prune, y, y_prune = train_test_split(X, y, test_size=0.4, random_state=0)
    return estimator.fit(X, y), X_prune, y_prune


FORESTS = {
    "two classes": fitted(RandomForestClassifier(12, max_depth=2, random_state=0), load_breast_cancer),
    "three classes": fitted(RandomForestClassifier(12, max_depth=1, random_state=0), load_wine),
    "numbers": fitted(RandomForestRegressor(12, max_depth=5, random_state=0), load_diabetes),
}
CLASSIFIERS = ["two classes", "three classes"]


def order_of(name, order):
    forest, X, y = FORESTS[name]
    path = pruning_path(forest, TreeSelection(order=order), X, y)
    kept = [set(range(12)) - set(np.flatnonzero(path.plan(step=s).drop_tree)) for s in range(1, 12)]
    sets = [set(range(12)), *kept][::-1]
    return [next(iter(b - a)) for a, b in itertools.pairwise([set(), *sets])]


def outputs(name):
    """What each tree gives for the rows, and what it should, shape (n_trees, n_rows, n_columns)."""
    forest, X, y = FORESTS[name]
    if name == "numbers":
        return np.stack([tree.predict(X)[:, None] for tree in forest.estimators_]), y[:, None]
    return np.stack([tree.predict_proba(X) for tree in forest.estimators_]), np.eye(len(forest.classes_))[y]


def votes_of(name):
    values, y = outputs(name)
    return values.argmax(axis=2), y.argmax(axis=1)


def greedy(n, best):
    chosen = []
    while len(chosen) < n:
        chosen.append(best(chosen, [tree for tree in range(n) if tree not in chosen]))
    return chosen


def vote(votes):
    return np.array([np.bincount(column).argmax() for column in votes.T])


@pytest.mark.parametrize("name", FORESTS)
def test_individual_error(name):
    values, y = outputs(name)
    errors = ((values - y) ** 2).sum(axis=(1, 2))
    assert np.all(np.diff(errors[order_of(name, "individual_error")]) >= -1e-9)


@pytest.mark.parametrize("name", FORESTS)
def test_reduced_error(name):
    values, y = outputs(name)

    def best(chosen, waiting):
        return min(waiting, key=lambda t: round(((values[[*chosen, t]].mean(axis=0) - y) ** 2).sum(), 9))

    assert order_of(name, "reduced_error") == greedy(12, best)


@pytest.mark.parametrize("name", FORESTS)
def test_the_path_tells_the_error_of_each_size(name):
    forest, X, y = FORESTS[name]
    path = pruning_path(forest, TreeSelection(), X, y)
    columns = 2 if name == "two classes" else 1  # two columns that err alike count once
    for step in (0, 3, 11):
        small = path.prune(step=step)
        predicted = small.predict(X)[:, None] if name == "numbers" else small.predict_proba(X)
        error = ((predicted - outputs(name)[1]) ** 2).sum(axis=1).mean() / columns
        np.testing.assert_allclose(path.impurities[step], error)
        assert len(small.estimators_) == 12 - step
        assert path.n_leaves[step] == find_adapter(small).forest.n_leaves


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_complementariness(name):
    votes, y = votes_of(name)

    def best(chosen, waiting):
        wrong = vote(votes[chosen]) != y if chosen else np.ones(len(y), bool)
        return max(waiting, key=lambda t: (votes[t] == y)[wrong].sum())

    assert order_of(name, "complementariness") == greedy(12, best)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_margin_distance(name):
    votes, y = votes_of(name)
    signature = np.where(votes == y, 1.0, -1.0)

    def distance(trees):
        return ((0.075 - signature[trees].sum(axis=0) / 12) ** 2).sum()

    order = order_of(name, "margin_distance")
    for size in range(12):
        least = min(distance([*order[:size], tree]) for tree in order[size:])
        np.testing.assert_allclose(distance(order[: size + 1]), least)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_orientation(name):
    votes, y = votes_of(name)
    signature = np.where(votes == y, 1.0, -1.0)
    mean = signature.mean(axis=0)
    reference = np.ones(len(y)) - (mean.sum() / (mean @ mean)) * mean
    assert abs(reference @ mean) < 1e-9
    angle = np.arccos(signature @ reference / np.linalg.norm(reference) / np.sqrt(len(y)))
    assert np.all(np.diff(angle[order_of(name, "orientation")]) >= -1e-9)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_diversity(name):
    votes, _ = votes_of(name)
    kappa = np.full((12, 12), np.inf)
    for a, b in itertools.permutations(range(12), 2):
        kappa[a, b] = cohen_kappa_score(votes[a], votes[b])
    found = order_of(name, "diversity")
    assert np.all(np.diff(kappa.min(axis=1)[found]) >= -1e-9)  # a tree comes with the first pair that it is in
    np.testing.assert_allclose(kappa[found[0], found[1]], kappa.min())


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_drep(name):
    votes, y = votes_of(name)

    def best(chosen, waiting):
        if not chosen:
            return max(waiting, key=lambda t: (votes[t] == y).sum())
        differs = sorted(waiting, key=lambda t: (votes[t] == vote(votes[chosen])).sum())
        kept = sorted(differs[: int(np.ceil(0.4 * len(waiting)))])
        return max(kept, key=lambda t: (vote(votes[[*chosen, t]]) == y).sum())

    assert order_of(name, "drep") == greedy(12, best)


@pytest.mark.parametrize("name", FORESTS)
def test_lasso(name):
    values, target = outputs(name)
    values, target = (values[..., 1:], target[:, 1:]) if name == "two classes" else (values, target)
    center = target.mean(axis=0)
    design, response = (values - center).reshape(12, -1).T, (target - center).ravel()
    entered = list(dict.fromkeys(lars_path(design, response, method="lasso", positive=True)[1]))
    assert order_of(name, "lasso")[: len(entered)] == entered


@pytest.mark.parametrize("name", FORESTS)
def test_lasso_refits_the_weights_of_what_it_keeps(name):
    forest, X, y = FORESTS[name]
    small = prune(forest, TreeSelection(4, order="lasso"), X, y)
    values, target = outputs(name)
    kept = find_adapter(forest).forest.tree_id[np.isin(range(12), _kept(name, 4))]
    center = target.mean(axis=0)
    design = (values[kept] - center).reshape(4, -1).T
    weights = np.linalg.lstsq(design, (target - center).ravel(), rcond=None)[0]
    expected = center + np.tensordot(weights, values[kept] - center, axes=1)
    found = small.predict(X)[:, None] if name == "numbers" else unlinked(small).predict_proba(X)
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert len(small.estimators_) == 4


def _kept(name, n):
    return sorted(order_of(name, "lasso")[:n])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", FORESTS)
def test_every_order_holds_every_tree_once(name, order):
    forest, X, y = FORESTS[name]
    if name == "numbers" and order in ORDERS[2:7]:
        with pytest.raises(ValueError, match="classifiers only"):
            prune(forest, TreeSelection(order=order), X, y)
        return
    assert sorted(order_of(name, order)) == list(range(12))
    assert len(prune(forest, TreeSelection(0.5, order=order), X, y).estimators_) == 6


def test_weights_count_as_repetitions():
    rng = np.random.default_rng(0)
    votes, y, weight = rng.integers(0, 3, (8, 40)), rng.integers(0, 3, 40), rng.integers(0, 4, 40).astype(float)
    again = np.repeat(np.arange(40), weight.astype(int))
    ones = np.ones(len(again))
    for order in (tree_orders.complementariness, tree_orders.drep):
        np.testing.assert_array_equal(order(votes, y, weight), order(votes[:, again], y[again], ones))
    for order in (tree_orders.margin_distance, tree_orders.orientation):
        np.testing.assert_array_equal(order(votes == y, weight), order((votes == y)[:, again], ones))
    np.testing.assert_array_equal(tree_orders.diversity(votes, weight), tree_orders.diversity(votes[:, again], ones))


def test_a_wrong_number_of_trees_is_refused():
    forest, X, y = FORESTS["numbers"]
    with pytest.raises(ValueError, match="'n_trees' parameter of TreeSelection"):
        prune(forest, TreeSelection(0), X, y)
