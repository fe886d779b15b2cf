"""What happens to models and tables, and how each family's results are known to be right then.

A situation is a function of a family's name that yields checks; a new one is a few lines under the decorator.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.utils.class_weight import compute_sample_weight

from benchmarks import fault_checks as checks
from benchmarks.fault_checks import BY_ROWS, Checks, Wrong, as_pruned_otherwise, close, output, pruned
from benchmarks.fault_models import (
    BOOSTED,
    FAMILIES,
    JUDGED,
    KNOW_MISSING,
    OBJECTIVES,
    Objective,
    fitted,
    logistic,
    poisson,
    rows,
    squared,
)
from treeprune import compress, prune
from treeprune.adapters import find_adapter


@dataclass(frozen=True)
class Situation:
    """A row of the table: how right values are obtained, the families that it can happen to, and their checks."""

    name: str
    source: str
    families: tuple[str, ...]
    checks: Callable[[str], Checks]


SITUATIONS: list[Situation] = []
#: Where right values come from, in words.
DUMP = "naive twin on a walk of the library's dump; own loss keeps its bound"
SAME = "the library's predictions are the same, so results must be"


def situation(name: str, source: str, families) -> Callable:
    """Add a function of a family's name to the table."""

    def add(function):
        SITUATIONS.append(Situation(name, source, tuple(families), function))
        return function

    return add


def everything(family: str, model, X, y, loss=squared, weight=None, twin=True) -> Checks:
    """All that can be tried with a model, rows to judge by, and for boosted models a loss."""
    yield from checks.as_its_dump_says(model, X)
    if family not in JUDGED:
        return
    boosted = family in BOOSTED
    if twin:
        yield from checks.as_a_naive_twin(model, X, y, loss if boosted else None, weight)
    mean_loss = checks.raw_loss(loss, model, X, y, weight) if boosted else checks.brier_or_squared(X, y, weight)
    options = {} if weight is None else {"sample_weight": weight}
    yield from checks.own_loss_keeps_its_bound(model, X, y, mean_loss, **options)


# Rows -----------------------------------------------------------------------------------------------------------------


def with_holes(X, value=np.nan, share=0.15):
    X = X.copy()
    X[np.random.default_rng(1).random(X.shape) < share] = value
    return X


@situation("missing values", DUMP, FAMILIES)
def missing_values(family):
    X, y = rows()
    holes = with_holes(X)
    model = fitted(family, "numbers", holes if family in KNOW_MISSING else X, y)
    yield from everything(family, model, holes, y)


@situation("infinities in rows", DUMP, FAMILIES)
def infinities(family):
    X, y = rows()
    model = fitted(family, "numbers", X, y)
    yield from everything(family, model, with_holes(with_holes(X, np.inf, 0.05), -np.inf, 0.1), y)


@situation("0 or -999 means missing", DUMP, ["XGBoost"])
def other_missing(family):
    X, y = rows()
    for value in (0.0, -999.0):
        holes = with_holes(X, value)
        yield from everything(family, fitted(family, "numbers", holes, y, missing=value), holes, y)


@situation("missing values off", DUMP, ["LightGBM"])
def missing_off(family):
    X, y = rows()
    yield from everything(family, fitted(family, "numbers", with_holes(X), y, use_missing=False), with_holes(X), y)


@situation("0 means missing", DUMP, ["LightGBM"])
def zero_missing(family):
    X, y = rows()
    holes = with_holes(X, 0.0)
    yield from everything(family, fitted(family, "numbers", holes, y, zero_as_missing=True), holes, y)


@situation("float32 neighbours of thresholds", DUMP, [family for family in FAMILIES if family != "AdaBoost"])
def neighbours(family):
    X, y = rows()
    model = fitted(family, "numbers", X, y)
    known = np.unique(X[:, 0])
    middle = ((known[1:] + known[:-1]) / 2)[np.arange(len(y)) % (len(known) - 1)].astype(np.float32)
    X = X.copy()
    X[:, 0] = np.where(np.arange(len(y)) % 2, np.nextafter(middle, np.float32(9)), np.nextafter(middle, np.float32(-9)))
    yield from everything(family, model, X, y)


LETTERS = np.array(list("jihgfedcba"))


def frame(categories=LETTERS, kind=None):
    """Rows with a column of categories, declared in that order; others than those are missing."""
    X, _ = rows()
    own = LETTERS[np.digitize(X[:, 1], np.linspace(-1.5, 1.5, 9))]
    kind = own if kind is None else kind(own)
    kind = pd.Categorical(np.where(np.isin(kind, categories), kind, None), categories=categories)
    return pd.DataFrame({"x": X[:, 0], "kind": kind, "z": X[:, 2]})


CATEGORICAL = {
    "XGBoost": {"enable_categorical": True, "max_cat_to_onehot": 1},
    "LightGBM": {},
    "HistGradientBoosting": {"categorical_features": "from_dtype"},
}


@situation("categories in another order", SAME, CATEGORICAL)
def reordered(family):
    model, y = fitted(family, "numbers", frame(), rows()[1], **CATEGORICAL[family]), rows(seed=1)[1]
    after = frame(LETTERS[[3, 1, 4, 0, 5, 9, 2, 6, 8, 7]])
    yield from as_pruned_otherwise((model, after, y, {}), (model, frame(), y, {}), after)


@situation("unseen categories", "the same as missing ones", CATEGORICAL)
def unseen(family):
    model, y = fitted(family, "numbers", frame(), rows()[1], **CATEGORICAL[family]), rows(seed=1)[1]
    odd = np.arange(len(y)) % 7 == 0
    new = frame(np.append(LETTERS, "new"), lambda kind: np.where(odd, "new", kind))
    yield from as_pruned_otherwise(
        (model, new, y, {}), (model, frame(kind=lambda kind: np.where(odd, "new", kind)), y, {}), new
    )


@situation("fewer categories", SAME, CATEGORICAL)
def fewer(family):
    model, y = fitted(family, "numbers", frame(), rows()[1], **CATEGORICAL[family]), rows(seed=1)[1]
    few = np.isin(np.asarray(frame()["kind"]).astype(str), LETTERS[3:7])
    after = frame(np.sort(LETTERS[3:7]))[few]
    yield from as_pruned_otherwise((model, after, y[few], {}), (model, frame()[few], y[few], {}), after)


# Weights, offsets, constraints, outputs -------------------------------------------------------------------------------


@situation("weights of rows times 1e-6, 1, 1e6", "naive twin with weights; results as with weights times 1", JUDGED)
def scaled_weights(family):
    X, y = rows()
    model, weight = fitted(family, "numbers", X, y), np.random.default_rng(2).gamma(2.0, size=len(y))
    y = rows(seed=1)[1]
    yield from checks.as_a_naive_twin(model, X, y, squared if family in BOOSTED else None, weight)
    for factor in (2.0**-20, 2.0**20):  # powers of two, since the descent goes by last bits where prunings are as good
        one, other = (model, X, y, {"sample_weight": factor * weight}), (model, X, y, {"sample_weight": weight})
        # compress trains anew, and what these libraries train depends on the unit of weights
        regularised = family in ("HistGradientBoosting", "XGBoost", "LightGBM")
        yield from as_pruned_otherwise(one, other, X, BY_ROWS[:-1] if regularised else BY_ROWS)


@situation("weights of training times 1e-6, 1, 1e6", "results as with weights times 1", ("tree", "forest", "AdaBoost"))
def scaled_training_weights(family):
    X, y = rows("binary")
    weight = np.random.default_rng(2).gamma(2.0, size=len(y))
    model = fitted(family, "binary", X, y, {"sample_weight": weight})
    for factor in (2.0**-20, 2.0**20):
        other = fitted(family, "binary", X, y, {"sample_weight": factor * weight})
        close(output(model, X), output(other, X))
        for method in ("pessimistic_error", "minimum_error", "significance", "mdl", "error_based"):
            yield (
                method,
                lambda other=other, method=method: close(
                    output(prune(other, method), X), output(prune(model, method), X)
                ),
            )


@situation(
    "whole weights", "the same as rows that stand there as often", [family for family in JUDGED if family != "LightGBM"]
)
def whole_weights(family):
    X, y = rows()
    model, weight = fitted(family, "numbers", X, y), np.random.default_rng(2).integers(0, 4, len(y))
    often = np.repeat(np.arange(len(y)), weight)
    other = (model, X[often], y[often], {})
    weighted = (model, X, y, {"sample_weight": weight.astype(float)})
    for name in ("reduced error", "leaf refit"):  # the descent may meet ties elsewhere

        def check(name=name):
            close(*(output(pruned(name, *of[:3], **of[3]), X) for of in (weighted, other)), 1e-3)

        yield name, check


POSITIVES = 8.5  # whole weights of rows would be repetitions, which those of classes are not
CLASS_WEIGHTS = {
    "class_weight='balanced'": {
        family: {"class_weight": "balanced"} for family in ("tree", "forest", "HistGradientBoosting", "LightGBM")
    },
    "class_weight={0: 1, 1: 8.5}": {
        family: {"class_weight": {0: 1.0, 1: POSITIVES}}
        for family in ("tree", "forest", "HistGradientBoosting", "LightGBM")
    },
    "scale_pos_weight": {
        "XGBoost": {"scale_pos_weight": POSITIVES, "base_score": 0.5},
        "LightGBM": {"scale_pos_weight": POSITIVES, "boost_from_average": False},
    },
    "is_unbalance": {"LightGBM": {"is_unbalance": True, "boost_from_average": False}},
}


def class_weights(name):
    def of_family(family):
        X, y = (part[:-1] for part in rows("few positives"))  # so that the ratio of the classes is not whole
        params = CLASS_WEIGHTS[name][family]
        balanced = compute_sample_weight("balanced", y)
        weight = {"balanced": balanced, "is_unb": np.where(y == 1, (y == 0).sum() / (y == 1).sum(), 1.0)}
        weight = (
            weight["balanced" if "balanced" in name else "is_unb"] if "bala" in name else np.where(y, POSITIVES, 1.0)
        )
        start = {key: value for key, value in params.items() if key in ("base_score", "boost_from_average")}
        model = fitted(family, "binary", X, y, **params)
        plain = fitted(family, "binary", X, y, {"sample_weight": weight}, **start)
        # compress judges by these rows: it would fit clones on other rows, for which "balanced" means other weights
        val = {"X_val": X, "y_val": y}
        of_plain = {"sample_weight": weight, "sample_weight_val": weight}
        yield from as_pruned_otherwise((model, X, y, val), (plain, X, y, val | of_plain), X)

    return of_family


for _name, _params in CLASS_WEIGHTS.items():
    situation(_name, "as with the equal sample_weight, on a model fitted with it", _params)(class_weights(_name))


@situation("offsets at fit and judging", "a model of y less the offset, for the squared error", ("XGBoost", "LightGBM"))
def offsets(family):
    X, y = rows()
    offset = 3.0 * np.random.default_rng(3).normal(size=len(y))
    keyword = {"XGBoost": "base_margin", "LightGBM": "init_score"}[family]
    zero = {"XGBoost": {"base_score": 0.0}, "LightGBM": {"boost_from_average": False}}[family]
    model = fitted(family, "numbers", X, y + offset, {keyword: offset}, **zero)
    plain = fitted(family, "numbers", X, y, **zero)
    close(model.predict(X), plain.predict(X))  # neither adds the offset to rows that come without one
    yield from as_pruned_otherwise((model, X, y + offset, {keyword: offset}), (plain, X, y, {}), X)


@situation("offsets by init=", "a model of y less what init says", ("GradientBoosting",))
def init(family):
    X, y = rows()
    model = fitted(family, "numbers", X, y, init=DummyRegressor(strategy="constant", constant=2.0))
    plain = fitted(family, "numbers", X, y - 2.0, init="zero")
    for name in BY_ROWS:

        def check(name=name):
            close(pruned(name, model, X, y).predict(X) - 2.0, pruned(name, plain, X, y - 2.0).predict(X))

        yield name, check


SIGNS = [1, -1, 0, 1]
MONOTONIC = {
    "tree": {"monotonic_cst": SIGNS},
    "forest": {"monotonic_cst": SIGNS},
    "HistGradientBoosting": {"monotonic_cst": SIGNS},
    "XGBoost": {"monotone_constraints": tuple(SIGNS)},
    "LightGBM": {"monotone_constraints": SIGNS},
}


@situation("monotone constraints", "dense grids through 60 rows", MONOTONIC)
def monotone(family):
    X, y = rows()
    model = fitted(family, "numbers", X, y, **MONOTONIC[family])
    yield from checks.monotone(model, X, -y, SIGNS)  # judged by rows that go against the constraints
    X, y = rows("binary")
    yield from checks.monotone(fitted(family, "binary", X, y, **MONOTONIC[family]), X, 1 - y, SIGNS)


@situation("two columns of numbers", DUMP, ("tree", "forest", "bagging", "XGBoost"))
def two_numbers(family):
    X, y = rows("two numbers")
    if family == "bagging":
        family = "forest"
    yield from everything(family, fitted(family, "two numbers", X, y), X, y)


@situation("two columns of labels", DUMP, ("tree", "forest", "XGBoost"))
def two_labels(family):
    X, y = rows("two labels")
    model = fitted(family, "two labels", X, y)
    if family == "XGBoost":
        yield from everything(family, model, X, y, logistic)
        return
    yield from checks.as_its_dump_says(model, X)
    yield from checks.as_a_naive_twin(model, X, y)

    def check(name):
        pruned(name, model, X, y)
        raise Wrong("not refused, and not judged")

    for name in BY_ROWS[1:]:
        yield name, lambda name=name: check(name)


# Objectives -----------------------------------------------------------------------------------------------------------


def objective_checks(objective: Objective):
    def of_family(family):
        params = objective.families[family]
        X, y = rows(objective.task)

        def fit(depth, n_rounds=1):
            small = FAMILIES[family][2]
            rounds = {key: n_rounds for key in ("n_estimators", "max_iter") if key in small}
            return fitted(family, objective.task, X, y, **{"max_depth": depth} | rounds | params)

        yield from checks.as_grown_smaller(fit, X, y)
        model = fitted(family, objective.task, X, y, **params)
        if family not in BOOSTED:
            mean_loss = checks.brier_or_squared(X, y)
        else:
            mean_loss = checks.raw_loss(objective.loss, model, X, y)
            if objective.smooth and (family != "GradientBoosting" or objective.loss is squared):
                # scikit-learn's trees of residuals store no values of splits but for the squared error
                yield from checks.as_a_naive_twin(model, X, y, objective.loss)
        yield from checks.own_loss_keeps_its_bound(model, X, y, mean_loss)

    return of_family


_TWIN = "the library's own tree of less depth; naive twin with derivatives by differences; own loss keeps its bound"
for _name, _objective in OBJECTIVES.items():
    situation(f"objective: {_name}", _TWIN, _objective.families)(objective_checks(_objective))


@situation("objective: no function of a row", "must be refused", ("XGBoost", "LightGBM"))
def ranking(family):
    X, y = rows("classes")
    ranker = {"XGBoost": xgboost.XGBRanker, "LightGBM": lightgbm.LGBMRanker}[family]
    model = ranker(**FAMILIES[family][2]).fit(X, y, group=[len(y) // 4] * 4)
    yield from checks.as_its_dump_says(model, X)
    for name in BY_ROWS:
        yield name, lambda name=name: _never_right(name, model, X, y)


def _never_right(name, *given):
    pruned(name, *given)
    raise Wrong("not refused, though there is no right value")


def _poisson_objective(y, margin):
    return np.exp(margin) - y, np.exp(margin)


@situation(
    "objective: a function",
    "must be refused, or with loss= be as with the built-in objective of the same leaves",
    ("XGBoost", "LightGBM"),
)
def custom(family):
    X, y = rows("counts")
    start = {"XGBoost": {"base_score": 0.0}, "LightGBM": {"boost_from_average": False}}[family]
    model = fitted(family, "counts", X, y, objective=_poisson_objective, **start)
    mean_loss = checks.raw_loss(poisson, model, X, y)
    for name in BY_ROWS:
        yield name, lambda name=name: _never_right(name, model, X, y)
        yield f"{name}, loss=", lambda name=name: _with_loss(name, model, X, y, mean_loss)


def _with_loss(name, model, X, y, mean_loss):
    """With the loss named, it must not rise by more than the price of nodes."""
    if name == "compress":
        if "loss" not in inspect.signature(compress).parameters:
            raise ValueError("compress takes no loss=")
        small = compress(
            model, X, y, max_nodes=find_adapter(model).forest.n_nodes // 2, retrain=False, loss="poisson"
        ).model
    else:
        small = prune(model, clone(checks.METHODS[name]).set_params(loss="poisson"), X, y)
    limit = mean_loss(model) + checks.ALPHA * find_adapter(model).forest.n_nodes
    limit = max(limit, (mean_loss(model) + mean_loss(None)) / 2) if name in ("compress", "reduced error") else limit
    if mean_loss(small) > limit:
        raise Wrong(f"the loss goes from {mean_loss(model):.4g} to {mean_loss(small):.4g}")


# Parameters of training that touch leaves -----------------------------------------------------------------------------

#: Parameters by family. Those in `LATER` are seen from the second round on only.
PARAMETERS: dict[str, dict[str, dict]] = {
    "L1": {"XGBoost": {"reg_alpha": 2.0}, "LightGBM": {"reg_alpha": 2.0}},
    "L2": {
        "XGBoost": {"reg_lambda": 20.0},
        "LightGBM": {"reg_lambda": 20.0},
        "HistGradientBoosting": {"l2_regularization": 20.0},
    },
    "max_delta_step": {"XGBoost": {"max_delta_step": 0.3}, "LightGBM": {"max_delta_step": 0.05}},
    "path_smooth": {"LightGBM": {"path_smooth": 5.0}},
    "linear trees": {"LightGBM": {"linear_tree": True}},
    "monotone constraints in leaves": {
        "tree": {"monotonic_cst": SIGNS},
        "forest": {"monotonic_cst": SIGNS},
        "HistGradientBoosting": {"monotonic_cst": SIGNS},
        "XGBoost": {"monotone_constraints": tuple(SIGNS)},
        "LightGBM": {"monotone_constraints": SIGNS},
    },
    "monotone constraints, intermediate": {
        "LightGBM": {"monotone_constraints": SIGNS, "monotone_constraints_method": "intermediate"}
    },
    "interaction constraints": {
        "HistGradientBoosting": {"interaction_cst": [{0, 1}, {2, 3}]},
        "XGBoost": {"interaction_constraints": "[[0, 1], [2, 3]]"},
        "LightGBM": {"interaction_constraints": [[0, 1], [2, 3]]},
    },
    "dart": {
        "XGBoost": {"booster": "dart", "rate_drop": 0.5},
        "LightGBM": {"boosting_type": "dart", "drop_rate": 0.5},
    },
    "random forest mode": {
        "XGBoost": {"num_parallel_tree": 3, "subsample": 0.7},
        "LightGBM": {"boosting_type": "rf", "subsample": 0.7, "subsample_freq": 1},
    },
    "subsample": {
        "forest": {"max_samples": 0.5},
        "GradientBoosting": {"subsample": 0.6},
        "XGBoost": {"subsample": 0.6},
        "LightGBM": {"subsample": 0.6, "subsample_freq": 1},
    },
    "goss": {"LightGBM": {"data_sample_strategy": "goss", "top_rate": 0.3, "other_rate": 0.2}},
    "columns subsampled": {
        "XGBoost": {"colsample_bynode": 0.5},
        "LightGBM": {"colsample_bytree": 0.5},
        "HistGradientBoosting": {"max_features": 0.5},
    },
    "boost_from_average=False": {
        "GradientBoosting": {"init": "zero"},
        "XGBoost": {"base_score": 0.0},
        "LightGBM": {"boost_from_average": False},
    },
    "exact": {"XGBoost": {"tree_method": "exact"}},
    "approx": {"XGBoost": {"tree_method": "approx"}},
    "lossguide": {"XGBoost": {"grow_policy": "lossguide"}},
    "extra trees": {"LightGBM": {"extra_trees": True}},
    "learning rate 0.7": {
        "GradientBoosting": {"learning_rate": 0.7},
        "HistGradientBoosting": {"learning_rate": 0.7},
        "XGBoost": {"learning_rate": 0.7},
        "LightGBM": {"learning_rate": 0.7},
    },
}
#: With these, another depth draws other random numbers: a tree of less depth is not the same tree cut.
_OTHER_DRAWS = ("columns subsampled", "extra trees", "random forest mode")
#: With these, the naive twin knows no right value: trees that are no stages, and leaves that are moved afterwards so
#: that constraints hold.
_NO_TWIN = ("random forest mode", "monotone constraints, intermediate")


def parameter_checks(name):
    def of_family(family):
        params = PARAMETERS[name][family]
        X, y = rows()

        def fit(depth):
            rounds = {key: 1 for key in ("n_estimators", "max_iter") if key in FAMILIES[family][2]}
            return fitted(family, "numbers", X, y, **{"max_depth": depth} | rounds | params)

        if name not in _OTHER_DRAWS:
            yield from checks.as_grown_smaller(fit, X, y)
        yield from everything(family, fitted(family, "numbers", X, y, **params), X, y, twin=name not in _NO_TWIN)

    return of_family


for _name, _params in PARAMETERS.items():
    situation(f"parameter: {_name}", _TWIN, _params)(parameter_checks(_name))


def _gone_on(family, depth, first, last):
    """Three rounds of depth 4 and one of another depth, trained as the libraries go on from a model."""
    X, y = rows()
    if family == "XGBoost":
        data, params = xgboost.DMatrix(X, y), {"nthread": 1, "seed": 0, "max_depth": 4}
        start = xgboost.train(params | first, data, 3)
        return xgboost.train(params | last | {"max_depth": depth}, data, 1, xgb_model=start)
    params = {"num_leaves": 31, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1, "max_depth": 4, "seed": 0}
    start = lightgbm.train(params | first, lightgbm.Dataset(X, y, free_raw_data=False), 3)
    data = lightgbm.Dataset(X, y, free_raw_data=False)
    return lightgbm.train(params | last | {"max_depth": depth}, data, 1, init_model=start)


@situation("learning rate that falls", "the library's own last round of less depth; own loss", ("XGBoost", "LightGBM"))
def schedule(family):
    def go_on(depth):
        return _gone_on(family, depth, {"learning_rate": 0.5}, {"learning_rate": 0.05})

    (X, y), model = rows(), go_on(4)
    yield from checks.as_grown_smaller_last(go_on, X)
    if family == "LightGBM":
        yield from checks.own_loss_keeps_its_bound(model, X, y, checks.raw_loss(squared, model, X, y))


@situation("early stopping", DUMP, ("XGBoost", "LightGBM", "HistGradientBoosting"))
def early_stopping(family):
    X, y = rows()
    noisy = rows(seed=5)[1]
    params, fit = {}, {}
    if family == "XGBoost":
        params, fit = {"early_stopping_rounds": 2, "n_estimators": 20}, {"eval_set": [(X, y + noisy)], "verbose": False}
    elif family == "LightGBM":
        stop = lightgbm.early_stopping(2, verbose=False)
        params, fit = {"n_estimators": 20}, {"eval_set": [(X, y + noisy)], "callbacks": [stop]}
    else:
        params = {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 20}
    yield from everything(family, fitted(family, "numbers", X, y, fit, **params), X, y)


@situation("sparse rows", SAME, ("tree", "forest", "GradientBoosting", "XGBoost", "LightGBM"))
def sparse(family):
    from scipy.sparse import csr_matrix

    X, y = rows()
    X = np.where(abs(X) < 0.7, 0.0, X)
    held = csr_matrix(X)
    dense = fitted(family, "numbers", X, y)
    model = fitted(family, "numbers", held, y)
    if family == "XGBoost":  # what is not stored is missing to it
        dense = fitted(family, "numbers", np.where(X == 0, np.nan, X), y)
        X = np.where(X == 0, np.nan, X)
    # compress judges by these rows: a clone of a forest that is fitted on sparse rows breaks ties in another way
    held_val, val = ({"X_val": table, "y_val": y} for table in (held, X))
    yield from as_pruned_otherwise((model, held, y, held_val), (dense, X, y, val), held)
