"""compress: the smallest good model of the same class, and what else could have been had."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from numbers import Real
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from ..adapters import find_adapter
from ..methods import DepthPruning, JointPruning, PruningMethod, TreeSelection
from ..pruning import prune
from .rivals import Rival, rivals
from .scoring import Scorer

if TYPE_CHECKING:
    import pandas as pd

#: Ridge penalties that are tried, in rows.
REGS = {JointPruning: (10.0, 30.0, 100.0, 300.0), DepthPruning: (30.0, 300.0)}
_TREE_COUNTS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200)
_ATTEMPTS = 12


@dataclass(frozen=True, eq=False)
class CompressionResult:
    """What `compress` found.

    Attributes
    ----------
    model : object
        The pruned model, within the budget; of the class of the one given, or its subclass with a link.
    method : PruningMethod
        What made it, with its parameters.
    frontier : DataFrame
        Everything that was tried, by rows: method, parameters (as text), n_nodes, n_trees, loss and score on the
        held-out rows, whether it is a rival (a model trained anew) and whether it is the one chosen.
    retrained_wins : bool
        Whether a model trained anew within the budget has less loss on the held-out rows.
    message : str
        The outcome in words.
    """

    model: Any
    method: PruningMethod
    frontier: "pd.DataFrame"
    retrained_wins: bool
    message: str

    def __str__(self):
        return self.message


@dataclass(frozen=True, eq=False)
class Candidate:
    """One point of the frontier."""

    name: str
    parameters: str
    n_nodes: int
    n_trees: int
    loss: float
    score: float
    method: PruningMethod | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Budget:
    """Limits; None is no limit."""

    max_nodes: int | None
    max_bytes: int | None
    max_latency_ratio: float | None
    max_loss: float | None

    def __post_init__(self):
        if all(getattr(self, name) is None for name in ("max_nodes", "max_bytes", "max_latency_ratio", "max_loss")):
            object.__setattr__(self, "max_loss", 0.0)
        for name, low in (("max_nodes", 1), ("max_bytes", 1), ("max_latency_ratio", 0), ("max_loss", 0)):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, Real) or isinstance(value, bool) or value < low):
                raise ValueError(
                    f"The {name!r} parameter of compress must be a number >= {low} or None. Got {value!r}."
                )


def compress(
    model: Any,
    X: Any,
    y: ArrayLike,
    *,
    max_nodes: int | None = None,
    max_bytes: int | None = None,
    max_latency_ratio: float | None = None,
    max_loss: float | None = None,
    X_val: Any = None,
    y_val: ArrayLike | None = None,
    validation: float = 0.25,
    output: str = "link",
    bytes_of: str = "compact",
    retrain: bool = True,
    random_state: int | None = 0,
) -> CompressionResult:
    """Make a fitted tree ensemble as good as it can be within a budget.

    Joint pruning at several strengths and ridge penalties, depth pruning and tree selection are tried, and judged on
    rows that neither grew the trees nor set their leaves. What did best within the budget is then done to the model
    itself, on all rows. Beside them stand models trained anew: the first trees of the model, the same class with fewer
    leaves, and HistGradientBoosting. If one of those wins, the message says so.

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
        Most time to predict the held-out rows, over that of the model given. It is measured.
    max_loss : float, optional
        By how much the loss on held-out rows may rise over that of the model given, as a share of it; the smallest such
        model is sought. Without any budget: 0.
    X_val, y_val : array-like, optional
        Rows to judge by. Without them a share of X, y, and a clone of the model is fitted on the rest for the search; a
        model that cannot be cloned, such as a Booster, is searched itself, which flatters what keeps much of it.
    validation : float, default=0.25
        That share.
    output : {"link", "plain"}, default="link"
        What a forest classifier becomes: the subclass of its class that applies a link, or stock scikit-learn: a
        `CalibratedClassifierCV` over the frozen forest, whose sigmoid is fitted on the held-out rows.
    bytes_of : {"compact", "native"}, default="compact"
        What `max_bytes` counts: the file of `save_compact`, or the model's own (its pickle; a Booster's raw bytes).
    retrain : bool, default=True
        Whether models are trained anew for comparison.
    random_state : int or None, default=0
        Splits the rows, and goes to the rivals.

    Returns
    -------
    CompressionResult

    Raises
    ------
    ValueError
        No model within the budget was found, or a parameter is out of range.
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
    budget = Budget(max_nodes, max_bytes, max_latency_ratio, max_loss)
    if output not in ("link", "plain") or bytes_of not in ("compact", "native"):
        raise ValueError(
            "The 'output' and 'bytes_of' parameters of compress must be among {'link', 'plain'} and "
            f"{{'compact', 'native'}}. Got {output!r} and {bytes_of!r}."
        )
    search = _Search(model, X, y, X_val, y_val, validation, random_state)
    found = list(search.candidates())
    others = list(search.rivals(random_state)) if retrain else []
    limit = _node_limit(budget, model, search, bytes_of)
    chosen = _choose(found, search.unpruned, budget, limit)
    small, method = search.carry_out(chosen, lambda m: _excess(m, budget, limit, model, search, bytes_of))
    if output == "plain":
        small = _plain(small, search)
    winner = min((c for c in others if c.n_nodes <= max(chosen.n_nodes, limit)), key=lambda c: c.loss, default=chosen)
    frontier = _frontier([search.unpruned, *found, *others], chosen)
    wins = winner.loss < chosen.loss
    return CompressionResult(small, method, frontier, wins, _message(search.unpruned, chosen, winner, wins))


class _Search:
    """The model to search with, the rows that it may use and those to judge by."""

    def __init__(self, model, X, y, X_val, y_val, validation, random_state):
        self.model, self.grown = model, model
        if X_val is None:
            labels = y if is_classifier(model) else None
            use, judge = train_test_split(
                np.arange(_num_samples(X)), test_size=validation, stratify=labels, random_state=random_state
            )
            self.use, self.judge = ((_safe_indexing(X, i), _safe_indexing(y, i)) for i in (use, judge))
            self.all = X, y
            if hasattr(model, "fit") and hasattr(model, "get_params"):
                self.grown = clone(model).fit(*self.use)
        else:
            self.use, self.judge = (X, y), (X_val, y_val)
            self.all = _stacked(X, X_val), np.concatenate([np.asarray(y), np.asarray(y_val)])
        self.adapter = find_adapter(self.grown)
        self.forest = self.adapter.forest
        self.rows = self.adapter.rows(*self.use)
        self.held_out = self.adapter.rows(*self.judge)
        self.scorer = Scorer(self.forest, self.held_out)
        whole = self.scorer.of_model(self.grown, self.judge[0])
        self.unpruned = Candidate("unpruned", "", self.forest.n_nodes, self.forest.n_trees, *whole)

    def candidates(self) -> Iterator[Candidate]:
        """Prunings of all methods that apply, smallest nodes last within each."""
        for cls, regs in REGS.items():
            for reg in regs:
                additive, steps = cls(reg=reg).prunings(self.forest, self.rows)
                base = additive.base(self.held_out)
                for alpha, pruning in steps:
                    if len(pruning.leaf) == 0:
                        break
                    loss, score = self.scorer.of_score(additive.score(pruning, self.held_out, base))
                    method, text = cls(reg=reg, alpha=alpha), f"reg={reg:g}, alpha={alpha:.3g}"
                    yield Candidate(cls.__name__, text, pruning.n_nodes, pruning.n_trees, loss, score, method)
        if self.forest.task in TreeSelection.tasks and self.forest.n_trees > 1:
            for n_trees in (n for n in _TREE_COUNTS if n < self.forest.n_trees):
                method = TreeSelection(n_trees)
                kept = self.adapter.prune(method.plan(self.forest, self.held_out))
                n_nodes = find_adapter(kept).forest.n_nodes
                loss = self.scorer.of_model(kept, self.judge[0])
                yield Candidate("TreeSelection", f"n_trees={n_trees}", n_nodes, n_trees, *loss, method)

    def rivals(self, random_state) -> Iterator[Candidate]:
        """Models trained anew on the rows that the search used."""
        for rival in rivals(self.grown, *self.use, self.unpruned.n_nodes, self.scorer.is_classifier, random_state):
            yield self._judged(rival)

    def _judged(self, rival: Rival):
        loss, score = self.scorer.of_prediction(rival.predict(self.judge[0]))
        return Candidate(rival.name, rival.parameters, rival.n_nodes, rival.n_trees, loss, score)

    def carry_out(self, chosen, excess):
        """The chosen method on the model itself, on all rows, smaller until nothing exceeds the budget."""
        method, rows = chosen.method, self.judge if isinstance(chosen.method, TreeSelection) else self.all
        for _ in range(_ATTEMPTS):
            small = prune(self.model, method, *rows)
            over = excess(small)
            if over <= 1.0:
                return small, method
            method = _smaller(method, find_adapter(small).forest, over)
        raise ValueError(f"No model within the budget was found: the last was {over:.3g} times too large.")


def _smaller(method, forest, over):
    if isinstance(method, TreeSelection):
        return TreeSelection(max(int(forest.n_trees / over), 1))
    params = method.get_params() | {"alpha": None, "max_nodes": max(int(forest.n_nodes / max(over, 1.02)), 1)}
    return type(method)(**params)


def _choose(found, unpruned, budget, limit):
    """The candidate with the least loss within the size; with `max_loss`, the smallest that is no worse."""
    within = [c for c in found if c.n_nodes <= limit]
    if budget.max_loss is not None:
        good = [c for c in within if c.loss <= unpruned.loss * (1 + budget.max_loss)]
        if not good:
            raise ValueError(
                f"No pruned model has a loss within {1 + budget.max_loss:g} times that of the unpruned one."
            )
        return min(good, key=lambda c: c.n_nodes)
    if not within:
        raise ValueError("No pruned model is within the budget.")
    return min(within, key=lambda c: c.loss)


def _node_limit(budget, model, search, bytes_of):
    """About how many nodes the budget allows."""
    limit = float(budget.max_nodes or np.inf)
    n_nodes = find_adapter(model).forest.n_nodes
    if budget.max_bytes is not None:
        limit = min(limit, 1.5 * n_nodes * budget.max_bytes / n_bytes(model, bytes_of))
    return limit


def _excess(small, budget, limit, model, search, bytes_of):
    """By how much a model exceeds the tightest limit, as a ratio."""
    ratios = [1.0]
    if budget.max_nodes is not None:
        ratios.append(find_adapter(small).forest.n_nodes / budget.max_nodes)
    if budget.max_bytes is not None:
        ratios.append(n_bytes(small, bytes_of) / budget.max_bytes)
    if budget.max_latency_ratio is not None:
        X = search.judge[0]
        ratios.append(_latency(small, X) / _latency(model, X) / budget.max_latency_ratio)
    return max(ratios)


def n_bytes(model: Any, bytes_of: str = "compact") -> int:
    """Size of a model's file: that of `save_compact` at level "predict", or the library's own."""
    if bytes_of == "compact":
        from ..compact import packed

        return len(packed(model))
    if hasattr(model, "save_raw"):
        return len(model.save_raw())
    if hasattr(model, "model_to_string"):
        return len(model.model_to_string())
    import pickle

    return len(pickle.dumps(model))


def _latency(model, X):
    best = np.inf
    for _ in range(5):
        start = perf_counter()
        model.predict(X)
        best = min(best, perf_counter() - start)
    return best


def _plain(model, search):
    """Stock scikit-learn for a forest with a link."""
    if not hasattr(model, "link_"):
        return model
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from ..links import unlinked

    return CalibratedClassifierCV(FrozenEstimator(unlinked(model)), method="sigmoid").fit(*search.judge)


def _stacked(X, X_val):
    if hasattr(X, "iloc"):
        import pandas as pd

        return pd.concat([X, X_val], ignore_index=True)
    if hasattr(X, "tocsr"):
        from scipy.sparse import vstack

        return vstack([X, X_val]).tocsr()
    return np.concatenate([np.asarray(X), np.asarray(X_val)])


def _frontier(candidates, chosen):
    import pandas as pd

    columns = ("name", "parameters", "n_nodes", "n_trees", "loss", "score")
    frame = pd.DataFrame([{name: getattr(c, name) for name in columns} for c in candidates])
    frame["rival"] = [c.method is None and c.name != "unpruned" for c in candidates]
    frame["chosen"] = [c is chosen for c in candidates]
    return frame.rename(columns={"name": "method"})


def _message(unpruned, chosen, winner, wins):
    text = (
        f"{chosen.name} ({chosen.parameters}): {chosen.n_nodes:,} of {unpruned.n_nodes:,} nodes, "
        f"loss {chosen.loss:.4g} on held-out rows, unpruned {unpruned.loss:.4g}."
    )
    if wins:
        text += (
            f" Training anew does better: {winner.name} ({winner.parameters}) has a loss of {winner.loss:.4g} with "
            f"{winner.n_nodes:,} nodes."
        )
        warnings.warn(text, stacklevel=3)
    return text
