"""compress: the best model of the same class within a budget, and a comparison with its rivals."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from ..adapters import find_adapter
from ..adapters.offsets import check_both_offsets, offset_of
from ..composites.base import Given
from ..core.losses import LossFunction
from ..core.targets import check_target
from ..methods import PruningMethod, TreeSelection
from ..pruning import check_class_weight
from .budget import Budget
from .trials import Trial, Trials

if TYPE_CHECKING:
    import pandas as pd

_ATTEMPTS = 20
#: A model that takes more than this many times the budget is given up for a smaller trial; else it is pruned further.
_FAR = 1.3
#: Share of the loss by which the model made in the end may do worse than its trial.
_WORSE = 0.1


@dataclass(frozen=True, eq=False)
class CompressionResult:
    """What `compress` found.

    Attributes
    ----------
    model : object
        The pruned model, within the budget; of the class of the one given, or its counterpart with a link.
    method : PruningMethod or None
        What made it, with its parameters; None: the model given is within the budget, and nothing smaller is as good.
    frontier : DataFrame
        Everything that was tried, by rows: method, parameters (as text; ``start=oob``: of trees that out-of-bag rows
        have pruned first), n_nodes, n_trees, loss and score on the held-out rows (with `scoring`, the loss is minus the
        score), whether it is a rival (a model trained anew) and whether it is the one chosen.
    retrained_wins : bool
        Whether a model trained anew does better on the held-out rows: has less loss within the budget, or with
        `max_loss` fewer nodes at a loss that may be.
    message : str
        The outcome in words.
    """

    model: Any
    method: PruningMethod | None
    frontier: "pd.DataFrame"
    retrained_wins: bool
    message: str

    def __str__(self):
        return self.message


def compress(
    model: Any,
    X: Any,
    y: ArrayLike,
    *,
    max_nodes: int | None = None,
    max_bytes: int | None = None,
    max_latency_ratio: float | None = None,
    max_loss: float | None = None,
    sample_weight: ArrayLike | None = None,
    base_margin: ArrayLike | None = None,
    init_score: ArrayLike | None = None,
    X_val: Any = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    base_margin_val: ArrayLike | None = None,
    init_score_val: ArrayLike | None = None,
    validation: float = 0.25,
    output: str = "link",
    bytes_of: str = "compact",
    retrain: bool = True,
    random_state: int | None = 0,
    loss: str | LossFunction | None = None,
    scoring: str | Callable | None = None,
    class_weight: str | None = "model",
) -> CompressionResult:
    """Make a fitted tree ensemble as good as it can be within a budget.

    Joint pruning (from the model as it is and, of bootstrapped trees, from what their out-of-bag rows leave of each),
    depth pruning and tree selection are tried at many strengths, and judged on rows that neither grew the trees nor set
    their leaves. Ridge penalties of leaves are tried one after the other as long as the next does better. The model
    itself is then pruned, on all rows, by what did best within the budget. For comparison, rivals are trained on the
    same rows, each up to the size at which it could win: the same class with fewer trees and with fewer leaves, and
    HistGradientBoosting. If one of those wins, `retrained_wins` and the message say so, and a warning is given.

    Parameters
    ----------
    model : object
        A fitted ensemble whose trees average or add up, or a single tree.
    X, y : array-like
        The rows that it was fitted on.
    max_nodes : int, optional
        Most nodes of all trees.
    max_bytes : int, optional
        Largest file; see `bytes_of`.
    max_latency_ratio : float, optional
        Most time to predict the held-out rows, over that of the model given. It is measured: both predict in turn, nine
        times, and the least times count. Results may differ between runs where the machine's times do.
    max_loss : float, optional
        By how much the loss on held-out rows may rise over that of the model given, as a share of it (0.05: by 5 %);
        the smallest such model is sought. The loss is the Brier score of forests, the mean squared error of regression
        forests, and of boosted models the loss that they minimise: log-loss, deviance, absolute error, and so on.
        Without any budget: 0.
    sample_weight : array-like of shape (n_rows,), optional
        Weights of X, y.
    base_margin, init_score : array-like of shape (n_rows,) or (n_rows, n_columns), optional
        Offsets that the model was fitted with, as in `prune`. Rivals are fitted with them, too; HistGradientBoosting,
        which takes none, is left out.
    X_val, y_val, sample_weight_val : array-like, optional
        Rows to judge by. Without them a share of X, y, and a clone of the model is fitted on the rest for the search; a
        model that cannot be cloned, such as a Booster, is searched itself, which flatters what keeps much of it: a
        warning says so.
    base_margin_val, init_score_val : array-like of shape (n_rows_val,) or (n_rows_val, n_columns), optional
        Offsets of X_val.
    validation : float, default=0.25
        That share.
    output : {"link", "plain"}, default="link"
        What a forest or bagged classifier becomes: the counterpart of its class that applies a link, the better of the
        two; or stock scikit-learn: a `CalibratedClassifierCV` over the frozen forest, whose sigmoid is fitted on the
        held-out rows, which then set no leaves.
    bytes_of : {"compact", "native"}, default="compact"
        What `max_bytes` counts: the file of `save_compact`, or its library's own (UBJSON of XGBoost, text of LightGBM,
        pickle of scikit-learn).
    retrain : bool, default=True
        Whether models are trained anew for comparison.
    random_state : int or None, default=0
        Splits the rows, and goes to HistGradientBoosting.
    loss : str or callable, optional
        The loss of a boosted model in the place of its own, for one that was trained by a function of one's own: as in
        `JointPruning`. A function that gives derivatives alone needs `scoring`.
    scoring : str or callable, optional
        The name of a scorer of scikit-learn's, or a ``scorer(estimator, X, y)``, by which models are judged in the
        place of the loss: the best by it within the budget is chosen. Then `max_loss` is the share of the score that
        may be lost. Leaves are still estimated by the loss.
    class_weight : {"model"} or None, default="model"
        How often rows of each class count, in setting leaves and in all losses, besides `sample_weight`. "model": as in
        the model's own training, by its ``class_weight``, ``scale_pos_weight`` or ``is_unbalance``; what is "balanced"
        there is balanced for the rows that the model was fitted on. HistGradientBoosting is then fitted with the same
        weights. The message says so. None: all once. Scores always count all once.

    Returns
    -------
    CompressionResult

    Raises
    ------
    ValueError
        No model within the budget was found (the message says how small the smallest is), or a parameter is out of
        range.
    UnsupportedModelError
        The model is no sum of its trees, or has a loss that compress does not know.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from treeprune import compress
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    >>> result = compress(forest, X, y, max_nodes=300, retrain=False)
    >>> sum(tree.tree_.node_count for tree in result.model.estimators_) <= 300
    True
    """
    budget = Budget(max_nodes, max_bytes, max_latency_ratio, max_loss, bytes_of)
    _check(X_val, y_val, sample_weight_val, validation, output, bytes_of)
    check_class_weight(class_weight)
    check_target(y)
    check_target(y_val, "y_val")
    offset = offset_of(model, X, base_margin=base_margin, init_score=init_score)
    offset_val = offset_of(model, X_val, suffix="_val", base_margin=base_margin_val, init_score=init_score_val)
    check_both_offsets(model, offset, X_val, offset_val)
    data = Given(X, y, sample_weight, offset)
    held_out = None if X_val is None else Given(X_val, y_val, sample_weight_val, offset_val)
    trials = Trials(model, data, held_out, validation, random_state, loss, scoring, class_weight)
    limit = budget.first_limit(model)
    found = [trials.unpruned, *trials.pruned(limit)]
    chosen, small, method = carried_out(trials, found, budget, limit, output)
    others = list(trials.rivals(_largest_winner(chosen, budget))) if retrain else []
    if output == "plain":
        small = _plain(small, trials)
    winner = _better(others, chosen, trials.unpruned, budget)
    message = _message(trials, chosen, winner, "loss" if scoring is None else "score")
    if winner is not None:
        warnings.warn(message, stacklevel=2)
    return CompressionResult(small, method, _frontier([*found, *others], chosen), winner is not None, message)


def _check(X_val, y_val, sample_weight_val, validation, output, bytes_of):
    if (X_val is None) != (y_val is None) or (X_val is None and sample_weight_val is not None):
        raise ValueError("Give X_val and y_val together, and sample_weight_val with them only.")
    for name, value, choices in (("output", output, ("link", "plain")), ("bytes_of", bytes_of, ("compact", "native"))):
        if value not in choices:
            raise ValueError(f"The {name!r} parameter of compress must be among {choices}. Got {value!r}.")
    if not isinstance(validation, Real) or isinstance(validation, bool) or not 0.0 < validation < 1.0:
        raise ValueError(
            f"The 'validation' parameter of compress must be a float in the range (0.0, 1.0). Got {validation!r}."
        )


def carried_out(
    trials: Trials, found: list[Trial], budget: Budget, limit: float, output: str
) -> tuple[Trial, Any, PruningMethod | None]:
    """The best trial whose model is within the budget, the model and its method.

    The model is pruned by more rows than the trial was, and more rows can support more nodes. So it may have more nodes
    than the trial in the same proportion, up to `limit`. Bytes and latency are known only when the model is made. If
    they exceed the budget, the method is made to prune a little more, or a smaller trial is chosen.
    """
    chosen = _choose(found, trials.unpruned, budget, limit)
    tried = _sized(chosen, min(limit, trials.growth * chosen.n_nodes)) if np.isfinite(limit) else chosen
    for _ in range(_ATTEMPTS):
        small, method = trials.carry_out(tried, output)
        over = budget.excess(small, trials.model, trials.judge[0])
        if over <= 1.0:
            return chosen, *_as_promised(trials, chosen, budget, small, method, output)
        n_nodes = find_adapter(small).forest.n_nodes
        if over > _FAR or not _has_alpha(method):
            limit = min(n_nodes / over, tried.n_nodes - 1)
            chosen = tried = _choose(found, trials.unpruned, budget, limit)
        else:
            tried = _sized(replace(tried, method=method), tried.n_nodes / max(over, 1.02))
    raise ValueError(
        f"No model within the budget was found: the last of {n_nodes} nodes takes {over:.3g} times as much."
    )


def _as_promised(trials, chosen, budget, small, method, output):
    """The model and its method; or those of the trial itself, where more rows have led to a model that is much worse.

    It happens where a path jumps, as under losses that are proportional to the distance. The rows that judge have since
    set the leaves with the others, so that the model should do no worse on them than the trial did.
    """

    def loss(model):
        return trials.scorer.judge_model(model, trials.judge[0])[0]

    if loss(small) <= chosen.loss + _WORSE * abs(chosen.loss):
        return small, method
    of_trial, its_method = trials.carry_out(_sized(chosen, chosen.n_nodes), output, of_trial=True)
    if budget.excess(of_trial, trials.model, trials.judge[0]) <= 1.0 and loss(of_trial) < loss(small):
        return of_trial, its_method
    return small, method


def _has_alpha(method):
    return method is not None and not isinstance(method, TreeSelection)


def _sized(trial, n_nodes):
    """The trial at another size."""
    if not _has_alpha(trial.method):
        return trial
    most = max(int(n_nodes), 1)
    return replace(trial, method=clone(trial.method).set_params(alpha=None, max_nodes=most), n_nodes=most)


def _choose(found, unpruned, budget, limit):
    """The trial with the least loss within the size; with `max_loss`, the smallest whose loss is allowed."""
    within = [c for c in found if c.n_nodes <= limit]
    if not within:
        smallest = min(found, key=lambda c: c.n_nodes)
        raise ValueError(
            f"No model within the budget was found: about {max(limit, 0):.0f} nodes are allowed, the smallest tried "
            f"has {smallest.n_nodes} ({smallest.name}, {smallest.parameters})."
        )
    if budget.max_loss is None:
        return min(within, key=lambda c: c.loss)
    good = [c for c in within if c.loss <= _largest_loss(unpruned, budget)]
    if not good:
        best = min(within, key=lambda c: c.loss)
        raise ValueError(
            f"No model within the size has a loss of at most {_largest_loss(unpruned, budget):.4g}, which max_loss "
            f"allows: the best, of {best.n_nodes} nodes, has {best.loss:.4g}, the unpruned one {unpruned.loss:.4g}."
        )
    return min(good, key=lambda c: (c.n_nodes, c.loss))


def _largest_loss(unpruned, budget):
    """What `max_loss` allows, a share of a loss, or of a score whose negative stands in for it."""
    return unpruned.loss + budget.max_loss * abs(unpruned.loss)


def _largest_winner(chosen, budget):
    """How many nodes a model trained anew may have that does better."""
    return chosen.n_nodes if budget.max_loss is not None else max(chosen.n_nodes, budget.max_nodes or 0)


def _better(others, chosen, unpruned, budget):
    """The model trained anew that does better than the one chosen, if any."""
    if budget.max_loss is not None:
        good = [c for c in others if c.loss <= _largest_loss(unpruned, budget) and c.n_nodes < chosen.n_nodes]
        return min(good, key=lambda c: c.n_nodes, default=None)
    good = [c for c in others if c.n_nodes <= _largest_winner(chosen, budget) and c.loss < chosen.loss]
    return min(good, key=lambda c: c.loss, default=None)


def _plain(model, trials):
    """Stock scikit-learn for a forest with a link."""
    if not hasattr(model, "link_"):
        return model
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from ..links import unlinked

    calibrated = CalibratedClassifierCV(FrozenEstimator(unlinked(model)), method="sigmoid")
    return calibrated.fit(*trials.judge[:2], sample_weight=trials.judging_weights)


def _frontier(trials: list[Trial], chosen: Trial) -> "pd.DataFrame":
    import pandas as pd

    columns = ("name", "parameters", "n_nodes", "n_trees", "loss", "score")
    frame = pd.DataFrame([{name: getattr(c, name) for name in columns} for c in trials])
    frame["rival"] = [c.is_rival for c in trials]
    frame["chosen"] = [c is chosen for c in trials]
    return frame.rename(columns={"name": "method"})


def _message(trials, chosen, winner, by):
    unpruned = trials.unpruned
    of_chosen, of_unpruned = getattr(chosen, by), getattr(unpruned, by)
    what = f"{chosen.name} ({chosen.parameters})" if chosen.parameters else "The model as it is"
    text = (
        f"{what}: {chosen.n_nodes:,} of {unpruned.n_nodes:,} nodes, {by} {of_chosen:.4g} on held-out rows, unpruned "
        f"{of_unpruned:.4g}."
    )
    if trials.class_weighting is not None:
        text += f" Losses weigh rows by the model's own {trials.class_weighting}; scores do not."
    if winner is not None:
        text += (
            f" Training anew does better: {winner.name} ({winner.parameters}) has a {by} of {getattr(winner, by):.4g} "
            f"with {winner.n_nodes:,} nodes."
        )
    return text
