"""Each compiled loop against its slow twin; the same tests pass on the uncompiled functions."""

import ast
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests import naive
from treeprune.core import kernels
from treeprune.core.forest import preorder_children

finite = st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100)


@st.composite
def uncanonical(draw):
    """Random forests, one to three trees, in the order in which their nodes were split."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return naive.random_forest(rng, draw(st.lists(st.integers(1, 8), min_size=1, max_size=3)))


@given(uncanonical(), st.data())
def test_structure_fault_finds_exactly_the_unsound(forest, data):
    left, right = forest.children_left.copy(), forest.children_right.copy()
    side = data.draw(st.sampled_from([left, right]))
    side[data.draw(st.integers(0, len(side) - 1))] = data.draw(st.integers(-2, len(side)))
    visited, stack = np.zeros(len(left), np.uint8), np.empty(len(left), np.int32)
    code, *_ = kernels.structure_fault(forest.root, forest.start, left, right, visited, stack)
    assert (code == 0) == naive.is_sound(forest.root, forest.start, left, right)
    if code == 0:
        assert set(np.flatnonzero(visited)) == set(naive.preorder(forest.root, left, right))


@given(uncanonical())
def test_preorder(forest):
    order, split, root = forest.preorder(forest.root)
    assert order.tolist() == naive.preorder(forest.root, forest.children_left, forest.children_right)
    assert split.tolist() == (~forest.is_leaf[order]).tolist()
    assert [order[at] for at in root] == forest.root.tolist()


@given(naive.forests(max_trees=3))
def test_subtree_end_and_depth(forest):
    assert forest.end.tolist() == naive.subtree_end(forest)
    assert forest.depth.tolist() == naive.node_depth(forest)


@given(naive.forests(max_trees=3), st.data())
def test_preorder_of_what_remains(forest, data):
    collapse = data.draw(arrays(bool, forest.n_nodes))
    below = [st.sampled_from(naive.subtree(forest, node)) for node in range(forest.n_nodes)]
    source = np.array(data.draw(st.tuples(*below)) if data.draw(st.booleans()) else range(forest.n_nodes), np.int32)
    origin, split, root = forest.preorder(forest.root, collapse, source)
    left, right = preorder_children(split)
    expected = naive.survivors(forest.root, forest.children_left, forest.children_right, collapse, source)
    assert [array.tolist() for array in (origin, left, right, root)] == list(expected)


@given(finite, finite)
def test_two_sum_and_two_product_are_exact(a, b):
    assert kernels.two_sum(a, b) == naive.two_sum(a, b)
    assert kernels.two_product(a, b) == naive.two_product(a, b)


@given(st.tuples(finite, finite), st.tuples(finite, finite))
def test_pair_sum_keeps_a_hundred_bits(a, b):
    (a_high, a_low), (b_high, b_low) = naive.two_sum(*a), naive.two_sum(*b)
    exact = sum(map(Fraction, (a_high, a_low, b_high, b_low)))
    high, low = kernels.pair_sum(a_high, a_low, b_high, b_low)
    assert high == high + low  # normalised
    scale = max(map(abs, map(Fraction, (a_high, b_high))))
    assert abs(Fraction(high) + Fraction(low) - exact) <= scale * Fraction(1, 2**104)


@given(st.data())
def test_sums_by_index(data):
    n_rows, n = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 4))
    index = data.draw(arrays(np.int64, n_rows, elements=st.integers(0, n - 1)))
    weight, x = (data.draw(arrays(np.float64, n_rows, elements=st.floats(low, 1e6))) for low in (0.0, -1e6))
    high, low = np.zeros(n), np.zeros(n)
    kernels.sums_by_index(index, weight, x, high, low)
    exact = naive.sums_by_index(index, weight, x, n)
    size = naive.sums_by_index(index, weight, abs(x), n)
    for h, error, e, s in zip(high, low, exact, size, strict=True):
        assert abs(Fraction(h) + Fraction(error) - e) <= s * Fraction(1, 2**95) + Fraction(1, 10**300)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6)), min_size=1), st.randoms())
def test_sums_do_not_depend_on_the_order_of_rows(rows, random):
    assume(all(w * abs(x) == 0 or w * abs(x) > 1e-200 for w, x in rows))

    def total(rows):
        high, low = np.zeros(1), np.zeros(1)
        weight, x = np.array(rows).T.copy()
        kernels.sums_by_index(np.zeros(len(rows), np.int64), weight, x, high, low)
        return high[0]

    shuffled = rows.copy()
    random.shuffle(shuffled)
    size = sum(abs(w * x) for w, x in rows)
    exact = sum(Fraction(w) * Fraction(x) for w, x in rows)
    assume(abs(exact) > size * 1e-9)  # cancellation beyond that leaves the result less than 53 of 106 bits
    assert total(rows) == total(shuffled) == float(exact)


@given(naive.forests(max_trees=3), st.data())
def test_accumulate(forest, data):
    of_leaf = data.draw(arrays(np.float64, forest.n_nodes, elements=st.integers(-100, 100))) * forest.is_leaf
    high, low = of_leaf / 8, of_leaf * 2.0**-60
    exact = naive.accumulate(forest, [Fraction(h) + Fraction(e) for h, e in zip(high, low, strict=True)])
    kernels.accumulate(forest.parent, high, low)
    assert [Fraction(h) + Fraction(e) for h, e in zip(high, low, strict=True)] == exact


@given(naive.forests(max_trees=3))
def test_preorder_children(forest):
    left, right = preorder_children(~forest.is_leaf)
    np.testing.assert_array_equal(left, forest.children_left)
    np.testing.assert_array_equal(right, forest.children_right)


KERNELS = [
    pytest.param(function, id=f"{path.stem}.{function.name}")
    for path in sorted(Path(kernels.__file__).parents[1].rglob("*.py"))
    for function in ast.walk(ast.parse(path.read_text()))
    if isinstance(function, ast.FunctionDef)
    and any(isinstance(name, ast.Name) and name.id in ("kernel", "part") for name in function.decorator_list)
]


@pytest.mark.parametrize("function", KERNELS)
def test_kernels_do_nothing_that_takes_long_to_compile(function):
    """No allocation, method of an array, or assigned slice: callers allocate, and loops are quick to compile."""
    called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    assert {name for name in called if "." in name} <= {
        *("np.isnan", "np.nextafter", "np.log", "np.exp"),
        *("math.sqrt", "math.pow"),
    }
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Subscript)]
    assert not [ast.unparse(n) for n in assigned if isinstance(n.ctx, ast.Store) and ":" in ast.unparse(n.slice)]


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="this is the run without compilation")
def test_without_compilation():
    tests = Path(__file__).parents[1]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=few"]
    command = [sys.executable, "-m", "pytest", *options, str(tests / "core/test_kernels.py"), str(tests / "search")]
    run = subprocess.run(
        command, cwd=tests.parent, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


@given(naive.forests(), st.data())
def test_add_pruned_values(forest, data):
    """Of the collapsed nodes above a row's leaf, the one nearest to the root gives the value, else the leaf."""
    strength = np.array(data.draw(st.lists(st.integers(0, 4), min_size=forest.n_nodes, max_size=forest.n_nodes)), float)
    for node in reversed(range(1, forest.n_nodes)):
        strength[forest.parent[node]] = max(strength[forest.parent[node]], strength[node])
    leaves = [-1, *np.flatnonzero(forest.is_leaf)]
    leaf = np.array(data.draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=6)), np.int32)
    alphas, value = np.array([-1.0, 0.5, 2.0, 3.0, 9.0]), forest.value.reshape(forest.n_nodes, -1)
    of_leaf = np.arange(len(leaf) * value.shape[1], dtype=float).reshape(len(leaf), -1)
    total = np.zeros((len(leaf), len(alphas), 2 + value.shape[1]))
    kernels.add_pruned_values(leaf, of_leaf, forest.parent, strength, alphas, value, 2, total)
    expected = naive.add_pruned_values(forest, leaf, of_leaf, strength, alphas)
    np.testing.assert_array_equal(total[:, :, 2:], expected)
    assert not total[:, :, :2].any()


@given(st.integers(0, 2**32 - 1))
def test_add_leaf_values(seed):
    rng = np.random.default_rng(seed)
    n_rows, cuts = 9, np.sort(rng.integers(0, 10, 3))
    span, row = np.stack([cuts[:-1], cuts[1:]], axis=1), rng.permutation(n_rows).astype(np.int32)
    column, value, score = rng.integers(0, 2, 2), rng.normal(size=(2, 2)), rng.normal(size=(n_rows, 3))
    expected = score.copy()
    for (first, last), c, v in zip(span, column, value, strict=True):
        expected[row[first:last], c : c + 2] += v
    kernels.add_leaf_values(span, row, column, value, score)
    np.testing.assert_array_equal(score, expected)
