"""PruningPath: every tree of a path in one array, consistent with itself and with exact sums."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from tests import naive
from treeprune import pruning_path
from treeprune.core.graft import graft
from treeprune.core.path import PruningPath
from treeprune.search.weakest_link import strengths


@st.composite
def paths(draw, max_trees=2):
    """Cost-complexity paths under random risks, merged where rounding set them apart."""
    forest = draw(naive.forests(max_leaves=10, max_trees=max_trees))
    risk = draw(naive.risks(forest))
    unit = draw(st.sampled_from([0.0, 1e-15, 1e-2]))
    return PruningPath(forest, strengths(forest, risk), risk, resolution=unit * risk.max())


@given(paths())
def test_steps_rise_from_the_whole_tree_to_the_roots(path):
    assert path.alphas[0] == 0
    assert (np.diff(path.alphas) > 0).all()
    assert (np.diff(path.n_leaves) < 0).all()
    assert path.n_leaves[0] == path.forest.n_leaves
    assert path.n_leaves[-1] == path.forest.n_trees
    assert len(path) == len(path.alphas) == len(path.n_leaves) == len(path.impurities)


@given(paths())
def test_the_tree_at_each_alpha_has_the_leaves_and_the_impurity_of_its_step(path):
    for step, alpha in enumerate(path.alphas):
        for plan in (path.plan(alpha=alpha), path.plan(step=step), path.plan(n_leaves=path.n_leaves[step])):
            small, origin = graft(path.forest, plan)
            assert small.n_leaves == path.n_leaves[step]
            exact = sum(map(Fraction, path.risk[origin[small.is_leaf]]))
            assert path.impurities[step] == pytest.approx(float(exact), rel=1e-12, abs=1e-12 * path.risk.max())


@given(paths(), st.integers(1, 3))
def test_totals_of_any_additive_score(path, columns):
    score = np.random.default_rng(0).integers(-9, 9, (path.forest.n_nodes, columns)).astype(float)
    totals = path.totals(score)
    for step in range(len(path)):
        small, origin = graft(path.forest, path.plan(step=step))
        assert np.array_equal(totals[step], score[origin[small.is_leaf]].sum(axis=0))
    assert np.array_equal(path.totals(score[:, 0]), totals[:, 0])


@given(paths(), paths())
def test_totals_at_the_strengths_of_another_path(path, other):
    score = np.random.default_rng(0).integers(-9, 9, path.forest.n_nodes).astype(float)
    alphas = np.sort(np.append(other.alphas, 1e6))
    for alpha, total in zip(alphas, path.totals(score, alphas), strict=True):
        small, origin = graft(path.forest, path.plan(alpha=alpha))
        assert total == score[origin[small.is_leaf]].sum()


@given(paths())
def test_strengths_within_the_resolution_share_a_step(path):
    strength = path.strength[path.forest.internal]
    assert (np.diff(path.alphas[1:]) > path.resolution).all()
    assert (path.alphas[1:] >= path.resolution).all()
    for s in strength:  # the alpha of its step is the first not below it, and rounding's length away at most
        alpha = path.alphas[np.searchsorted(path.alphas, s)]
        run = np.sort(strength[(strength >= s) & (strength <= alpha)])
        assert alpha in strength or alpha == path.resolution
        assert (np.diff(run) <= path.resolution).all()


@given(paths())
def test_step_of_an_alpha_between_steps(path):
    for step, (low, high) in enumerate(zip(path.alphas[:-1], path.alphas[1:], strict=True)):
        if low + path.resolution * path.forest.n_nodes < high:
            alpha = (low + high) / 2
            assert path.step(alpha=alpha) == step
            assert graft(path.forest, path.plan(alpha=alpha))[0].n_leaves == path.n_leaves[step]
    assert path.step(alpha=2 * path.alphas[-1] + 1) == len(path) - 1


@given(paths(), st.integers(1, 25))
def test_the_largest_tree_with_at_most_so_many_leaves(path, n_leaves):
    if n_leaves < path.forest.n_trees:
        with pytest.raises(
            ValueError, match=f"'n_leaves' parameter must be an int and at least {path.forest.n_trees}.*Got"
        ):
            path.step(n_leaves=n_leaves)
    else:
        assert path.n_leaves[path.step(n_leaves=n_leaves)] == max(n for n in path.n_leaves if n <= n_leaves)


@pytest.fixture
def path():
    """Three splits of strengths 1, 2, 3, the last the root."""
    forest = naive.chain(3)
    strength = np.where(forest.is_leaf, 0.0, 3.0 - forest.depth)
    risk = np.where(forest.is_leaf, 0.0, strength * (strength + 1) / 2)
    return PruningPath(forest, strength, risk, write=lambda plan: graft(forest, plan)[0])


def test_prune_writes_the_plan(path):
    assert path.alphas.tolist() == [0, 1, 2, 3]
    assert path.prune(alpha=1.5).n_leaves == 3
    assert path.prune(alpha=99.0).n_leaves == 1
    assert path.prune(alpha=0).n_leaves == 4
    assert path.prune(n_leaves=3).n_leaves == 3
    assert path.prune(step=-1).n_leaves == 1


def test_table(path):
    frame = path.to_frame()
    assert frame.index.name == "step"
    assert frame.to_dict("list") == {
        "alpha": [0, 1, 2, 3],
        "n_leaves": [4, 3, 2, 1],
        "impurity": [0, 1, 3, 6],
        "relative_impurity": [0, 1 / 6, 3 / 6, 1],
    }


def test_a_long_chain():
    forest = naive.chain(100_000)
    strength = np.where(forest.is_leaf, 0.0, 100_000.0 - forest.depth)
    path = PruningPath(forest, strength, strength)
    assert np.array_equal(path.n_leaves, np.arange(100_001, 0, -1))
    assert graft(forest, path.plan(n_leaves=7))[0].n_leaves == 7


def test_a_root_alone():
    forest = naive.chain(1).take(np.array([1]), np.array([-1]), np.array([-1]), np.array([0], np.int32))
    path = PruningPath(forest, np.zeros(1), np.zeros(1))
    assert (len(path), path.n_leaves.tolist(), path.impurities.tolist()) == (1, [1], [0.0])
    assert path.to_frame()["relative_impurity"].tolist() == [1.0]


def test_nodes_that_never_collapse(path):
    kept = PruningPath(path.forest, np.where(path.strength == 3, np.inf, path.strength), path.risk)
    assert kept.n_leaves.tolist() == [4, 3, 2]


@pytest.mark.parametrize("knobs", [{}, {"alpha": 1.0, "step": 1}, {"n_leaves": 2, "step": 1}])
def test_exactly_one_strength(path, knobs):
    with pytest.raises(ValueError, match="Give exactly one of 'alpha', 'n_leaves' and 'step'"):
        path.prune(**knobs)


@pytest.mark.parametrize("alpha", [-1.0, -5e-324, np.nan, np.inf, "1.0", True, [1.0]])
def test_bad_alpha(path, alpha):
    with pytest.raises(ValueError, match=r"'alpha' parameter must be a float in the range \[0.0, inf\). Got"):
        path.prune(alpha=alpha)


@pytest.mark.parametrize("n_leaves", [0, -1, 2.5, "2", True])
def test_bad_n_leaves(path, n_leaves):
    with pytest.raises(ValueError, match=r"'n_leaves' parameter must be .* Got"):
        path.prune(n_leaves=n_leaves)


@pytest.mark.parametrize("step", [4, -5, 1.5, "1", True])
def test_bad_step(path, step):
    with pytest.raises(ValueError, match=r"'step' parameter must be .* Got"):
        path.prune(step=step)


def test_impurities_that_cannot_be_negative_are_not_by_rounding():
    rng = np.random.default_rng(0)
    for seed in range(20):
        X, y = rng.normal(size=(60, 3)), rng.normal(1e3, 0.1, size=60).round(2)
        path = pruning_path(DecisionTreeRegressor(random_state=seed).fit(X, y))
        frame = path.to_frame()
        assert (frame[["impurity", "relative_impurity"]] >= 0).all(axis=None)
        sums = [max(path.risk[path.forest.is_leaf].sum(), 0.0), path.risk[0]]
        np.testing.assert_allclose(path.impurities[[0, -1]], sums, atol=1e-12)
