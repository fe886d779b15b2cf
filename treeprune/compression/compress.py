"""compress: the best model of the same class within a budget, and a comparison with its rivals."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import _num_features, _num_samples

from ..adapters.base import check_weights
from ..adapters.offsets import check_both_offsets
from ..composites.base import Given
from ..composites.exchange import holds
from ..composites.kinds import LAYERS
from ..core.losses import LossFunction
from ..core.parameters import is_number
from ..core.targets import check_target
from ..pruning import check_class_weight, offset_inside
from ..slimming import slim as without_columns
from .budget import Budget, n_bytes
from .effort import EFFORTS
from .faithful import Parts, compressed_faithfully
from .layer_trials import compressed_layers
from .result import CompressionResult
from .trials import Trials
from .watch import Watch
from .whole_look import Splitting
from .wholes import compressed


def compress(
    model: Any,
    X: Any,
    y: ArrayLike | None = None,
    *,
    max_nodes: int | None = None,
    max_bytes: int | None = None,
    max_latency_ratio: float | None = None,
    max_loss: float | None = None,
    faithful: float | None = None,
    tolerance: float | None = None,
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
    groups: ArrayLike | None = None,
    slim: bool = False,
    effort: str = "balanced",
    time_limit: float | None = None,
    n_jobs: int | None = None,
    verbose: bool | int = False,
) -> CompressionResult:
    """Make a fitted tree ensemble, or a model made of weights, as good as it can be within a budget.

    Joint pruning (from the model as it is and, of bootstrapped trees, from what their out-of-bag rows leave of each),
    depth pruning and tree selection are tried at many strengths, and judged on rows that neither grew the trees nor set
    their leaves. Ridge penalties of leaves are tried one after the other as long as the next does better. The model
    itself is then pruned, on all rows, by what did best within the budget. For comparison, rivals are trained on the
    same rows, each up to the size at which it could win: the same class with fewer trees and with fewer leaves, and
    HistGradientBoosting. If one of those wins, `retrained_wins` and the message say so, and a warning is given.

    Without any budget, the smallest model that is *no worse* is given. Its losses and those of the model given are
    compared row by row on the held-out rows, and its mean difference has an upper limit of at most 0, at a one-sided
    level of 5 % that holds for all prunings compared at the same time (`compression.no_worse`). Where rows are few, the
    path that seems best is tried once more on the rows that did not judge it (`compression.second_look`). If no smaller
    model passes, the model is given as it is. What is compared are models of fewer rows, grown and pruned without
    those held out: where the model given still gains much from more rows, it can gain more than a small one.

    A model that says something else than one tree model inside it (calibrated, voting, stacked, of several outputs,
    with a transformed target) is compared as a whole, by the loss of what it predicts: a calibrated one after
    calibration. Rows that chose no pruning are cut into three parts (one, where they are many); for each, the whole is
    fitted anew on all rows but the part, pruned and calibrated as the result is, and judged on the part. Up to five
    choices of strengths for all tree models inside are tested, from those that did best to smaller ones, up to the
    first that is not shown to be no worse (`compression.whole_look`). If none is, the whole is given as it is. A whole
    that cannot be fitted anew (frozen models inside) is not tested, which the message says; then its tree models are
    each no worse by their own loss.

    With a budget, `verdict` and the message say what it costs, of the whole, with its standard error (where rows are
    few, by the rows that did not choose it), and a warning is given if a limit of the size costs more than noise.

    Where trees vote (AdaBoost), there are several labels, or leaves are linear, leaves cannot be set together: then the
    first trees are kept, each pruned where that changes least of what it says itself (`compression.imitation`). Labels
    are judged by how many are wrong, and no rivals are trained.

    Linear models, multi-layer perceptrons, and models that hold such and no trees are pruned by magnitude and by units
    at many amounts, with the weights that stay solved again, and judged as wholes: by the Brier score of probabilities,
    the share of wrong labels where there are none, or the squared error. The same test and the same budgets apply, but
    for `max_nodes`; bytes are those of the pickle, and with `max_bytes` weights are stored as sparse matrices where
    that takes fewer. Rivals are networks of fewer hidden units, and linear models with an L1 penalty. Losses count rows
    by `sample_weight` alone.

    With `faithful`, no labels are needed: models are pruned towards what the model itself says, and the smallest is
    given that keeps it on that share of new rows, by an exact binomial limit (`compression.faithful`). That works for
    all models that can be pruned, those without a target or whose trees vote included.

    Parameters
    ----------
    model : object
        A fitted ensemble whose trees average or add up, a single tree, a linear model, a multi-layer perceptron, or a
        model that holds such models, as `prune` takes them: a Pipeline, a search, a calibrated or voting model, ...
        Transformers and other models stay as they were fitted; calibrators and tuned thresholds over tree models are
        fitted anew, on the rows held out, and so the trees are those of a clone that has not seen them.
    X, y : array-like
        The rows that it was fitted on, as it takes them. With `faithful`: rows that it was *not* fitted on, and no y.
    max_nodes : int, optional
        Most nodes of all trees. Several tree models inside share them: where their losses can be added (classifiers
        with one kind of loss, regressors of the same targets), so that no node would lower the loss more elsewhere;
        else in proportion to their own nodes.
    max_bytes : int, optional
        Largest file, of all that the model holds; see `bytes_of`. Several tree models share it in proportion to theirs.
    max_latency_ratio : float, optional
        Most time to predict the held-out rows, over that of the model given. It is measured: both predict in turn, nine
        times, and the least times count. Results may differ between runs where the machine's times do. A Pipeline's
        time is that of all its steps.
    max_loss : float, optional
        By how much the loss on held-out rows may rise over that of the model given, as a share of it (0.05: by 5 %);
        the smallest such model is sought. The loss is the Brier score of forests, the mean squared error of regression
        forests, and of boosted models the loss that they minimise: log-loss, deviance, absolute error, and so on. Of
        several tree models inside, each may lose that share of its own.
        That is a rule for the means, without a test.
    faithful : float, optional
        Share of new rows, in (0, 1), on which the result must say what the model says: its label, or a value (an
        isolation forest's: a score) within `tolerance`. The smallest model is given whose lower limit is at least this
        at a one-sided level of 5 % (Clopper & Pearson 1934), and the model as it is if there is none. With
        ``faithful=.999`` it takes 2,995 rows to test by, even if all agree. Rows to test by are those of `X_val`
        without targets, or the share `validation` of X; rows with the same features are one. The limit is exact if the
        model was not fitted on the rows to test by. With `max_nodes`, `max_bytes` or `max_latency_ratio`, the model
        within them that agrees most is given, and the message says how often.
    tolerance : float, optional
        With `faithful`, for other models than classifiers: largest difference of two values that are the same, in all
        outputs.
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
    output : {"link", "plain", "forest"}, default="link"
        What a forest or bagged classifier becomes: the counterpart of its class that applies a link, the better of the
        two; or stock scikit-learn: a `CalibratedClassifierCV` over the frozen forest, whose sigmoid is fitted on the
        held-out rows, which then set no leaves; or "forest": the stock class itself, for tools that read trees. Its
        labels are right, but its probabilities are nearer to equal shares of the classes than they should be.
    bytes_of : {"compact", "native"}, default="compact"
        What `max_bytes` counts: the file of `save_compact`, or its library's own (UBJSON of XGBoost, text of LightGBM,
        pickle of scikit-learn). Of models made of weights both are the pickle.
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
    slim : bool, default=False
        Whether columns that no split uses any more leave the model, and all that prepares them, as by
        `treeprune.slim`: then ``result.model.columns_`` are those that it needs.
    groups : array-like of shape (n_rows,), optional
        Labels of rows of X, y that belong together, such as those of one patient: they are held out together, and are
        one observation in comparisons. None: rows with the same features are.
    effort : {"quick", "balanced", "thorough"}, default="balanced"
        How much is tried. "quick": joint pruning with the usual penalty alone, and of rivals only the first trees.
        "thorough": all penalties are compared on whole paths, and depth pruning has a whole one.
    time_limit : float, optional
        Seconds after which the best so far is pruned and given. It holds as long as there is time to fit the model
        once, to follow a path down to the budget and to prune the model itself; kernels that are not compiled yet take
        their time, too.
        What was tried by then, and so the result, depends on the speed of the machine.
    n_jobs : int or None, default=None
        Threads in which models are grown and pruned where other parts of the rows judge once more, as joblib counts
        them; None: one. The result does not depend on it.
    verbose : bool or int, default=False
        Shows on standard error what is being tried, the best so far and the time. After Ctrl-C the best so far is
        given, with a warning; if nothing was found by then, KeyboardInterrupt is raised.

    Returns
    -------
    CompressionResult

    Raises
    ------
    ValueError
        No model within the budget was found (the message says how small the smallest is), or a parameter is out of
        range.
    UnsupportedModelError
        The model has no target, or a loss that compress does not know.

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
    check_class_weight(class_weight)
    _check(validation, output, bytes_of, slim, effort, time_limit, n_jobs)
    _check_faithful(faithful, tolerance)
    of_layers = holds(model, LAYERS) and not holds(model)
    if of_layers:
        _check_for_layers(
            max_nodes=max_nodes,
            faithful=faithful,
            base_margin=base_margin,
            init_score=init_score,
            base_margin_val=base_margin_val,
            init_score_val=init_score_val,
            loss=loss,
            output=None if output == "link" else output,
        )
    if faithful is not None:
        _check_not_with_faithful(
            output,
            y=y,
            max_loss=max_loss,
            sample_weight=sample_weight,
            base_margin=base_margin,
            init_score=init_score,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
            base_margin_val=base_margin_val,
            init_score_val=init_score_val,
            loss=loss,
            scoring=scoring,
        )
        parts = Parts.of(X, X_val, groups, validation, random_state)
        with Watch(time_limit, verbose) as watch:
            result = compressed_faithfully(
                model, parts, faithful, tolerance, budget, watch, output=output, effort=effort
            )
        return _slim(result, X) if slim else result
    if y is None:
        raise ValueError("The 'y' parameter of compress must be given, except with faithful=. Got None.")
    _check_judging_rows(X_val, y_val, sample_weight_val)
    for rows, weight, suffix in ((X, sample_weight, ""), (X_val, sample_weight_val, "_val")):
        check_weights(weight, 0 if rows is None else _num_samples(rows), suffix)
    check_target(y)
    check_target(y_val, "y_val")
    rule = Splitting(validation, random_state, groups)
    if of_layers:
        data, held_out = Given(X, y, sample_weight), None if X_val is None else Given(X_val, y_val, sample_weight_val)
        with Watch(time_limit, verbose) as watch:
            result = compressed_layers(
                model, data, held_out, budget, rule, watch, scoring=scoring, effort=effort, retrain=retrain
            )
        result, before = _finished(result, budget, slim, X), n_bytes(model, "native")
        size = n_bytes(result.model, "native")
        said = f" Its pickle has {size:,} bytes, that of the model given {before:,}."
        return replace(result, message=result.message + said)
    offset = offset_inside(model, X, base_margin=base_margin, init_score=init_score)
    offset_val = offset_inside(model, X_val, suffix="_val", base_margin=base_margin_val, init_score=init_score_val)
    check_both_offsets(model, offset, X_val, offset_val)
    data = Given(X, y, sample_weight, offset)
    held_out = None if X_val is None else Given(X_val, y_val, sample_weight_val, offset_val)

    def trying(tree_model, seen, seen_val=None, *, groups=None, cut=None):
        settings = (validation, random_state, loss, scoring, class_weight, groups, effort, n_jobs)
        return Trials(tree_model, seen, seen_val, *settings, cut)

    with Watch(time_limit, verbose) as watch:
        by = "loss" if scoring is None else "score"
        result = compressed(model, data, held_out, budget, trying, rule, watch, output=output, retrain=retrain, by=by)
    return _finished(result, budget, slim, X)


def _finished(result, budget, slim, X):
    """The result, slim if asked for, after a warning if it is not what one would hope for."""
    if result.retrained_wins or (result.verdict == "worse" and not budget.seeks_size):
        warnings.warn(result.message, stacklevel=3)
    return _slim(result, X) if slim else result


def _slim(result, X):
    small = without_columns(result.model)
    message = result.message
    if small.columns_ is not None:
        message += f" It needs {len(small.columns_):,} of {_num_features(X):,} columns."
    return replace(result, model=small, message=message)


def _check_judging_rows(X_val, y_val, sample_weight_val):
    if (X_val is None) != (y_val is None) or (X_val is None and sample_weight_val is not None):
        raise ValueError("Give X_val and y_val together, and sample_weight_val with them only.")


def _check_for_layers(**of_trees):
    """Refuse what only tree models know."""
    for name, value in of_trees.items():
        if value is not None:
            instead = " Give max_bytes= or max_loss=." if name == "max_nodes" else ""
            raise ValueError(
                f"The {name!r} parameter of compress is for tree models, and not for models made of weights.{instead} "
                f"Got {value!r:.60}."
            )


def _check_faithful(faithful, tolerance):
    if faithful is not None and not (is_number(faithful, Real) and 0.0 < faithful < 1.0):
        raise ValueError(
            f"The 'faithful' parameter of compress must be a float in the range (0.0, 1.0) or None. Got {faithful!r}."
        )
    if tolerance is not None and faithful is None:
        raise ValueError(f"The 'tolerance' parameter of compress must be None without faithful=. Got {tolerance!r}.")
    if tolerance is not None and not (is_number(tolerance, Real) and 0.0 <= tolerance < float("inf")):
        raise ValueError(
            f"The 'tolerance' parameter of compress must be a finite number >= 0 or None. Got {tolerance!r}."
        )


def _check_not_with_faithful(output, **others):
    """Refuse what has no meaning where models are compared with the full one, and not with targets."""
    for name, value in others.items():
        if value is not None:
            raise ValueError(f"The {name!r} parameter of compress must be None with faithful=. Got {value!r:.60}.")
    if output == "plain":
        raise ValueError(
            "The 'output' parameter of compress must be 'link' or 'forest' with faithful=: calibration changes labels. "
            "Got 'plain'."
        )


def _check(validation, output, bytes_of, slim, effort, time_limit, n_jobs):
    if not isinstance(slim, bool | np.bool_):
        raise ValueError(f"The 'slim' parameter of compress must be True or False. Got {slim!r}.")
    for name, value, choices in (
        ("output", output, ("link", "plain", "forest")),
        ("bytes_of", bytes_of, ("compact", "native")),
        ("effort", effort, tuple(EFFORTS)),
    ):
        if value not in choices:
            raise ValueError(f"The {name!r} parameter of compress must be among {choices}. Got {value!r}.")
    if not isinstance(validation, Real) or isinstance(validation, bool) or not 0.0 < validation < 1.0:
        raise ValueError(
            f"The 'validation' parameter of compress must be a float in the range (0.0, 1.0). Got {validation!r}."
        )
    is_number = isinstance(time_limit, Real) and not isinstance(time_limit, bool)
    if time_limit is not None and not (is_number and 0.0 < time_limit < float("inf")):
        raise ValueError(
            f"The 'time_limit' parameter of compress must be a finite number > 0 or None. Got {time_limit!r}."
        )
    if n_jobs is not None and (not isinstance(n_jobs, Integral) or isinstance(n_jobs, bool) or n_jobs == 0):
        raise ValueError(f"The 'n_jobs' parameter of compress must be None or an int other than 0. Got {n_jobs!r}.")
