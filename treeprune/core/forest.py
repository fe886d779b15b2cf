"""Forest: every tree model as arrays over nodes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..exceptions import ModelFormatError

LEAF = -1
#: What a leaf's ``feature`` and ``threshold`` hold, as in scikit-learn.
NO_FEATURE = -2
NO_THRESHOLD = -2.0

_NODE_FIELDS = (
    "children_left",
    "children_right",
    "feature",
    "threshold",
    "value",
    "missing_go_to_left",
    "n_node_samples",
    "weighted_n_node_samples",
    "impurity",
    "gain",
    "category_set",
    "node_id",
)
_TREE_FIELDS = ("tree_id", "tree_class", "tree_weight")


def preorder_children(split: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Left and right children of nodes in preorder, given which of them split; malformed if these make no trees."""
    from . import kernels

    left, right = np.full((2, len(split)), LEAF, np.int32)
    kernels.preorder_children(split, left, right, np.empty(len(split), np.int32))
    return left, right


@dataclass(frozen=True, eq=False)
class Forest:
    """The trees of a fitted model as concatenated arrays, with scikit-learn's names.

    A single tree is a forest of one. The arrays are read-only. Node ids are positions in them. In a *canonical* forest
    (what `canonical` and every adapter give) trees follow one another and each is in preorder: the subtree of node
    ``i`` is the slice ``i:end[i]``, and a parent stands before its children.

    Parameters
    ----------
    root : ndarray of int32, shape (n_trees,)
        Id of each tree's root. Tree ``t`` owns the ids ``start[t]:start[t + 1]``.
    children_left, children_right : ndarray of int32, shape (n_nodes,)
        Ids of the children, -1 at leaves.
    feature : ndarray of int32, shape (n_nodes,)
        Column that a node splits on, -2 at leaves.
    threshold : ndarray of float64, shape (n_nodes,)
        Rows with ``x <= threshold`` (or ``<``, see `comparison`) go left.
    value : ndarray of float64, shape (n_nodes, n_outputs, n_values)
        What a node predicts: class fractions (`task` "classification"), a mean per output ("regression"), what
        the tree adds to the ensemble's raw score ("margin") or the path length to the node ("path_length").
    n_features : int
        Number of columns of the rows that the model takes.
    task : {"classification", "regression", "margin", "path_length"}
        What `value` means.
    criterion : str or None
        Loss whose weighted mean over a node's training rows is its `impurity`: "gini", "entropy",
        "squared_error", "absolute_error" or "poisson". For a boosted tree the rows' targets are its pseudo-residuals.
    n_classes : ndarray of int32, shape (n_outputs,), or None
        Number of classes of each output; `value` is padded with zeros up to the largest.
    missing_go_to_left : ndarray of bool, shape (n_nodes,), or None
        Where rows go whose value is missing. None: the model knows no missing values.
    n_node_samples : ndarray of int64, shape (n_nodes,), or None
        Number of training rows in each node.
    weighted_n_node_samples : ndarray of float64, shape (n_nodes,), or None
        Sum of their weights; for boosted trees of a second-order library, of their hessians.
    impurity : ndarray of float64, shape (n_nodes,), or None
        Stored training impurity; None where the family stores nothing meaningful.
    gain : ndarray of float64, shape (n_nodes,), or None
        What each split won in the objective that grew the tree, where the family stores that.
    comparison : {"<=", "<"}
        The test that sends a row to the left.
    category_set : ndarray of int32, shape (n_nodes,), or None
        Index into `category_sets` of the categories that go left; -1 where the split is a threshold.
    category_sets : tuple of ndarray of int32
        Sets of categories, each ascending.
    tree_class : ndarray of int32, shape (n_trees,), or None
        Column of the ensemble's raw score that each tree adds to; None: 0.
    tree_weight : ndarray of float64, shape (n_trees,), or None
        Factor of each tree's value in the ensemble's score; None: 1.
    start : ndarray of int64, shape (n_trees + 1,), or None
        First node of each tree and, last, the number of nodes; None: one tree, or `root` in canonical order.
    node_id : ndarray of int32, shape (n_nodes,), or None
        The model's own id of each node within its tree; None: the position within the tree.
    tree_id : ndarray of int32, shape (n_trees,), or None
        The model's own index of each tree; None: ``0..n_trees - 1``.
    per_stage : int
        Number of trees that the model stores side by side. A dropped tree is replaced by a single leaf, unless all
        trees of its stage are dropped.
    class_factor : ndarray of float64, shape (n_classes,), or None
        What the model's own weights of classes multiplied the weights of training rows by, for trees with one output;
        NaN where that is not known. None: they weigh the same.
    """

    root: NDArray[np.int32]
    children_left: NDArray[np.int32]
    children_right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    value: NDArray[np.float64]
    n_features: int
    task: str
    criterion: str | None = None
    n_classes: NDArray[np.int32] | None = None
    missing_go_to_left: NDArray[np.bool_] | None = None
    n_node_samples: NDArray[np.int64] | None = None
    weighted_n_node_samples: NDArray[np.float64] | None = None
    impurity: NDArray[np.float64] | None = None
    gain: NDArray[np.float64] | None = None
    comparison: str = "<="
    category_set: NDArray[np.int32] | None = None
    category_sets: tuple[NDArray[np.int32], ...] = ()
    tree_class: NDArray[np.int32] = None  # this and the next four: set when the forest is made
    tree_weight: NDArray[np.float64] = None
    start: NDArray[np.int64] = None
    node_id: NDArray[np.int32] = None
    tree_id: NDArray[np.int32] = None
    per_stage: int = 1
    class_factor: NDArray[np.float64] | None = None

    def __post_init__(self):
        n_nodes, n_trees = len(self.children_left), len(self.root)
        defaults = {
            "start": np.append(self.root, n_nodes).astype(np.int64),
            "tree_id": np.arange(n_trees, dtype=np.int32),
            "tree_class": np.zeros(n_trees, np.int32),
            "tree_weight": np.ones(n_trees),
        }
        for name, default in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        if self.node_id is None:
            first = self.start[self.node_tree]
            object.__setattr__(self, "node_id", (np.arange(n_nodes) - first).astype(np.int32))
        for name in ("root", "start", *_NODE_FIELDS, *_TREE_FIELDS):
            if getattr(self, name) is not None:
                array = getattr(self, name).view()  # the caller's own array stays writeable
                array.setflags(write=False)
                object.__setattr__(self, name, array)

    @cached_property
    def node_tree(self) -> NDArray[np.int32]:
        """Position of the tree that each node belongs to, shape (n_nodes,)."""
        return np.repeat(np.arange(self.n_trees, dtype=np.int32), np.diff(self.start))

    @cached_property
    def stages(self) -> list[range]:
        """Trees of each stage of a boosted ensemble: runs of trees that add to different columns of its margin."""
        first, seen = [0], set()
        for tree, column in enumerate(self.tree_class.tolist()):
            if column in seen:
                first.append(tree)
                seen = set()
            seen.add(column)
        return [range(a, b) for a, b in zip(first, [*first[1:], self.n_trees], strict=True)]

    @property
    def n_nodes(self) -> int:
        """Number of nodes of all trees."""
        return len(self.children_left)

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.root)

    @property
    def n_outputs(self) -> int:
        """Number of targets."""
        return self.value.shape[1]

    @property
    def n_leaves(self) -> int:
        """Number of leaves of all trees."""
        return int(np.count_nonzero(self.is_leaf))

    @cached_property
    def is_leaf(self) -> NDArray[np.bool_]:
        """True at leaves, shape (n_nodes,)."""
        return self.children_left == LEAF

    @cached_property
    def internal(self) -> NDArray[np.intp]:
        """Ids of the nodes that split, ascending."""
        return np.flatnonzero(~self.is_leaf)

    @cached_property
    def parent(self) -> NDArray[np.int32]:
        """Id of each node's parent, -1 at roots."""
        parent = np.full(self.n_nodes, -1, np.int32)
        parent[self.children_left[self.internal]] = self.internal
        parent[self.children_right[self.internal]] = self.internal
        return parent

    @cached_property
    def end(self) -> NDArray[np.int32]:
        """One past the last node of each node's subtree."""
        from .kernels import subtree_end

        end = np.empty(self.n_nodes, np.int32)
        subtree_end(self.children_right, end)
        return end

    @cached_property
    def depth(self) -> NDArray[np.int32]:
        """Depth of each node below its root."""
        from .kernels import node_depth

        depth = np.empty(self.n_nodes, np.int32)
        node_depth(self.parent, depth)
        return depth

    def validate(self) -> "Forest":
        """Check the structure before compiled code relies on it.

        Returns
        -------
        Forest
            Itself.

        Raises
        ------
        ModelFormatError
            Names the tree, the node (the model's own id) and the field: arrays of unequal length, a child or
            feature out of range, a node with one child, a node reached twice (a cycle or a shared child), a node
            that no root reaches, a threshold that is not a number, a leaf value that is not finite.
        """
        self._validate_lengths()
        visited = self._validate_structure()
        if not visited.all():
            raise self._fault(np.flatnonzero(~visited)[0], "children", "not reachable from the root")
        self._validate_numbers()
        return self

    def reachable(self) -> tuple["Forest", NDArray[np.intp]]:
        """The forest without the nodes that no root reaches, and the ids of those that stay.

        Roots must be the first nodes of their trees.

        Raises
        ------
        ModelFormatError
            As `validate`, but for nodes that are not reached.
        """
        self._validate_lengths()
        kept = np.flatnonzero(self._validate_structure())
        if len(kept) == self.n_nodes:
            return self, kept
        position = np.full(self.n_nodes + 1, LEAF, np.int32)
        position[kept] = np.arange(len(kept))
        left, right = position[self.children_left[kept]], position[self.children_right[kept]]
        return self.take(kept, left, right, position[self.root]), kept

    def canonical(self) -> "Forest":
        """The same forest with every tree in preorder; `node_id` keeps the model's ids. Must be valid."""
        order, split, root = self.preorder(self.root)
        if np.array_equal(order, np.arange(self.n_nodes)):
            return self
        return self.take(order, *preorder_children(split), root)

    def preorder(self, root, collapse=None, source=None) -> tuple[NDArray, NDArray, NDArray]:
        """The nodes of the trees with these roots in preorder, whether each splits, and where each tree begins.

        Nodes that `collapse` marks are leaves, and each node is replaced by its `source`. The structure must be sound.
        """
        from .kernels import preorder

        collapse = np.zeros(self.n_nodes, bool) if collapse is None else collapse
        source = np.arange(self.n_nodes, dtype=np.int32) if source is None else source
        root = root.copy()  # numba would compile the kernel a second time for a read-only one
        order, split, new_root = np.empty_like(source), np.empty_like(collapse), np.empty_like(root)
        stack = np.empty(self.n_nodes + 1, np.int32)
        n = preorder(root, self.children_left, self.children_right, collapse, source, order, split, new_root, stack)
        return order[:n].copy(), split[:n], new_root

    @classmethod
    def concatenate(cls, forests: Sequence["Forest"], **changes) -> "Forest":
        """One forest of the trees of several, which store the same fields. Keyword arguments replace fields.

        Node ids stay those of the model within each tree; tree ids start from 0 again.
        """
        first_node = np.cumsum([0] + [forest.n_nodes for forest in forests])
        first_set = np.cumsum([0] + [len(forest.category_sets) for forest in forests])
        arrays = {}
        for name in (*_NODE_FIELDS, *_TREE_FIELDS):
            if getattr(forests[0], name) is not None:
                arrays[name] = np.concatenate([getattr(forest, name) for forest in forests])
        shifted = (("root", first_node), ("children_left", first_node), ("children_right", first_node))
        for name, first in (*shifted, ("category_set", first_set)):
            parts = [getattr(forest, name) for forest in forests]
            if parts[0] is not None:  # -1, no child and no set, stays
                arrays[name] = np.concatenate(
                    [np.where(part >= 0, part + first[i], part).astype(np.int32) for i, part in enumerate(parts)]
                )
        starts = [forest.start[:-1] + first_node[i] for i, forest in enumerate(forests)]
        arrays["start"] = np.append(np.concatenate(starts), first_node[-1])
        sets = tuple(categories for forest in forests for categories in forest.category_sets)
        return replace(forests[0], **(arrays | {"category_sets": sets, "tree_id": None} | changes))

    def tree(self, tree: int) -> "Forest":
        """One tree as a forest of one."""
        first, last = self.start[tree], self.start[tree + 1]
        arrays = {name: getattr(self, name) for name in _NODE_FIELDS}
        arrays = {name: array if array is None else array[first:last] for name, array in arrays.items()}
        for name in ("children_left", "children_right"):
            arrays[name] = np.where(arrays[name] >= 0, arrays[name] - first, LEAF).astype(np.int32)
        arrays |= {name: getattr(self, name)[tree : tree + 1] for name in _TREE_FIELDS}
        start = np.array([0, last - first])
        return replace(self, root=(self.root[tree : tree + 1] - first).astype(np.int32), start=start, **arrays)

    def take(self, origin, children_left, children_right, root, **changes) -> "Forest":
        """A forest of the nodes `origin` of this one, with new children and roots.

        Nodes that are leaves now lose their split. Keyword arguments replace further fields.
        """
        arrays = {name: getattr(self, name) for name in _NODE_FIELDS}
        arrays = {name: array if array is None else array.take(origin, axis=0) for name, array in arrays.items()}
        leaf = children_left == LEAF
        arrays["feature"][leaf] = NO_FEATURE
        arrays["threshold"][leaf] = NO_THRESHOLD
        if arrays["missing_go_to_left"] is not None:
            arrays["missing_go_to_left"][leaf] = False
        if arrays["category_set"] is not None:
            arrays["category_set"][leaf] = -1
        arrays.update(children_left=children_left, children_right=children_right)
        start = np.append(root, len(origin)).astype(np.int64)
        return replace(self, root=root, start=start, **(arrays | changes))

    def _validate_lengths(self):
        for field in fields(self):
            array = getattr(self, field.name)
            if field.name in _NODE_FIELDS and array is not None and len(array) != self.n_nodes:
                raise ModelFormatError(f"{field.name} has {len(array)} entries where children_left has {self.n_nodes}.")
        for name in ("root", *_TREE_FIELDS):
            if len(getattr(self, name)) != len(self.start) - 1:
                raise ModelFormatError(f"{name} must have one entry for each of {len(self.start) - 1} trees.")
        if self.start[0] != 0 or self.start[-1] != self.n_nodes or (np.diff(self.start) <= 0).any():
            raise ModelFormatError(f"start must rise from 0 to the number of nodes, {self.n_nodes}.")

    def _validate_structure(self):
        from .kernels import STRUCTURE_FAULTS, structure_fault

        visited, stack = np.zeros(self.n_nodes, np.uint8), np.empty(self.n_nodes, np.int32)
        code, tree, node, is_left = structure_fault(
            self.root, self.start, self.children_left, self.children_right, visited, stack
        )
        if code:
            side = "left" if is_left else "right"
            low, high = self.start[tree], self.start[tree + 1]
            if not low <= node < high:
                raise ModelFormatError(f"tree {tree} root {node - low} outside 0..{high - low - 1}")
            child = (self.children_left if is_left else self.children_right)[node]
            what = STRUCTURE_FAULTS[code].format(side=side, child=child - low, last=high - low - 1)
            raise self._fault(node, f"children_{side}", what)
        return visited.astype(bool)

    def _validate_numbers(self):
        internal = self.internal
        feature = self.feature[internal]
        bad = (feature < 0) | (feature >= self.n_features)
        if bad.any():
            node = internal[bad][0]
            raise self._fault(node, "feature", f"feature {self.feature[node]} outside 0..{self.n_features - 1}")
        bad = np.isnan(self.threshold[internal])
        if bad.any():
            raise self._fault(internal[bad][0], "threshold", "threshold is not a number")
        bad = np.zeros(0) if np.isfinite(self.value).all() else ~np.isfinite(self.value[self.is_leaf]).all(axis=(1, 2))
        if bad.any():
            node = np.flatnonzero(self.is_leaf)[bad][0]
            raise self._fault(node, "value", f"leaf value {self.value[node].ravel()} is not finite")

    def _fault(self, node, field, what):
        tree = int(np.searchsorted(self.start, node, side="right")) - 1
        return ModelFormatError(f"tree {self.tree_id[tree]} node {self.node_id[node]}: {what} ({field})")
