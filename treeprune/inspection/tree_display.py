"""TreeDisplay: a tree as a figure that can be read."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..adapters import find_adapter
from ..core.forest import Forest
from ..wrappers import fitted_model
from .conditions import Language
from .figures import COLORS, ORANGE, axes, shorten
from .folding import fold
from .rules import class_labels, column_names, one_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_FONT = 8.0  # points
_ROW, _GAP, _INDENT = 0.21, 0.12, 0.16  # inches: a leaf's row, beside a text, before a condition
_LONGEST = 28  # characters of a name
_CLASSES = (COLORS[0], ORANGE, *COLORS[1:])


class TreeDisplay:
    """A tree from its root on the left to its leaves on the right, one row for each leaf.

    A split's two conditions stand on its two branches, whose widths show the share of the training rows that goes
    there. Made by `from_estimator`; `plot` draws it again.

    Parameters
    ----------
    forest : Forest
        A single canonical tree.
    feature_names : list of str
        Names of the columns.
    class_names : list of str, optional
        Names of the classes, of a classifier.
    hidden : ndarray of int64, shape (n_nodes,), optional
        Leaves below each node that are not part of `forest`.
    category_values : dict of int to list, optional
        By column, what the codes 0, 1, ... of its categories stand for; of other columns the codes are shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the tree.
    figure_ : matplotlib Figure
        Figure that holds them.
    conditions_, leaves_ : list of matplotlib Text
        What stands on the branches and beside the leaves, from top to bottom.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.inspection import TreeDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> tree = prune(DecisionTreeClassifier(random_state=0).fit(X, y), "mdl")
    >>> display = TreeDisplay.from_estimator(tree, class_names=["setosa", "versicolor", "virginica"])
    >>> for text in display.leaves_:
    ...     print(text.get_text())
    setosa (100%), n=50
    versicolor (91%), n=54
    virginica (98%), n=46
    """

    def __init__(
        self,
        forest: Forest,
        feature_names: list[str],
        class_names: list[str] | None = None,
        hidden: NDArray[np.int64] | None = None,
        category_values: dict[int, list] | None = None,
    ):
        self.forest = forest
        self.feature_names = feature_names
        self.class_names = class_names
        self.hidden = hidden
        self.category_values = category_values

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        tree: int | None = None,
        feature_names: "Sequence[str] | None" = None,
        class_names: "Sequence[str] | None" = None,
        max_leaves: int = 60,
        max_depth: int = 12,
        ax: "Axes | None" = None,
    ) -> "TreeDisplay":
        """Draw a tree.

        Parameters
        ----------
        estimator : object
            A fitted tree, a pruner fitted on one, a Pipeline that ends in one, or with `tree` an ensemble.
        tree : int, optional
            Which tree of an ensemble.
        feature_names : sequence of str, optional
            Names of the columns; None: those that the model was fitted on, else x0, x1, ...
        class_names : sequence of str, optional
            Names for the classes, in the order of ``classes_``; None: the labels themselves.
        max_leaves, max_depth : int, default=60 and 12
            A larger tree is folded: its branches of the fewest rows stand as leaves that say how many they hide.
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure, as large as it takes.

        Returns
        -------
        TreeDisplay

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        UnsupportedModelError
            The model has several trees and `tree` is not given.
        ValueError
            A parameter is out of range.
        """
        for name, value in (("max_leaves", max_leaves), ("max_depth", max_depth)):
            if value < 1:
                raise ValueError(f"The {name!r} parameter must be at least 1. Got {value!r}.")
        model = fitted_model(estimator)
        adapter = find_adapter(model)
        forest = one_tree(adapter.forest, tree, type(model).__name__)
        names = column_names(model, forest.n_features, feature_names)
        labels = None
        if forest.task == "classification":
            labels = [str(label) for label in class_labels(model, class_names)] if forest.n_outputs == 1 else None
        shown, hidden = fold(forest, max_leaves, max_depth)
        return cls(shown, names, labels, hidden, adapter.category_values).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> "TreeDisplay":
        """Draw, on `ax` (with smaller text where it is small) or in a new figure.

        Returns
        -------
        TreeDisplay
            Itself.
        """
        forest = self.forest
        conditions, leaves = self._conditions(), self._leaf_texts()
        x, width = _places_across(forest, conditions, leaves)
        y = _places_down(forest)
        size = max(width, 2.5), _ROW * (forest.n_leaves + 0.9)
        new = ax is None
        ax = axes(ax, size)
        ax.set_axis_off()
        font = _FONT
        if new:
            ax.figure.set_layout_engine("none")
            ax.set_position([0, 0, 1, 1])
        else:
            box = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
            font *= min(1.0, box.width / size[0], box.height / size[1])
        ax.set(xlim=(0, size[0]), ylim=(forest.n_leaves - 0.1, -1.0))
        self.ax_, self.figure_ = ax, ax.figure
        self._draw_branches(x, y)
        self._write(x, y, conditions, leaves, font)
        return self

    def _draw_branches(self, x, y):
        from matplotlib.collections import LineCollection

        forest = self.forest
        end = np.where(forest.is_leaf, x.max(), x)
        start = np.where(forest.parent < 0, 0.0, x[forest.parent])
        share = _shares(forest)
        across = np.stack([np.stack([start, y], 1), np.stack([end, y], 1)], 1)
        upright = [[(x[node], y[child]) for child in self._children(node)] for node in forest.internal]
        wide = 0.6 + 3.4 * share
        self.ax_.add_collection(LineCollection(across, linewidths=wide, colors="0.75", capstyle="round", zorder=1))
        self.ax_.add_collection(LineCollection(upright, linewidths=0.8, colors="0.75", zorder=1))
        leaf = np.flatnonzero(forest.is_leaf)
        self.ax_.scatter(np.full(len(leaf), x.max()), y[leaf], s=22, c=self._leaf_colors(leaf), zorder=2)

    def _write(self, x, y, conditions, leaves, font):
        parent, leaf = self.forest.parent, np.flatnonzero(self.forest.is_leaf)
        self.conditions_ = [
            self.ax_.text(x[parent[node]] + _GAP / 2, y[node] - 0.08, conditions[node], fontsize=font, va="bottom")
            for node in sorted(range(1, self.forest.n_nodes), key=y.__getitem__)
        ]
        self.leaves_ = [
            self.ax_.text(x.max() + _GAP, y[node], text, fontsize=font, va="center_baseline")
            for node, text in zip(leaf, leaves, strict=True)
        ]

    def _children(self, node):
        return self.forest.children_left[node], self.forest.children_right[node]

    def _conditions(self):
        """What stands on the branch to each node; nothing for the root."""
        forest, texts = self.forest, [""] * self.forest.n_nodes
        for node in forest.internal:
            name = shorten(self.feature_names[forest.feature[node]], _LONGEST)
            left, right = self._children(node)
            texts[left], texts[right] = (f"{name} {test}" for test in self._tests(node))
        return texts

    def _tests(self, node):
        forest, threshold = self.forest, self.forest.threshold[node]
        if forest.category_set is not None and forest.category_set[node] >= 0:
            found = forest.category_sets[forest.category_set[node]].tolist()
            known = (self.category_values or {}).get(int(forest.feature[node]))
            shown = [Language().value(code if known is None else known[code]) for code in found[:4]]
            few = ", ".join(shown) + (", …" if len(found) > 4 else "")
            return f"in {{{few}}}", "in no such"
        if not np.isfinite(threshold):
            return ("is not missing", "is missing")[:: 1 if threshold > 0 else -1]
        signs = ("≤", ">") if forest.comparison == "<=" else ("<", "≥")
        return tuple(f"{sign} {threshold:.4g}" for sign in signs)

    def _leaf_texts(self):
        forest, texts = self.forest, []
        for node in np.flatnonzero(forest.is_leaf):
            text = self._value(forest.value[node])
            if forest.n_node_samples is not None:
                text += f", n={forest.n_node_samples[node]:,}"
            if self.hidden is not None and self.hidden[node] > 1:
                text += f" (folded: {self.hidden[node]:,} leaves)"
            texts.append(text)
        return texts

    def _value(self, value):
        if self.class_names is not None:
            share = value[0] / max(value[0].sum(), np.finfo(float).tiny)
            return f"{shorten(self.class_names[share.argmax()], _LONGEST)} ({share.max():.0%})"
        numbers = value[:, 0] if self.forest.task != "classification" else value.argmax(axis=1)
        return ", ".join(f"{number:.4g}" for number in numbers[:4]) + (", …" if len(numbers) > 4 else "")

    def _leaf_colors(self, leaf):
        value = self.forest.value[leaf]
        if self.forest.task == "classification":
            return [_CLASSES[code % len(_CLASSES)] for code in value[:, 0].argmax(axis=1)]
        import matplotlib as mpl

        low, high = value[:, 0, 0].min(), value[:, 0, 0].max()
        return mpl.colormaps["cividis"]((value[:, 0, 0] - low) / (high - low) if high > low else 0.5 + 0 * leaf)


def _places_down(forest: Forest) -> NDArray[np.float64]:
    """Where each node stands from top to bottom: leaves one below the other, a split in the middle of its children."""
    y = np.zeros(forest.n_nodes)
    y[forest.is_leaf] = np.arange(forest.n_leaves)
    for node in forest.internal[::-1]:
        y[node] = (y[forest.children_left[node]] + y[forest.children_right[node]]) / 2
    return y


def _places_across(forest, conditions, leaves):
    """Where each node stands from left to right, so that every text has room, and the width; in inches."""
    room = np.zeros(forest.depth.max() + 1)
    np.maximum.at(room, forest.depth, [_inches(text) + 1.5 * _GAP if text else 0.0 for text in conditions])
    room[0] = _INDENT
    x = np.cumsum(room)[forest.depth]
    return x, x.max() + max(map(_inches, leaves)) + 2 * _GAP


def _inches(text):
    from matplotlib.textpath import TextPath

    return 1.05 * TextPath((0, 0), text, size=_FONT).get_extents().x1 / 72  # screens widen small letters


def _shares(forest):
    """Share of the training rows in each node; where they are not known, 0."""
    rows = forest.weighted_n_node_samples if forest.n_node_samples is None else forest.n_node_samples
    return np.zeros(forest.n_nodes) if rows is None or rows[0] <= 0 else np.clip(rows / rows[0], 0, 1)
