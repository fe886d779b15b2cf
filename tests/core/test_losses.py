"""Losses of boosting: derivatives of scikit-learn's own metrics, and their sums over the rows of nodes."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, log_softmax, softmax
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    mean_squared_log_error,
    mean_tweedie_deviance,
)

from tests.zoo import DATA
from treeprune import MissingStatisticError, prune
from treeprune.adapters import find_adapter
from treeprune.core import losses
from treeprune.core.plan import Plan
from treeprune.core.risk import node_risk
from treeprune.core.rows import Boosting, Rows
from treeprune.methods import JointPruning, LeafRefit, ReducedError

#: Loss of one row by name of the loss: a function of its target and its margin.
SINGLE_ROW = {
    "squared_error": lambda y, m: mean_squared_error([y], [m[0]]) / 2,
    "logistic": lambda y, m: log_loss([y], [expit(m[0])], labels=[0, 1]),
    "softmax": lambda y, m: log_loss([y], [softmax(m)], labels=[0, 1, 2]),
    "poisson": lambda y, m: mean_poisson_deviance([y], [np.exp(m[0])]) / 2,
    "gamma": lambda y, m: mean_gamma_deviance([y], [np.exp(m[0])]) / 2,
    "huber": lambda y, m: min(abs(y - m[0]), 1) * (abs(y - m[0]) - min(abs(y - m[0]), 1) / 2),
    "tweedie": lambda y, m: mean_tweedie_deviance([y], [np.exp(m[0])], power=1.5) / 2,
    "pseudo_huber": lambda y, m: np.sqrt(1 + (y - m[0]) ** 2) - 1,
    "fair": lambda y, m: abs(y - m[0]) - np.log1p(abs(y - m[0])),
    "squared_log": lambda y, m: mean_squared_log_error([y], [m[0]]) / 2,
    "hinge": lambda y, m: max(0, 1 - (2 * y - 1) * m[0]),
    "absolute_percentage": lambda y, m: abs(y - m[0]) / max(1, y),
    "exponential": lambda y, m: np.exp(-(2 * y - 1) * m[0]),
    "absolute_error": lambda y, m: mean_absolute_error([y], [m[0]]),
    "quantile": lambda y, m: mean_pinball_loss([y], [m[0]], alpha=0.5),
}
#: Losses without a second derivative.
KINKED = ("absolute_error", "absolute_percentage", "quantile")
CLASSES = {"logistic": 2, "exponential": 2, "hinge": 2, "softmax": 3}


def rows(name, n_rows=12):
    """Targets and margins away from kinks."""
    rng = np.random.default_rng(5)
    margin = rng.normal(size=(n_rows, 3 if name == "softmax" else 1))
    if name == "squared_log":  # where the loss is convex
        margin = rng.uniform(0.0, 0.5, margin.shape)
    y = rng.integers(0, CLASSES[name], n_rows) if name in CLASSES else rng.gamma(1.0, size=n_rows) + 0.1
    return y[:, None], margin


def difference(function, margin, column, step):
    """Central difference in one column of each row."""
    shift = step * (np.arange(margin.shape[1]) == column)
    return (function(margin + shift) - function(margin - shift)) / (2 * step)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_gradients_and_hessians_are_derivatives(name):
    target, margin = rows(name)
    gradient, hessian = losses.derivatives(name, target, margin)

    def loss(margin):
        return np.array([SINGLE_ROW[name](y, m) for y, m in zip(target[:, 0], margin, strict=True)])

    for column in range(margin.shape[1]):
        np.testing.assert_allclose(gradient[:, column], difference(loss, margin, column, 1e-6), rtol=1e-6, atol=1e-8)
        if name == "hinge":
            assert (hessian == (loss(margin) > 0)[:, None]).all()
        elif name not in KINKED:
            slope = difference(lambda m: losses.derivatives(name, target, m)[0], margin, column, 1e-6)
            np.testing.assert_allclose(hessian[:, column], slope[:, column], rtol=1e-6, atol=1e-8)
        else:
            assert (hessian == 1).all()


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_quantile_has_no_gradient_on_average(level):
    y = np.random.default_rng(0).normal(size=1000)
    gradient, _ = losses.Quantile(level)(y, np.full(1000, np.quantile(y, level)))
    assert abs(gradient.mean()) < 2e-3


def test_a_callable_takes_plain_arrays_and_its_output_is_checked():
    seen = []

    def loss(y, margin):
        seen.append((y.shape, margin.shape))
        return margin - y, np.full_like(margin, len(seen) > 1 and np.nan)

    losses.derivatives(loss, np.zeros((4, 1)), np.zeros((4, 1)))
    assert seen == [((4,), (4,))]
    with pytest.raises(ValueError, match=r"hessian of a loss must be finite. Got nan"):
        losses.derivatives(loss, np.zeros((4, 1)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"gradient of a loss must be of shape \(4, 3\)\. Got shape \(4,\)"):
        losses.derivatives(lambda y, margin: (y, y), np.zeros((4, 1)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"must give a gradient and a hessian. Got ndarray"):
        losses.derivatives(lambda y, margin: margin, np.zeros((4, 1)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"must be one of 'squared_error', .* or a callable. Got 'cox'"):
        losses.derivatives("cox", np.zeros((4, 1)), np.zeros((4, 1)))


# Sums and risks over nodes ------------------------------------------------------------------------------------------


def boosted(loss):
    """A boosted model, its adapter and rows that it was not fitted on, with weights."""
    classes = loss in ("logistic", "softmax")
    X, y = DATA["wine" if loss == "softmax" else "cancer" if classes else "diabetes"]()
    cls = GradientBoostingClassifier if classes else GradientBoostingRegressor
    model = cls(n_estimators=4, max_depth=4, random_state=0).fit(X[::2], y[::2])
    adapter = find_adapter(model)
    return model, adapter, X[1::2], y[1::2], np.random.default_rng(0).uniform(size=len(y[1::2]))


def before(adapter, node, collapse=()):
    """The model as it was when the stage of a node had been added, with some nodes collapsed, and without the stage."""
    forest = adapter.forest
    (stage,) = (stage for stage in forest.stages if forest.node_tree[node] in stage)
    trees = np.arange(forest.n_trees)
    with_it = Plan(drop_tree=trees >= stage.stop, collapse=np.isin(np.arange(forest.n_nodes), collapse))
    without = Plan(tree_weight=np.where(trees < stage.start, forest.tree_weight, 0.0))
    return adapter.prune(with_it), adapter.prune(without)


@pytest.mark.parametrize("loss", ["squared_error", "logistic", "softmax"])
def test_statistics_sum_the_derivatives_at_the_margin_before_each_stage(loss):
    _, adapter, X, y, weight = boosted(loss)
    rows, forest = adapter.rows(X, y, weight), adapter.forest
    for node in np.random.default_rng(1).choice(forest.n_nodes, 30, replace=False):
        tree = forest.node_tree[node]
        margin = find_adapter(before(adapter, node)[1]).margin(X)
        gradient, hessian = losses.derivatives(loss, rows.target, margin)
        leaf = rows.leaf_ids(tree)
        here = (leaf >= node) & (leaf < forest.end[node])
        column = forest.tree_class[tree]
        assert rows.statistics.gradient[node] == pytest.approx((weight * gradient[:, column])[here].sum(), abs=1e-9)
        assert rows.statistics.hessian[node] == pytest.approx((weight * hessian[:, column])[here].sum(), abs=1e-9)
        assert rows.statistics.n_rows[node] == here.sum()


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (HistGradientBoostingRegressor(max_iter=6, l2_regularization=1.5), "diabetes"),
        (HistGradientBoostingRegressor(max_iter=6, loss="poisson"), "counts"),
        (HistGradientBoostingClassifier(max_iter=6, min_samples_leaf=5), "cancer"),
        (HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5), "wine"),
    ],
    ids=lambda case: str(case)[:50],
)
def test_training_rows_give_the_gains_that_grew_the_trees(model, data):
    X, y = DATA[data]()
    adapter = find_adapter(model.fit(X, y))
    forest, statistics = adapter.forest, adapter.rows(X, y).statistics
    score = statistics.gradient**2 / (statistics.hessian + model.l2_regularization)
    node = np.setdiff1d(forest.internal, forest.root)  # a root's gain is stored as if its own score were 0
    gain = score[forest.children_left[node]] + score[forest.children_right[node]] - score[node]
    np.testing.assert_allclose(gain, forest.gain[node], rtol=1e-4, atol=1e-5 * forest.gain.max())


def test_statistics_of_two_sets_of_rows_add_up():
    _, adapter, X, y, weight = boosted("softmax")
    whole = adapter.rows(X, y, weight).statistics
    parts = [adapter.rows(X[part], y[part], weight[part]).statistics for part in (slice(0, 30), slice(30, None))]
    for name in ("n_rows", "weight", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(parts[0] + parts[1], name), getattr(whole, name), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("loss", "rtol"), [("squared_error", 1e-6), ("logistic", 0.2), ("softmax", 0.2)])
def test_risk_says_to_second_order_how_the_loss_changes(loss, rtol):
    _, adapter, X, y, weight = boosted(loss)
    forest = adapter.forest
    risk, total_weight = node_risk(forest, "impurity", adapter.rows(X, y, weight))
    np.testing.assert_allclose(total_weight, weight.sum(), rtol=1e-12)

    def loss_of(model):
        if loss == "squared_error":
            return (weight * (y - model.predict(X)) ** 2).sum() / 2
        return log_loss(y, model.predict_proba(X), sample_weight=weight, normalize=False)

    changes = []
    for node in forest.internal:
        leaves = np.flatnonzero(forest.is_leaf[node : forest.end[node]]) + node
        change = loss_of(before(adapter, node, [node])[0]) - loss_of(before(adapter, node)[0])
        changes.append((risk[node] - risk[leaves].sum(), change))
    found, true = np.array(changes).T
    np.testing.assert_allclose(found, true, rtol=rtol, atol=rtol / 10 * np.abs(true).max())
    assert np.corrcoef(found, true)[0, 1] > 0.999


def test_risk_of_a_named_loss_of_a_callable_and_of_the_ensembles_own():
    _, adapter, X, y, weight = boosted("logistic")
    rows = adapter.rows(X, y, weight)
    own = node_risk(adapter.forest, "impurity", rows)[0]
    np.testing.assert_array_equal(node_risk(adapter.forest, "logistic", rows)[0], own)
    np.testing.assert_array_equal(node_risk(adapter.forest, losses.Logistic(), rows)[0], own)
    other = node_risk(adapter.forest, losses.Huber(0.1), rows)[0]
    assert not np.allclose(other, own)


def test_a_loss_needs_rows_and_an_own_loss_must_be_known():
    _, adapter, X, y, _ = boosted("logistic")
    with pytest.raises(MissingStatisticError, match="does not store its 'poisson' loss; give rows"):
        node_risk(adapter.forest, "poisson")
    known = adapter.rows(X, y)
    rows = Rows(adapter.forest, known.leaf_ids, known.target, boosting=Boosting(lambda: known.margin))
    with pytest.raises(MissingStatisticError, match="name a loss or give a function"):
        node_risk(adapter.forest, "impurity", rows)
    with pytest.raises(ValueError, match=r"'risk' .* for a margin model, be one of 'impurity', 'error', 'squared"):
        node_risk(adapter.forest, "brier", rows)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_row_that_is_met_has_no_gradient(level):
    y = np.array([[1.0], [2.0]])
    assert losses.Quantile(level)(y, y.copy())[0].tolist() == [[0.0], [0.0]]
    assert losses.Absolute()(y, y.copy())[0].tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("name", ["logistic", "poisson", "absolute_error", "huber"])
def test_weights_of_rows_are_repetitions_of_their_derivatives(name):
    (y, margin), times = rows(name), np.arange(12) % 4
    base, loss = margin - 0.3, losses.LOSSES[name]
    found = losses.step_derivatives(loss, y, times.astype(float), base)(margin)
    again = [array.repeat(times, axis=0) for array in (y, base, margin)]
    expected = losses.step_derivatives(loss, again[0], np.ones(times.sum()), again[1])(again[2])
    for a, b in zip(found, expected, strict=True):
        assert a.sum() == pytest.approx(b.sum())
        assert a.shape == margin.shape


# Values and predictions ----------------------------------------------------------------------------------------------

#: Losses whose value is twice what derivatives are of, as squared errors and deviances are mostly stated.
DOUBLED = ("squared_error", "poisson", "gamma", "tweedie", "squared_log")


@pytest.mark.parametrize("name", losses.LOSSES)
def test_values_are_those_of_the_metrics(name):
    target, margin = rows(name)
    times = 2.0 if name in DOUBLED else 1.0
    expected = [times * SINGLE_ROW[name](y, m) for y, m in zip(target[:, 0], margin, strict=True)]
    np.testing.assert_allclose(losses.row_losses(losses.LOSSES[name], target, margin), expected, rtol=1e-9, atol=1e-12)


PARAMETERS = [
    (losses.Quantile(0.9), lambda y, p: mean_pinball_loss(y, p, alpha=0.9)),
    (losses.Tweedie(1.2), lambda y, p: mean_tweedie_deviance(y, p, power=1.2)),
    (losses.Huber(0.3), lambda y, p: np.mean(np.where(abs(y - p) < 0.3, (y - p) ** 2 / 2, 0.3 * (abs(y - p) - 0.15)))),
    (losses.OfSquareRoot(), lambda y, p: mean_squared_error(np.sqrt(y), np.sqrt(p))),
]


@pytest.mark.parametrize(
    ("loss", "metric"),
    PARAMETERS,
    ids=lambda case: "" if callable(case) and not isinstance(case, losses.Loss) else str(case),
)
def test_parameters_of_losses_are_those_of_metrics(loss, metric):
    y = np.random.default_rng(0).gamma(1.0, size=(50, 1))
    margin = np.random.default_rng(1).gamma(1.0, size=(50, 1))
    expected = metric(y[:, 0], loss.prediction(margin)[:, 0])
    assert losses.row_losses(loss, y, margin).mean() == pytest.approx(expected)


def test_each_column_has_its_own_target_or_level():
    y, margin = np.arange(6.0).reshape(3, 2), np.array([[0.5, 1.0], [3.0, 3.0], [3.0, 9.0]])
    assert losses.row_losses(losses.Absolute(), y, margin).mean() == mean_absolute_error(y, margin)
    of_levels = losses.row_losses(losses.Quantiles((0.2, 0.8)), y[:, :1], margin).mean()
    expected = [mean_pinball_loss(y[:, 0], margin[:, i], alpha=level) for i, level in enumerate((0.2, 0.8))]
    assert of_levels == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("loss", [*losses.LOSSES.values(), losses.Logistic(0.7), losses.OfSquareRoot()], ids=str)
def test_a_prediction_has_the_margin_that_it_is_of(loss):
    margin = np.array([[0.5, -1.0, 0.3], [2.0, 0.1, -0.2]])
    if isinstance(loss, losses.Multinomial):
        margin = log_softmax(margin, axis=1)
    if not isinstance(loss, losses.Hinge):
        np.testing.assert_allclose(loss.margin_of(loss.prediction(margin)), margin)
    np.testing.assert_array_equal(loss.margin_of(loss.prediction(margin)) > 0, margin > 0)


ROBUST = [loss for loss in losses.LOSSES.values() if isinstance(loss, losses.Robust)]


@pytest.mark.parametrize("loss", [loss for loss in ROBUST if not loss.is_linear], ids=str)
def test_parabolas_touch_the_loss_and_lie_above_it(loss):
    y, at, to = np.meshgrid([0.0, 3.0], np.linspace(-5, 5, 21) + 0.1, np.linspace(-6, 6, 41))
    parabola = loss.value(y, at) + loss(y, at)[0] * (to - at) + loss.curvature(y, at, 1.0) * (to - at) ** 2 / 2
    assert (parabola >= loss.value(y, to) - 1e-12).all()


@pytest.mark.parametrize("loss", [losses.Absolute(), losses.Quantile(0.3)], ids=str)
def test_parabolas_are_half_as_bent_as_the_mean_loss_of_laplace_errors(loss):
    errors = stats.laplace(scale=2.0).ppf((np.arange(200_000) + 0.5) / 200_000)
    slopes = [loss(errors, np.full(len(errors), at))[0].mean() for at in (-0.01, 0.01)]
    assert 2 * loss.curvature(errors, errors, np.abs(errors).mean())[0] == pytest.approx(
        np.diff(slopes)[0] / 0.02, rel=1e-2
    )


@pytest.mark.parametrize(
    "method", [ReducedError(), JointPruning(reg=3.0, shrink_to="zero"), LeafRefit()], ids=lambda m: m.alias
)
@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_the_unit_of_the_target_does_not_matter(loss, method):
    X, y = DATA["diabetes"]()
    pruned = []
    for unit in (1.0, 1024.0):
        model = HistGradientBoostingRegressor(loss=loss, quantile=0.7, max_iter=8, random_state=0).fit(X, unit * y)
        pruned.append(prune(model, method, X, unit * y))
    assert find_adapter(pruned[0]).forest.n_nodes == find_adapter(pruned[1]).forest.n_nodes > 5
    np.testing.assert_allclose(1024 * pruned[0].predict(X), pruned[1].predict(X), rtol=1e-9)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "huber"])
def test_risks_of_robust_losses_are_what_they_change(loss):
    X, y = DATA["diabetes"]()
    model = GradientBoostingRegressor(loss=loss, n_estimators=3, max_depth=3, random_state=0).fit(X[::2], y[::2])
    X, y, weight = X[1::2], y[1::2], np.random.default_rng(0).uniform(size=len(y[1::2]))
    rows, adapter = find_adapter(model).rows(X, y, weight), find_adapter(model).completed(X, y, weight)
    forest = adapter.forest
    risk, _ = node_risk(rows.forest, "error", rows)

    def loss_of(model):
        return weight @ losses.row_losses(adapter.loss, y[:, None], model.predict(X)[:, None])

    for node in forest.internal:
        leaves = np.flatnonzero(forest.is_leaf[node : forest.end[node]]) + node
        change = loss_of(before(adapter, node, [node])[0]) - loss_of(before(adapter, node)[0])
        assert risk[node] - risk[leaves].sum() == pytest.approx(change, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("shrink_to", ["zero", "values"])
@pytest.mark.parametrize("reg", [3.0, 30.0])
@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_joint_pruning_of_linear_losses_does_not_collapse(loss, reg, shrink_to):
    """A tenth of the nodes explains half of what all of them do."""
    X, y = DATA["diabetes"]()
    model = HistGradientBoostingRegressor(loss=loss, quantile=0.7, max_iter=40, random_state=0).fit(X, y)
    small = prune(model, JointPruning(reg=reg, shrink_to=shrink_to), X, y)
    level = 0.5 if loss == "absolute_error" else 0.7
    constant, all_nodes, few_nodes = (
        mean_pinball_loss(y, prediction, alpha=level)
        for prediction in (np.full(len(y), np.quantile(y, level)), model.predict(X), small.predict(X))
    )
    assert constant - few_nodes > (constant - all_nodes) / 2
