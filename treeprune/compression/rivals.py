"""Rivals: models trained again at a smaller size, to compare pruned models with."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from ..adapters import find_adapter
from ..adapters.offsets import fit_parameters
from ..composites.base import Given
from ..core import losses
from .first_trees import scores_of_first_trees
from .scoring import Scorer, classifies, scorer_of
from .trial import Trial

_SHARES = (0.3, 0.1, 0.03, 0.01)
_TREE_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_LEAVES = (8, 16, 31)
_MOST_ROUNDS = 400
#: Parameters that limit the leaves of a tree, and other parameters that they need.
_LEAF_LIMITS = {
    "max_leaf_nodes": {},
    "estimator__max_leaf_nodes": {},
    "max_leaves": {"max_depth": 0, "grow_policy": "lossguide"},
    "num_leaves": {},
}


def fitted(model: Any, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> Any:
    """The model, fitted; weights and offsets go to models that know them."""
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    return model.fit(X, y, **weights, **fit_parameters(model, offset))


def rivals(
    model: Any,
    data: Given,
    judge: Given,
    n_nodes: float = np.inf,
    random_state: int | None = 0,
    scorer_of: Callable[[Any, tuple], Scorer] = scorer_of,
) -> Generator[Trial, None, None]:
    """Smaller models of the same class, by fewer trees and by fewer leaves, and HistGradientBoosting at many sizes.

    Parameters
    ----------
    model : object
        Fitted on the rows. Training with fewer trees would give its first trees (unless it uses dropout). So even a
        model that cannot be fitted again has rivals.
    data, judge : Given or tuple of its first fields
        The rows, and those to judge by.
    n_nodes : float
        Most nodes of a rival; but the smallest of each kind is always there.
    random_state : int or None
        Of HistGradientBoosting, which is fitted with the weights of classes of the model.
    scorer_of : callable
        ``scorer_of(model, judge)`` judges a model fitted on the rows.
    """
    scorer = scorer_of(model, judge)
    yield from fewer_trees(scorer, n_nodes)
    yield from _fewer_leaves(model, data, judge, n_nodes, scorer_of)
    if Given(*data).offset is None:  # HistGradientBoosting takes none
        yield from _boosted(scorer, data, judge, n_nodes, random_state)


def fewer_trees(scorer: Scorer, n_nodes: float = np.inf) -> Generator[Trial, None, None]:
    """The first trees of a model, which training with fewer of them would give, of up to so many nodes."""
    return _first_stages(scorer, {}, n_nodes)


def _first_stages(scorer, parameters, most):
    """A model's first stages, of up to so many nodes, or the first alone."""
    forest = scorer.rows.forest
    stages = forest.stages if forest.task == "margin" else _trees(forest)
    counts = sorted({n for n in _TREE_COUNTS if n < len(stages)} | ({len(stages)} if parameters else set()))
    n_trees = [stages[count - 1].stop for count in counts]
    sizes = forest.start[n_trees].tolist()
    within = max(np.searchsorted(sizes, most, side="right"), 1)
    judged = scores_of_first_trees(scorer, range(forest.n_trees), n_trees[:within])
    for count, trees, size, of_rows in zip(counts, n_trees, sizes, judged, strict=False):
        text = ", ".join(f"{name}={value}" for name, value in (parameters | {"stages": count}).items())
        yield Trial(f"retrained {type(scorer.adapter.model).__name__}", text, size, trees, *of_rows)


def _trees(forest):
    return [range(tree, tree + 1) for tree in range(forest.n_trees)]


def _fewer_leaves(model, data, judge, n_nodes, scorer_of):
    params = model.get_params() if hasattr(model, "get_params") and hasattr(model, "fit") else {}
    smaller = clone(model) if params else None
    if "estimator" in params and "max_leaf_nodes" not in params:  # of bagging
        smaller.set_params(estimator=clone(model.estimator_))
        params = smaller.get_params()
    name = next((name for name in _LEAF_LIMITS if name in params), None)
    if name is None:
        return
    forest = find_adapter(model).forest
    most = int(np.add.reduceat(forest.is_leaf, forest.start[:-1]).max())
    for leaves in sorted({max(int(share * most), 2) for share in _SHARES} - {most}):
        smaller = clone(smaller).set_params(**{name: leaves}, **_LEAF_LIMITS[name])
        smaller.set_params(**find_adapter(model).refit_settings)
        smaller.set_params(**_enough_stages(params, n_nodes, (2 * leaves - 1) * forest.per_stage))
        parameters = {name.removeprefix("estimator__"): leaves}
        scorer = scorer_of(fitted(smaller, *data), judge)
        yield from _first_stages(scorer, parameters, n_nodes)
        if (2 * leaves - 1) * forest.per_stage > n_nodes:  # so is a single stage of more leaves
            break


def _enough_stages(params, n_nodes, of_stage):
    """A quarter more stages than fit into so many nodes if all have all their leaves: hardly more could win.

    Training with fewer of them gives the first ones of training with more.
    """
    names = {"n_estimators", "max_iter"} & set(params)
    return {name: params[name] for name in names} | {
        name: int(min(params[name], np.ceil(1.25 * n_nodes / of_stage)))
        for name in names
        if params[name] is not None and np.isfinite(n_nodes)
    }


def _boosted(scorer, data, judge, n_nodes, random_state):
    """HistGradientBoosting, stopped at some dozen sizes up to that of the model, each judged as it comes."""
    X, y = data[:2]
    classifier, loss = scorer.is_classifier, scorer.rows.loss
    of_shares = classifies(scorer.rows.forest, loss) and not classifier
    if scorer.y.shape[1] > 1 or hasattr(X, "tocsr") or of_shares or isinstance(loss, losses.Quantiles):
        return  # it takes one target, no sparse rows and no shares of classes, and gives one number
    weight = scorer.adapter.row_weights(*data[1:3])
    n_nodes = min(n_nodes, scorer.rows.forest.n_nodes)
    cls = HistGradientBoostingClassifier if classifier else partial(HistGradientBoostingRegressor, **_nearest(loss))
    n_classes = len(np.unique(y)) if classifier else 1
    for leaves in _LEAVES:
        per_round = (2 * leaves - 1) * (n_classes if n_classes > 2 else 1)
        rounds = int(np.clip(n_nodes // per_round, 1, _MOST_ROUNDS))
        boosted = cls(max_iter=rounds, max_leaf_nodes=leaves, early_stopping=False, random_state=random_state)
        boosted.fit(X, np.ravel(y), weight)
        forest = find_adapter(boosted).forest
        sizes = forest.start[forest.per_stage :: forest.per_stage]
        staged = (boosted.staged_predict_proba if classifier else boosted.staged_predict)(judge[0])
        tried = set(np.geomspace(1, len(sizes), 15).astype(int).tolist())
        for stage, prediction in enumerate(staged, 1):
            if stage in tried:
                text, n_trees = f"max_leaf_nodes={leaves}, max_iter={stage}", stage * forest.per_stage
                judged = scorer.judge_prediction(prediction)
                yield Trial("HistGradientBoosting", text, int(sizes[stage - 1]), n_trees, *judged)


def _nearest(loss):
    """Parameters by which HistGradientBoosting minimises a loss, or the nearest that it has."""
    if isinstance(loss, losses.Quantile):
        return {"loss": "quantile", "quantile": loss.level}
    if isinstance(loss, losses.Absolute | losses.AbsolutePercentage):
        return {"loss": "absolute_error"}
    if isinstance(loss, losses.Gamma):
        return {"loss": "gamma"}
    return {"loss": "poisson" if isinstance(loss, losses.Poisson | losses.Tweedie) else "squared_error"}
