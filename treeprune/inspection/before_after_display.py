"""BeforeAfterDisplay: a model before and after pruning, as a figure."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..adapters import find_adapter
from ..wrappers import fitted_model
from .figures import BLUE, GREY, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = ("size", "nodes_per_tree", "score_samples")
_AFTER = {"color": BLUE, "label": "after"}
_BEFORE = {"color": GREY, "label": "before"}


class BeforeAfterDisplay:
    """What pruning did to a model: its sizes, the nodes of each tree, or the scores of an isolation forest.

    Made by `from_estimators` or `from_scores`; `plot` draws it again.

    Parameters
    ----------
    before, after : dict of str to number, or ndarray of shape (n,)
        Sizes by name (kind "size"); else nodes of each tree, or a score for each row.
    kind : {"size", "nodes_per_tree", "score_samples"}
        What they are.
    title : str, default=""
        Heading.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars or curves.
    figure_ : matplotlib Figure
        Figure that holds them.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.inspection import BeforeAfterDisplay
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_breast_cancer(return_X_y=True))
    >>> display = BeforeAfterDisplay.from_estimators(tree, prune(tree, "mdl"))
    >>> display.before
    {'leaves': 22, 'depth': 7, 'features used': 14}
    >>> display.after
    {'leaves': 6, 'depth': 3, 'features used': 4}
    """

    def __init__(
        self,
        before: dict[str, float] | NDArray,
        after: dict[str, float] | NDArray,
        *,
        kind: str = "size",
        title: str = "",
    ):
        self.before = before
        self.after = after
        self.kind = kind
        self.title = title

    @classmethod
    def from_estimators(
        cls,
        before: Any,
        after: Any,
        X: Any = None,
        y: ArrayLike | None = None,
        *,
        kind: str | None = None,
        ax: "Axes | None" = None,
    ) -> "BeforeAfterDisplay":
        """Draw two models.

        Parameters
        ----------
        before, after : object
            Fitted models, or pruners or Pipelines with such.
        X : array-like of shape (n_rows, n_features), optional
            Rows to score both on, which neither was fitted or pruned with.
        y : array-like of shape (n_rows,), optional
            Their targets; the title then has the two scores.
        kind : {"size", "nodes_per_tree", "score_samples"}, optional
            What to draw; None: the scores of isolation forests if X is given, nodes per tree of other ensembles,
            sizes of single trees.
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.

        Returns
        -------
        BeforeAfterDisplay

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        ValueError
            `kind` is unknown, or its rows are not given.
        """
        forests = [find_adapter(fitted_model(model)).forest for model in (before, after)]
        if kind is None:
            scores = forests[0].task == "path_length" and X is not None
            kind = "score_samples" if scores else "nodes_per_tree" if forests[0].n_trees > 1 else "size"
        if kind not in _KINDS:
            raise ValueError(f"The 'kind' parameter must be among {set(_KINDS)}. Got {kind!r} instead.")
        if kind == "score_samples":
            if X is None:
                raise ValueError("Give X to compare scores.")
            return cls.from_scores(*(model.score_samples(X) for model in (before, after)), ax=ax)
        measure = _sizes if kind == "size" else lambda forest: np.diff(forest.start)
        title = ""
        if y is not None:
            scored = [f"{model.score(X, y):.4g}" for model in (before, after)]
            title = f"Score on {len(y):,} rows: {' → '.join(scored)}"
        return cls(*map(measure, forests), kind=kind, title=title).plot(ax)

    @classmethod
    def from_scores(cls, before: ArrayLike, after: ArrayLike, *, ax: "Axes | None" = None) -> "BeforeAfterDisplay":
        """Draw how the scores of rows are distributed, such as `score_samples` of isolation forests.

        Parameters
        ----------
        before, after : array-like of shape (n_rows,)
            A score for each row, by the model before and after pruning.
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.

        Returns
        -------
        BeforeAfterDisplay
        """
        return cls(np.asarray(before), np.asarray(after), kind="score_samples").plot(ax)

    def plot(self, ax: "Axes | None" = None) -> "BeforeAfterDisplay":
        """Draw, on `ax` or in a new figure.

        Returns
        -------
        BeforeAfterDisplay
            Itself.
        """
        height = 1.1 + 0.5 * len(self.before) if self.kind == "size" else 4.2
        ax = axes(ax, (7, height))
        {"size": self._bars, "nodes_per_tree": self._trees, "score_samples": self._distributions}[self.kind](ax)
        ax.set_title(self.title, fontsize="medium", loc="left")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _bars(self, ax):
        """A pair of bars for each size, as a share of that before, with the numbers beside them."""
        names = list(self.before)
        at = np.arange(len(names))
        for numbers, offset, style in ((self.before, -0.2, _BEFORE), (self.after, 0.2, _AFTER)):
            share = [numbers[name] / (self.before[name] or 1) for name in names]
            bars = ax.barh(at + offset, share, height=0.36, **style)
            ax.bar_label(bars, [f"{numbers[name]:,}" for name in names], padding=4, fontsize="small")
        ax.set_yticks(at, names)
        ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="Share of the model before")
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
        ax.margins(x=0.12)
        plain(ax, "x")
        ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))

    def _trees(self, ax):
        """Nodes of each tree, the largest first."""
        for nodes, style in ((self.before, _BEFORE), (self.after, _AFTER)):
            label = f"{style['label']}: {len(nodes):,} trees, {nodes.sum():,} nodes"
            nodes = np.append(np.sort(nodes)[::-1], nodes.min())
            at = np.arange(len(nodes))
            ax.step(at, nodes, where="post", color=style["color"], label=label)
            ax.fill_between(at, nodes, 0.5, step="post", color=style["color"], alpha=0.15, linewidth=0)
        most = max(self.before.max(), self.after.max())
        if most > 20 * min(self.before.min(), self.after.min()):
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set(xlim=(0, max(len(self.before), len(self.after))), ylim=(0.8 if ax.get_yscale() == "log" else 0, None))
        ax.set(xlabel="Trees, the largest first", ylabel="Nodes")
        ax.xaxis.get_major_locator().set_params(integer=True)
        plain(ax)
        ax.legend(frameon=False, fontsize="small")

    def _distributions(self, ax):
        """Histograms over the same bins."""
        both = np.concatenate([self.before, self.after])
        bins = np.linspace(both.min(), both.max(), 41) if np.ptp(both) > 0 else 10
        for scores, style in ((self.before, _BEFORE), (self.after, _AFTER)):
            ax.hist(scores, bins, histtype="stepfilled", alpha=0.15, color=style["color"])
            ax.hist(scores, bins, histtype="step", linewidth=1.4, **style)
        ax.set(xlabel="Score (the lower, the more anomalous)", ylabel="Rows")
        plain(ax)
        ax.legend(frameon=False, fontsize="small", loc="upper left")


def _sizes(forest):
    used = len(np.unique(forest.feature[forest.internal]))
    return {"leaves": forest.n_leaves, "depth": int(forest.depth.max()), "features used": used}
