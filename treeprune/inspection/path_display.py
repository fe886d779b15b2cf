"""PruningPathDisplay: the cross-validated score along a pruning path, as a figure."""

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.parameters import is_number
from .figures import BLUE, GREY, ORANGE, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class PruningPathDisplay:
    """Score of the trees of a pruning path, with its standard error and the tree that was chosen.

    Made by `from_estimator` or `from_cv_results`; `plot` draws it again.

    Parameters
    ----------
    n_leaves : ndarray of int64, shape (n_steps,)
        Leaves of each tree; of models made of weights, their weights.
    score : ndarray of float64, shape (n_steps,)
        Mean score on held-out rows.
    standard_error : ndarray of float64, shape (n_steps,)
        Its standard error.
    chosen, best : int
        Steps to mark.
    params : dict of str to ndarray of shape (n_steps,), optional
        Parameters of the method at each step, in their own units.
    train_score : ndarray of float64, shape (n_steps,), optional
        Mean score on the rows that grew the trees.
    score_name : str, default="Score"
        What the vertical axis says.
    counted : {"leaves", "weights"}, default="leaves"
        What sizes count.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve.
    figure_ : matplotlib Figure
        Figure that holds them.
    line_, train_line_ : matplotlib Line2D
        Curves of the score on held-out rows and on growing rows (None without `train_score`).
    band_ : matplotlib FillBetweenPolyCollection
        One standard error to either side.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import TreePrunerCV
    >>> from treeprune.inspection import PruningPathDisplay
    >>> pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0), return_train_score=True)
    >>> display = PruningPathDisplay.from_estimator(pruner.fit(*load_breast_cancer(return_X_y=True)))
    >>> display.ax_.get_xlabel()
    'Number of leaves'
    """

    def __init__(
        self,
        n_leaves: NDArray[np.int64],
        score: NDArray[np.float64],
        standard_error: NDArray[np.float64],
        *,
        chosen: int,
        best: int,
        params: dict[str, NDArray] | None = None,
        train_score: NDArray[np.float64] | None = None,
        score_name: str = "Score",
        counted: str = "leaves",
    ):
        self.n_leaves = n_leaves
        self.score = score
        self.standard_error = standard_error
        self.chosen = chosen
        self.best = best
        self.params = params
        self.train_score = train_score
        self.score_name = score_name
        self.counted = counted

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, x: str | None = None, ax: "Axes | None" = None, score_name: str | None = None
    ) -> "PruningPathDisplay":
        """Draw the scores of a fitted `PrunerCV` or `TreePrunerCV`.

        Parameters
        ----------
        estimator : PrunerCV
            Fitted.
        x : str, optional
            What the horizontal axis shows: "n_leaves" ("n_weights" of models made of weights), or a parameter of the
            method that was tried, such as "alpha". None: the size.
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.
        score_name : str, optional
            What the vertical axis says; None: the name of the scoring.

        Returns
        -------
        PruningPathDisplay
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator, "cv_results_")
        if score_name is None:
            score_name = _name_of_score(estimator)
        return cls.from_cv_results(
            estimator.cv_results_, chosen=estimator.best_index_, x=x, ax=ax, score_name=score_name
        )

    @classmethod
    def from_cv_results(
        cls,
        cv_results: dict[str, ArrayLike],
        *,
        chosen: int | None = None,
        x: str | None = None,
        ax: "Axes | None" = None,
        score_name: str = "Score",
    ) -> "PruningPathDisplay":
        """Draw the scores in a ``cv_results_`` of `PrunerCV` or `TreePrunerCV`.

        Parameters
        ----------
        cv_results : dict of str to array-like
            With ``n_leaves`` or ``n_weights``, ``mean_test_score``, ``standard_error`` and, where there are such,
            ``param_alpha`` (or other parameters) and ``mean_train_score``.
        chosen : int, optional
            The chosen row; None: the best.
        x, ax, score_name
            As in `from_estimator`.

        Returns
        -------
        PruningPathDisplay
        """
        from ..estimators.cv_results import choose, size_column

        best = choose("best", cv_results)
        display = cls(
            np.asarray(cv_results[size_column(cv_results)]),
            np.asarray(cv_results["mean_test_score"]),
            np.asarray(cv_results["standard_error"]),
            chosen=best if chosen is None else chosen,
            best=best,
            params={name.removeprefix("param_"): v for name, v in cv_results.items() if name.startswith("param_")},
            train_score=cv_results.get("mean_train_score"),
            score_name=score_name,
            counted=size_column(cv_results).removeprefix("n_"),
        )
        return display.plot(ax, x=x)

    def plot(self, ax: "Axes | None" = None, *, x: str | None = None) -> "PruningPathDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; None: a new figure.
        x : str, optional
            What the horizontal axis shows, on a logarithmic scale: "n_leaves" (or what is `counted`), or one of
            `params`. None: the size.

        Returns
        -------
        PruningPathDisplay
            Itself.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        ValueError
            `x` is none of these, or its values are no numbers.
        """
        choices = {f"n_{self.counted}": self.n_leaves} | _numbers(self.params or {})
        x = f"n_{self.counted}" if x is None else x
        if x not in choices:
            raise ValueError(f"The 'x' parameter must be {' or '.join(map(repr, choices))}. Got {x!r} instead.")
        ax = axes(ax, (7, 4.2))
        self.ax_, self.figure_ = ax, ax.figure
        self._draw_curves(self._horizontal(x, choices[x]))
        ax.set_ylabel(self.score_name)
        plain(ax)
        ax.legend(frameon=False, fontsize="small", loc="best")
        return self

    def _horizontal(self, x, values):
        """Where the steps stand, after setting up the axis; values too small to tell apart stand at its left edge."""
        from matplotlib.ticker import FuncFormatter, NullFormatter

        axis = self.ax_
        if x == f"n_{self.counted}":
            axis.set_xscale("log")
            axis.set_xlabel(f"Number of {self.counted}")
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axis.xaxis.set_minor_formatter(NullFormatter())
            if self.n_leaves.max() < 100:
                axis.set_xticks([n for n in (1, 2, 3, 5, 10, 20, 30, 50, 100) if n <= self.n_leaves.max()])
            return np.maximum(self.n_leaves, 1)
        positive = values[values > 0]
        axis.set_xscale("log")
        axis.set_xlabel(f"{x} (0 at the left edge)" if len(positive) < len(values) else x)
        left = max(positive.min() / 2, 1e-6 * positive.max()) if len(positive) else 1.0
        return np.maximum(values, left)

    def _draw_curves(self, at):
        axis, score, error = self.ax_, self.score, np.nan_to_num(self.standard_error)
        self.band_ = axis.fill_between(
            at,
            score - error,
            score + error,
            color=BLUE,
            alpha=0.15,
            linewidth=0,
            label="± 1 standard error",
        )
        marker = "o" if len(at) <= 60 else None
        (self.line_,) = axis.plot(at, score, color=BLUE, marker=marker, markersize=3.5, label="held-out rows")
        self.train_line_ = None
        if self.train_score is not None:
            (self.train_line_,) = axis.plot(
                at,
                self.train_score,
                color=GREY,
                linestyle="--",
                linewidth=1.2,
                label="growing rows",
            )
        axis.axhline(score[self.best] - error[self.best], color=GREY, linewidth=0.8, linestyle=":")
        self._mark(at, self.best, "D", BLUE, "best")
        self._mark(at, self.chosen, "o", ORANGE, "chosen")

    def _mark(self, at, step, marker, color, name):
        one = {"leaves": "leaf"}.get(self.counted, self.counted.removesuffix("s"))
        label = f"{name}: {self.n_leaves[step]:,} {one if self.n_leaves[step] == 1 else self.counted}"
        self.ax_.plot(
            at[step],
            self.score[step],
            marker,
            color=color,
            markersize=8,
            markeredgecolor="white",
            zorder=3,
            label=label,
        )


def _numbers(params):
    """The parameters all of whose values are numbers, as float64."""
    found = {}
    for name, values in params.items():
        if not np.ma.is_masked(values) and all(is_number(value, Real) for value in values):
            found[name] = np.asarray(values, dtype=np.float64)
    return found


def _name_of_score(estimator):
    scoring = estimator.scoring
    if scoring is None:
        from sklearn.base import is_classifier, is_regressor

        return "Accuracy" if is_classifier(estimator) else "R2" if is_regressor(estimator) else "Score"
    return scoring.replace("_", " ") if isinstance(scoring, str) else "Score"
