"""SizeFrontierDisplay: loss against size of everything that `compress` tried, as a figure."""

from typing import TYPE_CHECKING

from .figures import COLORS, ORANGE, axes, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..compression import CompressionResult


class SizeFrontierDisplay:
    """Loss on held-out rows against the number of nodes: for each method, what no smaller model of it beats.

    Parameters
    ----------
    frontier : DataFrame
        The `frontier` of a `CompressionResult`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with one line for each method; rivals, trained anew, are dashed. A dotted line is the unpruned model's
        loss.
    figure_ : matplotlib Figure
        Figure that holds them.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from treeprune import compress
    >>> from treeprune.inspection import SizeFrontierDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    >>> result = compress(forest, X, y, max_nodes=300, retrain=False)
    >>> SizeFrontierDisplay.from_result(result).ax_.get_xlabel()
    'Number of nodes'
    """

    def __init__(self, frontier: "pd.DataFrame"):
        self.frontier = frontier

    @classmethod
    def from_result(cls, result: "CompressionResult", *, ax: "Axes | None" = None) -> "SizeFrontierDisplay":
        """Draw what `compress` returned.

        Parameters
        ----------
        result : CompressionResult
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.

        Raises
        ------
        ValueError
            The result is of several tree models: draw one of its `parts`.
        """
        if result.parts:
            raise ValueError(
                f"The 'result' parameter must be of one tree model, and has {len(result.parts)}: draw one of its parts."
            )
        return cls(result.frontier).plot(ax=ax)

    def plot(self, *, ax: "Axes | None" = None) -> "SizeFrontierDisplay":
        """Draw, on `ax` or in a new figure.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        ax = axes(ax, (7, 4.2))
        drawn = self.frontier[self.frontier["method"] != "unpruned"]
        for i, (name, rows) in enumerate(drawn.groupby("method", sort=False)):
            rows = rows.sort_values(["n_nodes", "loss"])
            best = rows[rows["loss"] < rows["loss"].cummin().shift(fill_value=float("inf"))]
            style = "--" if rows["rival"].iloc[0] else "-"
            color = COLORS[i % len(COLORS)]
            ax.step(best["n_nodes"], best["loss"], style, where="post", marker=".", label=name, color=color)
        unpruned = self.frontier[self.frontier["method"] == "unpruned"]
        chosen = self.frontier[self.frontier["chosen"]]
        ax.axhline(unpruned["loss"].iloc[0], color="black", linewidth=0.8, linestyle=":", zorder=1)
        ax.plot(unpruned["n_nodes"], unpruned["loss"], "s", color="black", label="unpruned", zorder=3)
        ring = {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 2}
        ax.plot(chosen["n_nodes"], chosen["loss"], "o", color=ORANGE, label="chosen", zorder=4, **ring)
        ax.set(xscale="log", xlabel="Number of nodes", ylabel="Loss on held-out rows")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        plain(ax)
        ax.legend(frameon=False, fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
