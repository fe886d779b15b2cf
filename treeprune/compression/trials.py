"""What compress tries: prunings of a model, and models trained anew. All are judged on rows that made none of them."""

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from copy import deepcopy
from functools import cached_property, partial
from itertools import repeat
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import _num_samples

from ..adapters import find_adapter
from ..adapters.base import check_weights
from ..composites.base import Given
from ..core.additive import Scores
from ..core.losses import LossFunction, loss_in_place
from ..exceptions import UnsupportedModelError
from ..methods import DepthPruning, JointPruning, PruningMethod, ReducedError, TreeSelection
from ..methods.descent import ALPHAS_PER_DECADE
from .effort import EFFORTS
from .first_trees import scores_of_first_trees
from .imitation import imitations
from .linking import LinkJudge
from .no_worse import LEVEL, Comparison, compared
from .repeats import dealt, fingerprints, share_repeated, split, units_of
from .rivals import fewer_trees, fitted, rivals
from .scoring import Judged, Scorer, can_stratify, check_enough, check_judge, classifies, prunes_jointly, scorer_for
from .stacking import stacked
from .trial import LEAST_LOSS, Aim, Trial

#: Ridge penalties to try, in rows or hessians, one after the other as long as the next does better. How far leaves
#: should be shrunk is a matter of the data, hardly of the size or of where the trials start.
REGS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
#: Paths of many strengths need no strength's solution to the end: the next begins from it. Ten times the method's own
#: tolerance takes less than half the time, and held-out losses are the same within noise.
TOL = 1e-2
#: Forests that do well by remembering rows do best where leaves are shrunk towards the trees' own values.
OF_FORESTS = (JointPruning(reg=30.0, tol=TOL), JointPruning(reg=30.0, shrink_to="values", tol=TOL))
OF_BOOSTING = (
    JointPruning(reg=100.0, shrink_to="zero", tol=TOL),
    JointPruning(reg=300.0, shrink_to="values", tol=TOL),
)
_TREE_COUNTS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200)


class Cut(NamedTuple):
    """Rows that are cut already: those to grow and prune by, those to judge by, and which of these belong together.

    `judge_units` are numbers of their groups, shape (n_judging_rows,); None: rows with the same features are one.
    """

    use: Given
    judge: Given
    judge_units: NDArray[np.int64] | None


class ShortPath(NamedTuple):
    """How far a method came along a path of few strengths, less being better.

    `least` is where paths of other penalties may begin: where a size is sought, a tenth of the strength that did so.
    """

    method: PruningMethod
    reached: tuple[bool, float]
    least: float


class Trials:
    """Trials of prunings of a tree model: the model, the rows to prune it by and those to judge by.

    Parameters
    ----------
    model : object
        The model to prune in the end.
    data : Given or tuple of its first fields
        Its training rows.
    held_out : Given or tuple of its first fields, or None
        Rows to judge by; None: a share of the others, `validation`.
    validation : float
    random_state : int or None
        Splits the rows, and goes to HistGradientBoosting.
    loss : str or callable, optional
        Loss of a boosted model in the place of its own.
    scoring : str or callable, optional
        Scorer that judges in the place of the loss.
    class_weight : {"model"} or None
        As in `compress`.
    groups : array-like of shape (n_rows,), optional
        Rows of one group are judged together or not at all; None: those of the same features.
    effort : {"quick", "balanced", "thorough"}
        How much is tried.
    n_jobs : int or None
        Threads for trials that other parts judge.
    cut : Cut, optional
        How the training rows are cut; None: by `validation`.

    Attributes
    ----------
    seconds_of_fit, seconds_of_path : float
        Wall time of growing `grown`, and of the longest path so far, its rows' routing included.
    grown : object
        The model that the trials prune: a clone, fitted on the rows that do not judge, or the model itself.
    unpruned : Trial
        `grown` as it is.
    use, judge, all : Given
        Rows to grow and prune by, rows to judge by, and both.
    holds_back : bool
        Whether what is carried out has not seen the judging rows, for something else will be fitted on them.
    counted, limit : str
        What sizes are counted in, and the parameter of `compress` that limits them, for messages.
    units : ndarray of int of shape (n_judging_rows,)
        The same for judging rows that belong together.
    repeated : float
        Share of the rows that belong together with others; of rows to judge by that are given, of those whose features
        are those of training rows.
    """

    counted, limit = "nodes", "max_nodes"

    def __init__(
        self,
        model: Any,
        data: tuple,
        held_out: tuple | None,
        validation: float,
        random_state: int | None,
        loss: str | LossFunction | None = None,
        scoring: str | Callable | None = None,
        class_weight: str | None = "model",
        groups: ArrayLike | None = None,
        effort: str = "balanced",
        n_jobs: int | None = None,
        cut: Cut | None = None,
    ):
        self.n_jobs = n_jobs
        self.model, self.grown, self.random_state, self.loss = model, model, random_state, loss
        self._weighting = class_weight
        self.has_groups = groups is not None or (cut is not None and cut.judge_units is not None)
        self.rows_to_judge_are_given, self.effort = held_out is not None, EFFORTS[effort]
        self.seconds_of_fit = self.seconds_of_path = 0.0
        self.holds_back = False
        self._own = adapter = find_adapter(model)
        check_judge(adapter, loss, scoring)
        data = Given(*data)
        check_enough(adapter, data, held_out)
        self._scorer = partial(Scorer, loss=loss, scoring=scorer_for(model, scoring, data))
        adapter.check_offset(data.offset)
        self._use_at = None
        if cut is not None:
            self.all, self.use, self.judge, units = data, *cut
            self.units = units_of(self.judge.X) if units is None else units
            self.repeated = share_repeated(self.units)
            self.grown = self._grown_anew()
        elif held_out is None:
            units = units_of(data.X, groups)
            use, judge = split(units, self._labels(data), validation, random_state)
            checked = data._replace(sample_weight=check_weights(data.sample_weight, len(units)))
            self.use, self.judge, self.units = checked.at(use), checked.at(judge), units[judge]
            self.all, self.repeated = data, share_repeated(units)
            self._use_at, self._use_units = use, units[use]
            self.grown = self._grown_anew()
        else:
            self.use, self.judge = data, Given(*held_out)
            self.all, self.units = stacked(data, self.judge), units_of(self.judge.X)
            self.repeated = float(np.isin(fingerprints(self.judge.X), fingerprints(data.X)).mean())
        self._fitted_on = data
        self.scorer = self.scorer_of(self.grown, self.judge)
        self.adapter, self.held_out = self.scorer.adapter, self.scorer.rows
        self.forest = self.adapter.forest
        self._starts: dict[bool, tuple] = {}
        self._scores: dict[bool, Scores] = {}
        whole = self.scorer.judge_model(self.grown, self.judge.X)
        self.unpruned = Trial("unpruned", "", self.forest.n_nodes, self.forest.n_trees, *whole)

    @property
    def why_nothing_is_shown(self) -> str:
        """Why the losses of held-out rows do not show what is no worse; empty: they do."""
        if self.unpruned.row_losses is None:
            return "scoring= gives one number, and no loss of each row"
        if self.grown is self.model and not self.rows_to_judge_are_given:
            return "it was judged on rows that it was grown on"
        return ""

    def compared(self, found: Sequence[Trial], level: float = LEVEL) -> Comparison | None:
        """Some trials beside the model as it is, on the judging rows; None if that shows nothing."""
        if self.why_nothing_is_shown or not found:
            return None
        losses = [trial.row_losses for trial in found]
        return compared(losses, self.unpruned.row_losses, self.held_out.sample_weight, self.units, level)

    def growth(self, output: str = "link") -> float:
        """Number of the rows that the model itself is pruned by, over that of those that the trials used."""
        if self._judging_rows_stay_out(output):
            return 1.0
        return _num_samples(self.all.X) / _num_samples(self.use.X)

    def _judging_rows_stay_out(self, output):
        return self.holds_back or output == "plain"

    @property
    def seconds_to_carry_out(self) -> float:
        """About how long it takes to prune the model itself, by all rows."""
        finer = ALPHAS_PER_DECADE / self.effort.compared
        return self.growth() * self.seconds_of_path * (1.0 + np.log2(finer) / 2.0)

    @property
    def n_units(self) -> int:
        """Independent observations among the judging rows."""
        return len(np.unique(self.units))

    @property
    def can_be_fitted_anew(self) -> bool:
        """Whether other parts of the rows can judge, too."""
        return self._use_at is not None and self.grown is not self.model

    def other_parts(self, n_parts: int) -> list["Trials"]:
        """Trials that other parts of the rows judge, of models grown on all rows but the part."""
        part_of = dealt(self._use_units, self._labels(self.use), n_parts, self.random_state)
        return self.together(partial(self._of_part, part_of), range(n_parts))

    def together(self, function: Callable, values: Iterable) -> list:
        """What a function gives for each of some values, worked out in `n_jobs` threads."""
        return Parallel(n_jobs=self.n_jobs, prefer="threads")(delayed(function)(value) for value in values)

    def _of_part(self, part_of, part):
        every, judging = np.arange(_num_samples(self.all.X)), self._use_at[part_of == part]
        use, judge = (self._fitted_on.at(rows) for rows in (np.setdiff1d(every, judging), judging))
        trials = Trials(self._fitted_clone(use), use, judge, 0.5, self.random_state, self.loss, None, self._weighting)
        trials.units = self._use_units[part_of == part]
        return trials

    def scorer_of(self, model: Any, data: tuple) -> Scorer:
        """What judges `grown`, or a model fitted on the same rows, on rows."""
        return self._scorer(self._adapter_of(model), data)

    def _adapter_of(self, model, is_whole=False):
        """The adapter of `grown`, of what was made of it or fitted on the same rows; or of the whole model."""
        adapter = self._own if model is self.model else find_adapter(model)
        data = self._fitted_on if is_whole or self.grown is self.model else self.use
        if adapter.lacks_values:  # they come from the rows that the model was fitted on
            adapter = adapter.completed(*data)
        if self._weighting is None:
            return adapter.without_class_weights()
        return adapter.fitted_on(data.y, data.sample_weight)

    def _grown_anew(self):
        if not hasattr(self.model, "fit") or not hasattr(self.model, "get_params"):
            warnings.warn(
                f"{type(self.model).__name__} cannot be fitted anew on fewer rows: it is judged on rows that it was "
                "grown on, which flatters what keeps much of it. Give rows of their own as X_val and y_val.",
                stacklevel=4,
            )
            return self.model
        return self._fitted_clone(self.use)

    def _fitted_clone(self, rows):
        start = perf_counter()
        model = fitted(clone(self.model).set_params(**self._own.refit_settings), *rows)
        self.seconds_of_fit = perf_counter() - start
        return model

    def _labels(self, rows):
        """Classes by which rows are split in proportion; None: numbers, or shares of classes."""
        loss = loss_in_place(self._own.loss, self._own.forest.task, self.loss)
        return rows.y if classifies(self._own.forest, loss) and can_stratify(rows.y) else None

    def pruned(self, aim: Aim = LEAST_LOSS) -> Generator[Trial, None, None]:
        """Prunings by all methods that apply, smallest last along each path.

        Parameters
        ----------
        aim : Aim
            By which one ridge penalty, or start, has to do better than another.
        """
        if not prunes_jointly(self.adapter):
            yield from imitations(self.adapter, self.adapter.rows(*self.use), self._judged_model)
            return
        best = yield from self.jointly_pruned(aim)
        by_depth_pays = self.effort.depth == ALPHAS_PER_DECADE if aim.exact else self.effort.depth
        if self.forest.n_trees > 1 and best.method.constraint is None and by_depth_pays:
            by_depth = DepthPruning(reg=best.method.reg, shrink_to=best.method.shrink_to, loss=self.loss, tol=TOL)
            least = 0.0 if aim.exact else best.least
            yield from self.path(by_depth, per_decade=self.effort.depth, least=least)
        if self.forest.task in TreeSelection.tasks:
            yield from self._selections()

    def _judged_model(self, small):
        return self.scorer.judge_model(small, self.judge.X)

    def jointly_pruned(self, aim: Aim = LEAST_LOSS) -> Generator[Trial, None, "ShortPath"]:
        """Prunings of all trees together, from all starts; returns the path of the method that did best."""
        # without a link only probabilities can be leaf values
        free = self.forest.task != "classification" or self.forest.n_trees == 1 or "link" in self.adapter.operations
        out_of_bag = self._out_of_bag is not None  # smaller, so that its paths take less time
        constraint = None if free else "leaf"
        methods = [
            clone(method).set_params(constraint=constraint, loss=self.loss)
            for method in (
                OF_BOOSTING if self.forest.task == "margin" else OF_FORESTS[: None if self.effort.climbs else 1]
            )
        ]
        if len(methods) == 1 and not self.effort.climbs:  # nothing to compare
            yield from self.path(methods[0], out_of_bag, self.effort.path)
            return ShortPath(methods[0], (True, np.inf), 0.0)
        found = []
        for method in methods:
            found.append((yield from self.climb(method, aim, out_of_bag)))
        best = min(found, key=lambda short: short.reached)
        if out_of_bag and self.effort.starts:
            of_whole = yield from self._compared(best.method, aim, False, best.least)
            out_of_bag = best.reached <= of_whole.reached
        if self.effort.path > self.effort.compared:
            yield from self.path(best.method, out_of_bag, self.effort.path)
        return best

    def climb(
        self, method: PruningMethod, aim: Aim = LEAST_LOSS, out_of_bag: bool = False
    ) -> Generator[Trial, None, "ShortPath"]:
        """Short paths of one of `REGS` after another, from the method's own; returns the one that does best.

        They start from the model as it was grown, or from trees that out-of-bag rows have pruned.
        """
        at, paths = REGS.index(method.reg), {}

        def compared(at, least=0.0):
            with_reg = clone(method).set_params(reg=REGS[at])
            paths[at] = yield from self._compared(with_reg, aim, out_of_bag, least)

        yield from compared(at)
        for step in (1, -1) if self.effort.climbs else ():
            while 0 <= at + step < len(REGS) and at + step not in paths:
                yield from compared(at + step, paths[at].least)
                if paths[at + step].reached >= paths[at].reached:
                    break
                at += step
        return paths[at]

    def _compared(self, method, aim, out_of_bag, least):
        """A path of few strengths; returns how it did."""
        found: list[Trial] = []
        for trial in self.path(method, out_of_bag, self.effort.compared, least):
            yield trial
            found.append(trial)
        if not found:
            return ShortPath(method, (True, np.inf), least)
        reached, best = aim.reached(found)
        if aim.loss is None:  # a budget is met by whole paths: those that begin late do worse
            return ShortPath(method, reached, 0.0)
        return ShortPath(method, reached, found[max(best - self.effort.compared, 0)].method.alpha)

    def path(
        self,
        method: PruningMethod,
        out_of_bag: bool = False,
        per_decade: int = ALPHAS_PER_DECADE,
        least: float = 0.0,
        alphas: ArrayLike | None = None,
        temperatures: Sequence[float | None] | None = None,
    ) -> Iterator[Trial]:
        """Prunings along a method's path, judged.

        They have so many strengths per factor of ten, from the least one on, or those that are given, with the
        temperatures of their links.
        """
        start = perf_counter()
        forest, use, judge = self._start(out_of_bag)
        additive, steps = method.prunings(forest, use, alphas, per_decade=per_decade, least=least)
        if out_of_bag not in self._scores:  # the same for all methods
            self._scores[out_of_bag] = Scores(additive, judge)
        scores, is_exact = self._scores[out_of_bag], per_decade == ALPHAS_PER_DECADE and least == 0.0
        given = repeat(None) if temperatures is None else temperatures
        for (alpha, pruning), temperature in zip(steps, given, strict=False):
            if len(pruning.leaf) == 0:
                break
            score_of_rows = scores.under(pruning)
            if temperatures is None and self._takes_link(method):
                judged, temperature = self._link_judge.judge(score_of_rows)
            else:
                judged = self.scorer.judge_score(score_of_rows, temperature)
            found = clone(method).set_params(alpha=alpha)
            name, size = type(method).__name__, (pruning.n_nodes, pruning.n_trees)
            text = _text(found, out_of_bag)
            made = {"method": found, "out_of_bag": out_of_bag, "is_exact": is_exact, "temperature": temperature}
            yield Trial(name, text, *size, *judged, **made)
        self.seconds_of_path = max(self.seconds_of_path, perf_counter() - start)

    def _takes_link(self, method):
        """Whether a link makes probabilities of the scores of what a method prunes."""
        of_several = self.forest.task == "classification" and self.forest.n_trees > 1
        return of_several and isinstance(method, JointPruning) and method.constraint is None

    @cached_property
    def _link_judge(self):
        return LinkJudge(self.scorer, dealt(self.units, self._labels(self.judge), 2, self.random_state) == 0)

    def _start(self, out_of_bag):
        """The forest that prunings start from, and the rows for use and to judge by, routed through it once."""
        if out_of_bag not in self._starts:
            adapter = self._out_of_bag if out_of_bag else self.adapter
            self._starts[out_of_bag] = adapter.forest, adapter.rows(*self.use), adapter.rows(*self.judge)
        return self._starts[out_of_bag]

    @cached_property
    def _out_of_bag(self):
        """The adapter of `grown` with each tree pruned by its out-of-bag rows; None if there are none."""
        is_fitted_on_them = self.grown is not self.model or self.use is self._fitted_on
        if not is_fitted_on_them or self._model_out_of_bag is None:
            return None
        same = self.grown is self.model
        pruned = self._model_out_of_bag if same else _pruned_out_of_bag(self.adapter, self.use)
        return None if pruned is None else self._adapter_of(pruned)

    @cached_property
    def _model_out_of_bag(self):
        return _pruned_out_of_bag(self._adapter_of(self.model, is_whole=True), self._fitted_on)

    def _selections(self):
        """Tree selection, ordered by one half of the judging rows and judged by the other, both ways."""
        if np.ptp(self.units) == 0:
            return
        halves = split(np.unique(self.units, return_inverse=True)[1], None, 0.5, self.random_state)
        scorers = [self._scorer(self.adapter, self.judge.at(half)) for half in halves]
        rows = [scorer.rows for scorer in scorers]
        counts = [n for n in _TREE_COUNTS if n < self.forest.n_trees]
        orders = [TreeSelection().order_of(self.forest, ordering) for ordering in (*rows, self.held_out)]
        judged = [
            list(scores_of_first_trees(scorers[judging], orders[ordering], counts))
            for ordering, judging in ((0, 1), (1, 0))
        ]
        sizes = np.cumsum(np.diff(self.forest.start)[orders[2]])
        for n_trees, *of_halves in zip(counts, *judged, strict=True):
            n_nodes, method = int(sizes[n_trees - 1]), TreeSelection(n_trees)
            judged = _together(of_halves, (halves[1], halves[0]))
            yield Trial("TreeSelection", f"n_trees={n_trees}", n_nodes, n_trees, *judged, method=method)

    def rivals(self, n_nodes: float = np.inf) -> Generator[Trial, None, None]:
        """Models trained anew on the rows that the search used, of up to so many nodes.

        Of models whose leaves cannot be set together there are none.
        """
        if not prunes_jointly(self.adapter):
            return
        if not self.effort.anew:
            yield from fewer_trees(self.scorer, n_nodes)
            return
        yield from rivals(self.grown, self.use, self.judge, n_nodes, self.random_state, self.scorer_of)

    def carry_out(self, chosen: Trial, output: str, of_trial: bool = False) -> tuple[Any, PruningMethod | None]:
        """The pruned model that the user gets for a trial, and the method that made it.

        With `of_trial`, the one that was judged: what the trial pruned, by the rows that it used.

        Methods that set leaves do so on all rows, or on those that do not judge if the judging ones are needed for
        calibration after it. Tree selection needs rows that did not grow the trees.
        """
        of_trial = of_trial or self.holds_back
        method = chosen.method
        if method is None:
            return deepcopy(self.grown if self.holds_back else self.model), None
        if isinstance(method, TreeSelection):
            return self._pruned(self._adapter_of(self.grown), method, self.judge), method
        rows = self.use if of_trial or self._judging_rows_stay_out(output) else self.all
        if output == "link" and chosen.temperature is not None:
            method = clone(method).set_params(link="softmax", temperature=chosen.temperature)
        if of_trial:
            start = self._out_of_bag if chosen.out_of_bag else self._adapter_of(self.grown)
            return self._pruned(start, method, rows), method
        model = self._model_out_of_bag if chosen.out_of_bag else self.model
        return self._pruned(self._adapter_of(model, is_whole=True), method, rows), method

    @staticmethod
    def _pruned(adapter, method, data):
        adapter, rows = adapter.with_rows(*data)
        return adapter.prune(method.plan(adapter.forest, rows))

    @property
    def judging_weights(self) -> NDArray[np.float64] | None:
        """By which losses count the rows in `judge`, shape (n_rows,); None: all once."""
        return self.adapter.row_weights(self.judge.y, self.judge.sample_weight)

    @property
    def class_weighting(self) -> str | None:
        """The parameter of the model that weighs classes, if rows count by it."""
        return self.adapter.class_weighting if self.adapter.weighs_classes else None


def _text(method, out_of_bag):
    anchor = f"shrink_to={method.shrink_to}, " if method.shrink_to else ""
    text = f"reg={method.reg:g}, {anchor}alpha={method.alpha:.3g}"
    return text + (", start=oob" if out_of_bag else "")


def _pruned_out_of_bag(adapter, data):
    try:
        rows = adapter.oob_rows(*data[:3])
    except (UnsupportedModelError, ValueError):  # no bootstrap, or other rows than those that it was fitted on
        return None
    return adapter.prune(ReducedError().plan(adapter.forest, rows))


def _together(judged, parts):
    """How a model did on rows of which each part was judged by itself."""
    loss, score = np.mean([part[:2] for part in judged], axis=0)
    if judged[0].row_losses is None:
        return Judged(loss, score, None)
    row_losses = np.empty(sum(map(len, parts)))
    for part, of_part in zip(parts, judged, strict=True):
        row_losses[part] = of_part.row_losses
    return Judged(loss, score, row_losses)
