"""SurvivalDisplay: how features were judged, beside their shadows, as a figure."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .figures import GREY, ORANGE, axes, plain, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHADOW = "#c7d2e3"


class SurvivalDisplay:
    """How often each feature survives pruning or how well it agrees on what is anomalous, beside its shadows.

    Made by `from_estimator`; `plot` draws it again.

    Parameters
    ----------
    names : ndarray of str, shape (n_features,)
        Names of the features.
    survival : ndarray of float64, shape (n_features,)
        Share of the trees in which each survives, its lead over its knockoff, or its agreement.
    support : ndarray of bool, shape (n_features,)
        Which features were kept.
    shadow : ndarray of float64, shape (n_sets, n_shadows), optional
        The same of the shadows.
    label : str, optional
        What `survival` is, as the axis says it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure that holds them.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from treeprune import PruningSelector
    >>> from treeprune.inspection import SurvivalDisplay
    >>> selector = PruningSelector(random_state=0).fit(*make_friedman1(300, random_state=0))
    >>> SurvivalDisplay.from_estimator(selector).ax_.get_xlabel()
    'Share of trees in which the feature survives'
    """

    def __init__(
        self,
        names: NDArray,
        survival: NDArray[np.float64],
        support: NDArray[np.bool_],
        shadow: NDArray[np.float64] | None = None,
        label: str = "Share of trees in which the feature survives",
    ):
        self.names = names
        self.survival = survival
        self.support = support
        self.shadow = shadow
        self.label = label

    @classmethod
    def from_estimator(cls, selector: Any, *, ax: "Axes | None" = None, n_features: int = 30) -> "SurvivalDisplay":
        """Draw a fitted `PruningSelector` or `AnomalyPruningSelector`.

        Parameters
        ----------
        selector : PruningSelector or AnomalyPruningSelector
            Fitted.
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.
        n_features : int, default=30
            Features to show, the strongest.

        Returns
        -------
        SurvivalDisplay

        Raises
        ------
        TypeError
            The selector is of another kind.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(selector)
        if getattr(selector, "knockoff_statistics_", None) is not None:
            judged = {"survival": selector.knockoff_statistics_}
            judged["label"] = "By how much the feature is stronger than its knockoff"
        elif hasattr(selector, "survival_"):
            judged = {"survival": selector.survival_, "shadow": selector.shadow_survival_}
        elif hasattr(selector, "agreement_"):
            judged = {"survival": selector.agreement_, "shadow": selector.shadow_agreement_}
            judged["label"] = "Agreement with the other features on what is anomalous"
        else:
            raise TypeError(
                f"SurvivalDisplay draws a PruningSelector or AnomalyPruningSelector. Got {type(selector).__name__}."
            )
        names = getattr(selector, "feature_names_in_", [f"x{i}" for i in range(selector.n_features_in_)])
        display = cls(np.asarray(names), support=selector.get_support(), **judged)
        return display.plot(ax, n_features=n_features)

    def plot(self, ax: "Axes | None" = None, *, n_features: int = 30) -> "SurvivalDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.
        n_features : int, default=30
            Features to show, the strongest.

        Returns
        -------
        SurvivalDisplay
            Itself.
        """
        shown = np.lexsort((-self.survival, ~self.support))[:n_features]
        ax = axes(ax, (7, 1.2 + 0.24 * len(shown)))
        self.ax_, self.figure_ = ax, ax.figure
        low, high = min(self.survival.min(), 0.0), max(self.survival.max(), 0.1)
        if self.shadow is not None:
            low, high = min(self.shadow.min(), low), max(self.shadow.max(), high)
            most, largest = np.quantile(self.shadow, [0.95, 1.0])
            ax.axvspan(1.04 * low, largest, color=_SHADOW, alpha=0.4, linewidth=0, label="range of the shadows")
            ax.axvspan(1.04 * low, most, color=_SHADOW, linewidth=0, label="95 % of them")
        for kept, color, label in ((True, ORANGE, "kept"), (False, GREY, "dropped")):
            at = np.flatnonzero(self.support[shown] == kept)
            if len(at):
                ax.plot(self.survival[shown][at], at, "o", color=color, markersize=5, label=label)
        ax.set_yticks(range(len(shown)), [shorten(name) for name in self.names[shown]], fontsize="small")
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.set_xlim(1.04 * low, 1.04 * high)
        ax.set_xlabel(self.label)
        left_out = len(self.names) - len(shown)
        if left_out:
            ax.set_title(f"{left_out:,} more features not shown", fontsize="small", loc="right", color=GREY)
        plain(ax)
        ax.legend(frameon=False, fontsize="small", loc="lower right")
        return self
