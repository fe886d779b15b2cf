"""Rows that judge count by the weights of classes that the model was trained with; scores count all rows once."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from lightgbm import train as lightgbm_train
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.metrics import recall_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import compute_sample_weight
from xgboost import XGBClassifier, XGBRegressor

from treeprune import TreePruner, compress, prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.adapters.class_weights import FORESTS_BALANCE_BY_WEIGHT
from treeprune.compression.rivals import rivals
from treeprune.core.counts import counted_statistics
from treeprune.methods import ALIASES, DepthPruning, ErrorBased, JointPruning, LeafRefit, MaxDepth, ReducedError
from treeprune.testing import REFUSALS, same_arrays, same_model

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.filterwarnings("ignore::UserWarning")]

METHODS = [cls(**cls.examples[0]) for cls in ALIASES.values()]
X, Y = make_classification(600, 6, n_informative=4, weights=[0.85], flip_y=0.1, random_state=0)
CHOSEN = np.sort(np.concatenate([np.flatnonzero(Y == 0)[:240], np.flatnonzero(Y == 1)[:60]]))
X, Y = X[CHOSEN], Y[CHOSEN]  # one in five, so that single precision holds all weights
X3, Y3 = make_classification(300, 6, n_informative=4, n_classes=3, weights=[0.6, 0.3], flip_y=0.1, random_state=0)
NAMES, TWO = np.array(["no", "yes"])[Y], np.column_stack([Y, Y3])
BALANCED, RARE_BY_RATIO = compute_sample_weight("balanced", Y), np.where(Y == 1, (Y == 0).sum() / (Y == 1).sum(), 1.0)
FIVE, UNEVEN = np.where(Y == 1, 5.0, 1.0), (np.arange(len(Y)) % 3 + 1.0) / 2
SMALL = {"random_state": 0, "max_depth": 4}
#: Without what LightGBM and XGBoost start from, which weights of rows move and weights of classes do not.
LGB = {"n_estimators": 3, "num_leaves": 8, "verbose": -1, "n_jobs": 1, "boost_from_average": False}
XGB = {"n_estimators": 3, "max_depth": 3, "n_jobs": 1, "base_score": 0.5, "tree_method": "exact"}
HGB = {"max_iter": 3, "max_leaf_nodes": 8, "early_stopping": False}


class Twins(NamedTuple):
    """An estimator with weights of classes, the same without, and the same weights as those of rows."""

    weighing: Any
    plain: Any
    weight: np.ndarray
    y: np.ndarray = Y


def _twins(cls, weight, y=Y, params=SMALL, **weighing):
    return Twins(cls(**params, **weighing), cls(**params), weight, y)


TWINS = {
    "tree, balanced": _twins(DecisionTreeClassifier, BALANCED, class_weight="balanced"),
    "tree, labels": _twins(DecisionTreeClassifier, FIVE, NAMES, class_weight={"yes": 5}),
    "tree, two outputs": _twins(
        DecisionTreeClassifier, FIVE * np.array([2.0, 1.0, 7.0])[Y3], TWO, class_weight=[{1: 5}, {0: 2, 2: 7}]
    ),
    "tree, two outputs, balanced": _twins(
        DecisionTreeClassifier, compute_sample_weight("balanced", TWO), TWO, class_weight="balanced"
    ),
    "forest, balanced": _twins(
        RandomForestClassifier, BALANCED, params=SMALL | {"n_estimators": 4}, class_weight="balanced"
    ),
    "extra trees, labels": _twins(
        ExtraTreesClassifier, FIVE, NAMES, params=SMALL | {"n_estimators": 4}, class_weight={"no": 1, "yes": 5}
    ),
    "HistGradientBoosting, balanced": _twins(
        HistGradientBoostingClassifier, BALANCED, params=HGB, class_weight="balanced"
    ),
    "HistGradientBoosting, codes": _twins(
        HistGradientBoostingClassifier, FIVE, NAMES, params=HGB, class_weight={0: 1, 1: 5}
    ),
    "LightGBM, balanced": _twins(LGBMClassifier, BALANCED, params=LGB, class_weight="balanced"),
    "LightGBM, labels": _twins(LGBMClassifier, FIVE, NAMES, params=LGB, class_weight={"yes": 5}),
    "LightGBM, scale_pos_weight": _twins(LGBMClassifier, FIVE, params=LGB, scale_pos_weight=5),
    "LightGBM, is_unbalance": _twins(LGBMClassifier, RARE_BY_RATIO, params=LGB, is_unbalance=True),
    "LightGBM, both": _twins(
        LGBMClassifier, BALANCED * RARE_BY_RATIO, params=LGB, is_unbalance=True, class_weight="balanced"
    ),
    "XGBoost": _twins(XGBClassifier, FIVE, params=XGB, scale_pos_weight=5),
}


@cache
def fitted(name):
    """Both twins, fitted: their trees are the same."""
    weighing, plain, weight, y = TWINS[name]
    if hasattr(plain, "ccp_alpha"):  # others stop at sums of hessians, which have the unit of weights
        weight = as_proportions(weight)
    return clone(weighing).fit(X, y), clone(plain).fit(X, y, sample_weight=weight)


def as_proportions(weight):
    """The same weights in a unit that makes all of them fractions: whole ones would be repetitions of rows."""
    return weight * 2.0**-10


def outcome(call):
    """What a call returns, or None if it is refused."""
    try:
        return call()
    except REFUSALS:
        return None


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_trees(name):
    assert same_model(*fitted(name), X)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.alias)
@pytest.mark.parametrize("name", TWINS)
def test_weights_of_classes_are_those_of_rows(name, method):
    (weighing, plain), (_, _, weight, y) = fitted(name), TWINS[name]
    by_classes = outcome(lambda: prune(weighing, method, X, y))
    by_rows = outcome(lambda: prune(plain, method, X, y, sample_weight=as_proportions(weight)))
    assert (by_classes is None) == (by_rows is None)
    assert by_rows is None or same_model(by_classes, by_rows, X)


def _of_trees(ensemble, **params):
    return lambda weights: ensemble(
        DecisionTreeClassifier(max_depth=5, class_weight=weights), n_estimators=4, random_state=0, **params
    )


#: Models with weights of their classes, whole ones and such as are none but give the same trees.
FRACTIONS, NEARLY_WHOLE = {0: 0.25, 1: 1.5}, {0: 1, 1: 6 + 1e-9}
OF_WEIGHTS = {
    "tree": (lambda weights: DecisionTreeClassifier(random_state=0, class_weight=weights), FRACTIONS),
    "forest": (lambda weights: RandomForestClassifier(4, class_weight=weights, random_state=0), FRACTIONS),
    "extra trees": (lambda weights: ExtraTreesClassifier(4, class_weight=weights, random_state=0), FRACTIONS),
    "bagging": (_of_trees(BaggingClassifier), FRACTIONS),
    "AdaBoost": (_of_trees(AdaBoostClassifier), FRACTIONS),
    "HistGradientBoosting": (lambda weights: HistGradientBoostingClassifier(**HGB, class_weight=weights), NEARLY_WHOLE),
    "LightGBM, labels": (lambda weights: LGBMClassifier(**LGB, class_weight=weights), NEARLY_WHOLE),
    "LightGBM": (lambda weights: LGBMClassifier(**LGB, scale_pos_weight=weights[1]), NEARLY_WHOLE),
    "XGBoost": (lambda weights: XGBClassifier(**XGB, scale_pos_weight=weights[1]), NEARLY_WHOLE),
}
COUNTING = [method for method in METHODS if method.counts_rows] + [ErrorBased(raising=False), LeafRefit(reg=2.0)]


@cache
def whole_and_not(name):
    make, weights = OF_WEIGHTS[name]
    return [make(by_class).fit(X, Y) for by_class in ({0: 1, 1: 6}, weights)]


@pytest.mark.parametrize("method", COUNTING, ids=repr)
@pytest.mark.parametrize("name", OF_WEIGHTS)
def test_whole_weights_of_classes_are_no_repetitions_of_rows(name, method):
    """They prune as proportions do, by rows and by what the model stores of these."""
    for rows in ((X, Y), ()):
        whole, other = (outcome(partial(prune, model, method, *rows)) for model in whole_and_not(name))
        assert (whole is None) == (other is None)
        if whole is not None:
            one, two = (find_adapter(model).forest for model in (whole, other))
            np.testing.assert_array_equal(one.children_left, two.children_left)
            np.testing.assert_allclose(one.value, two.value, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("weight", [6.0, 2.5])
def test_weights_of_classes_keep_the_number_of_rows(weight):
    """Three rows and one, the latter given twice: five rows, of which those of class 1 have their share."""
    X, y, repeated = np.array([[0.0], [0], [0], [1]]), np.array([0, 0, 0, 1]), np.array([1.0, 1, 1, 2])
    adapter = find_adapter(DecisionTreeClassifier(class_weight={1: weight}).fit(X, y, sample_weight=repeated))
    share = 5 / (3 + 2 * weight)
    for rows in (None, adapter.rows(X, y, repeated)):
        found = counted_statistics(adapter.forest, rows)
        np.testing.assert_allclose(found.weight, [5, 3 * share, 2 * weight * share])
        np.testing.assert_array_equal(found.n_rows, [5, 3, 2])
    np.testing.assert_allclose(rows.row_weight, [share] * 3 + [2 * weight * share])


@pytest.mark.parametrize("forest", [RandomForestClassifier, ExtraTreesClassifier])
def test_forests_count_the_rows_that_they_drew(forest):
    """As many as there are, some of them more than once, whatever the classes weigh."""
    model = forest(4, bootstrap=True, class_weight={0: 1, 1: 6}, random_state=0).fit(X, Y)
    stored = find_adapter(model).forest
    np.testing.assert_array_equal(counted_statistics(stored).n_rows[stored.root], len(Y))


@pytest.mark.parametrize("name", TWINS)
def test_weights_of_classes_and_of_rows_multiply(name):
    (weighing, plain), (_, _, weight, y) = fitted(name), TWINS[name]
    if "balanced" in name or "is_unbalance" in name or "both" in name:  # otherwise, by the rows given
        weighing, weight = clone(weighing).fit(X, y, sample_weight=UNEVEN), weight_of_balance(name)
        plain = clone(plain).fit(X, y, sample_weight=weight * UNEVEN)
    for method in (ReducedError(), LeafRefit(), DepthPruning(alpha=0.001)):
        by_classes = outcome(lambda method=method: prune(weighing, method, X, y, sample_weight=UNEVEN))
        by_rows = outcome(lambda method=method: prune(plain, method, X, y, sample_weight=weight * UNEVEN))
        assert (by_classes is None) == (by_rows is None)
        assert by_rows is None or same_model(by_classes, by_rows, X)


def weight_of_balance(name):
    """The weights of rows that come of "balanced" when the rows are weighed by UNEVEN as well."""
    if not (name.startswith("forest") and FORESTS_BALANCE_BY_WEIGHT):
        return TWINS[name].weight
    total = np.bincount(Y, UNEVEN)
    return (total.sum() / (2 * total))[Y]


@pytest.mark.parametrize("name", TWINS)
def test_none_counts_rows_once(name):
    (weighing, plain), y = fitted(name), TWINS[name].y
    for method in (ReducedError(), JointPruning(alpha=0.001)):
        once = outcome(lambda method=method: prune(weighing, method, X, y, class_weight=None))
        by_rows = outcome(lambda method=method: prune(plain, method, X, y))
        assert (once is None) == (by_rows is None)
        if by_rows is not None and not name.startswith("HistGradientBoosting"):  # its values follow from the weights
            assert same_model(once, by_rows, X)
            if method.alias == "joint_pruning":
                assert not same_model(once, prune(weighing, method, X, y), X)


def test_values_that_a_model_does_not_store_are_those_of_its_training():
    params = HGB | {"monotonic_cst": [1, 0, 0, 0, 0, 0]}
    weighing = HistGradientBoostingClassifier(**params, class_weight="balanced").fit(X, Y)
    plain = HistGradientBoostingClassifier(**params).fit(X, Y, sample_weight=BALANCED)
    adapter = find_adapter(weighing)
    assert adapter.lacks_values
    once, rows = adapter.without_class_weights().with_rows(X, Y)
    np.testing.assert_array_equal(once.forest.value, find_adapter(plain).rows(X, Y, BALANCED).forest.value)
    assert (rows.sample_weight == 1).all()


def check_leaves(model, y, rate, sample_weight=None):
    """Each leaf holds the learning rate times the Newton step of its rows, which shows how these counted."""
    adapter, rows = find_adapter(model).with_rows(X, y, sample_weight)
    forest, sums = adapter.forest, rows.statistics
    leaf = forest.is_leaf & (np.diff(forest.start) > 1)[forest.node_tree]  # LightGBM ends trees without a split at 0
    value = forest.value[:, 0, 0] * forest.tree_weight[forest.node_tree]
    np.testing.assert_allclose(value[leaf], -rate * (sums.gradient / sums.hessian)[leaf], rtol=1e-4, atol=1e-7)


UNSHRUNK = LGB | {"min_sum_hessian_in_leaf": 0.0}
LEAVES: dict[str, tuple[Callable, np.ndarray, float]] = {
    "is_unbalance": (lambda: LGBMClassifier(**UNSHRUNK, is_unbalance=True), Y, 0.1),
    "is_unbalance, the other class is rarer": (lambda: LGBMClassifier(**UNSHRUNK, is_unbalance=True), 1 - Y, 0.1),
    "scale_pos_weight": (lambda: LGBMClassifier(**UNSHRUNK, scale_pos_weight=4.0), Y, 0.1),
    "is_unbalance and class_weight": (
        lambda: LGBMClassifier(**UNSHRUNK, is_unbalance=True, class_weight="balanced"),
        Y,
        0.1,
    ),
    "one against the rest, is_unbalance": (
        lambda: LGBMClassifier(**UNSHRUNK, objective="multiclassova", is_unbalance=True),
        Y3,
        0.1,
    ),
    "one against the rest, scale_pos_weight": (
        lambda: LGBMClassifier(**UNSHRUNK, objective="multiclassova", scale_pos_weight=3.0),
        Y3,
        0.1,
    ),
    "one against the rest, class_weight": (
        lambda: LGBMClassifier(**UNSHRUNK, objective="multiclassova", class_weight={0: 1, 1: 2, 2: 7}),
        Y3,
        0.1,
    ),
    "softmax ignores scale_pos_weight": (
        lambda: LGBMClassifier(**UNSHRUNK, scale_pos_weight=3.0),
        Y3,
        0.1 * 2 / 3,  # LightGBM's factor of hessians
    ),
    "HistGradientBoosting": (lambda: HistGradientBoostingClassifier(**HGB, class_weight="balanced"), NAMES, 0.1),
    **{
        f"XGBoost, {objective}": (
            lambda objective=objective: XGBRegressor(
                **XGB, objective=objective, reg_lambda=0, min_child_weight=0, scale_pos_weight=5
            ),
            Y + shift,
            0.3,
        )
        for objective, shift in (
            ("binary:logistic", 0),
            ("reg:squarederror", 0),
            ("reg:squarederror", 1),
            ("reg:gamma", 1),
            ("reg:tweedie", 1),
            ("reg:squaredlogerror", 1),
        )
    },
}


@pytest.mark.parametrize("name", LEAVES)
def test_sums_of_training_rows_give_the_leaves_that_the_library_grew(name):
    make, y, rate = LEAVES[name]
    check_leaves(make().fit(X, y), y, rate)
    check_leaves(make().fit(X, y, sample_weight=UNEVEN), y, rate, UNEVEN)


def test_each_label_of_a_row_counts_for_itself():
    labels = np.column_stack([Y, Y3 == 0, Y3 == 1]).astype(int)
    model = XGBClassifier(**XGB | {"reg_lambda": 0, "min_child_weight": 0, "scale_pos_weight": 5}).fit(X, labels)
    check_leaves(model, labels, 0.3)


def test_the_gradients_of_a_function_are_not_weighed():
    def squared(y, margin):
        return margin - y, np.ones(len(y))

    params = XGB | {"reg_lambda": 0, "scale_pos_weight": 5}
    adapter = find_adapter(XGBRegressor(objective=squared, **params).fit(X, Y))
    assert adapter.class_weighting is None
    assert adapter.row_weights(Y) is None


def test_a_booster_says_by_its_parameters():
    import lightgbm

    params = {"objective": "binary", "unbalance": True, "num_leaves": 8, "verbose": -1, "min_sum_hessian_in_leaf": 0}
    booster = lightgbm_train(params | {"boost_from_average": False}, lightgbm.Dataset(X, Y), 3)
    check_leaves(booster, Y, 0.1)
    again = lightgbm.Booster(model_str=booster.model_to_string())
    check_leaves(again, Y, 0.1)


@pytest.mark.parametrize(
    ("model", "y", "weight"),
    [
        (BaggingClassifier(DecisionTreeClassifier(class_weight="balanced"), 4, random_state=0), NAMES, BALANCED),
        (BaggingClassifier(DecisionTreeClassifier(class_weight={1: 5}), 4, random_state=0), NAMES, FIVE),
        (AdaBoostClassifier(DecisionTreeClassifier(max_depth=2, class_weight={"yes": 5}), n_estimators=4), NAMES, FIVE),
        (RandomForestClassifier(4, class_weight="balanced_subsample", random_state=0), NAMES, BALANCED),
        (RandomForestClassifier(4, class_weight="balanced", random_state=0), NAMES, BALANCED),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_trees_inside_say_it_in_terms_of_what_they_were_given(model, y, weight):
    model = clone(model).fit(X, y)
    np.testing.assert_allclose(find_adapter(model).rows(X, y).sample_weight, weight)


class TestBalancedByTheRowsOfTraining:
    GROW, JUDGE = np.arange(0, 200), np.arange(200, 300)

    def test_where_they_are_known(self):
        adapter = find_adapter(fitted("tree, balanced")[0]).fitted_on(Y[self.GROW])
        share = compute_sample_weight("balanced", Y[self.GROW])
        expected = np.array([share[Y[self.GROW] == c][0] for c in (0, 1)])[Y[self.JUDGE]]
        np.testing.assert_allclose(adapter.row_weights(Y[self.JUDGE]), expected)
        np.testing.assert_allclose(adapter.rows(X[self.JUDGE], Y[self.JUDGE]).sample_weight, expected)

    @pytest.mark.parametrize(
        "model",
        [
            TWINS["tree, balanced"].weighing,
            RandomForestClassifier(3, max_depth=4, bootstrap=False, class_weight="balanced_subsample", random_state=0),
        ],
    )
    @pytest.mark.parametrize("labels", [Y, Y3])
    def test_which_some_models_tell(self, model, labels):
        adapter = find_adapter(clone(model).fit(X, labels))
        few = np.arange(0, 300, 7)
        np.testing.assert_array_equal(
            adapter.row_weights(labels[few]), adapter.fitted_on(labels).row_weights(labels[few])
        )
        twice = find_adapter(clone(model).fit(X, labels, sample_weight=np.full(len(X), 2.0)))
        np.testing.assert_array_equal(twice.row_weights(labels[few]), adapter.row_weights(labels[few]))

    @pytest.mark.parametrize("kind", ["weighed rows", "a root", "other values", "bootstrap", "boosting"])
    def test_else_by_the_rows_given(self, kind):
        tree = TWINS["tree, balanced"].weighing
        model = {
            "weighed rows": lambda: clone(tree).fit(X, Y, sample_weight=UNEVEN),
            "a root": lambda: prune(fitted("tree, balanced")[0], MaxDepth(0)),
            "other values": lambda: prune(fitted("tree, balanced")[0], "hierarchical_shrinkage"),
            "bootstrap": lambda: fitted("forest, balanced")[0],
            "boosting": lambda: fitted("HistGradientBoosting, balanced")[0],
        }[kind]()
        expected = compute_sample_weight("balanced", Y[self.JUDGE])
        np.testing.assert_allclose(find_adapter(model).row_weights(Y[self.JUDGE]), expected)

    @pytest.mark.parametrize("name", ["tree, balanced", "forest, balanced", "HistGradientBoosting, balanced"])
    def test_tree_pruner(self, name):
        inner, rows = TWINS[name].weighing, (X[self.JUDGE], Y[self.JUDGE])
        pruner = TreePruner(inner, JointPruning(alpha=0.001))
        pruner.fit(X[self.GROW], Y[self.GROW], X_val=rows[0], y_val=rows[1])
        adapter = find_adapter(clone(inner).fit(X[self.GROW], Y[self.GROW]))
        factors = adapter.fitted_on(Y[self.GROW]).row_weights(rows[1])
        adapter = adapter.completed(X[self.GROW], Y[self.GROW])
        found, routed = adapter.without_class_weights().with_rows(*rows, factors)
        expected = found.prune(JointPruning(alpha=0.001).plan(found.forest, routed))
        assert same_model(pruner.estimator_, expected, X)

    def test_forests_of_any_version_with_weights_of_rows(self):
        """Raising compares the rows with what the trees store, to the last digits."""
        forest = RandomForestClassifier(3, max_depth=4, class_weight="balanced", bootstrap=False, random_state=0)
        for weight in (None, UNEVEN):
            pruner = TreePruner(forest, "error_based").fit(X, Y, sample_weight=weight)
            assert pruner.n_leaves_ < find_adapter(clone(forest).fit(X, Y, sample_weight=weight)).forest.n_leaves


def test_raising_takes_the_training_rows_as_they_are():
    tree = fitted("tree, balanced")[0]
    assert same_arrays(
        prune(tree, ErrorBased(), X, Y),
        TreePruner(TWINS["tree, balanced"].weighing, "error_based").fit(X, Y).estimator_,
    )


class TestComposites:
    FOREST = RandomForestClassifier(4, max_depth=4, class_weight="balanced", random_state=0)
    METHOD = JointPruning(alpha=0.001)

    @pytest.mark.parametrize("weight", ["model", None])
    def test_what_is_inside_is_pruned_as_it_would_be_alone(self, weight):
        pipeline = make_pipeline(StandardScaler(), clone(self.FOREST)).fit(X, NAMES)
        small = prune(pipeline, self.METHOD, X, NAMES, class_weight=weight)
        seen = pipeline[:-1].transform(X)
        assert same_model(small[-1], prune(pipeline[-1], self.METHOD, seen, NAMES, class_weight=weight), seen)

    def test_codes_are_what_the_model_inside_was_given(self):
        inner = RandomForestClassifier(4, max_depth=4, class_weight={0: 1, 1: 5}, random_state=0)
        voting = VotingClassifier([("forest", inner)]).fit(X, NAMES)
        weight = as_proportions(FIVE)
        expected = prune(voting.estimators_[0], self.METHOD, X, Y, sample_weight=weight, class_weight=None)
        assert same_model(prune(voting, self.METHOD, X, NAMES).estimators_[0], expected, X)

    def test_each_of_many_models_balances_its_own_classes(self):
        whole = OneVsRestClassifier(self.FOREST).fit(X, Y3)
        small = prune(whole, self.METHOD, X, Y3)
        for k, (before, after) in enumerate(zip(whole.estimators_, small.estimators_, strict=True)):
            own = np.equal(Y3, k).astype(int)
            weight = compute_sample_weight("balanced", own)
            expected = prune(before, self.METHOD, X, own, sample_weight=weight, class_weight=None)
            assert same_model(after, expected, X)


class TestTheParameter:
    def test_other_values_are_refused(self):
        message = "The 'class_weight' parameter must be 'model' or None"
        for call in (prune, pruning_path):
            with pytest.raises(ValueError, match=message):
                call(fitted("tree, balanced")[0], "cost_complexity", X, Y, class_weight="balanced")
        with pytest.raises(ValueError, match=message):
            compress(fitted("forest, balanced")[0], X, Y, class_weight={0: 1})

    def test_stored_statistics_are_weighed(self):
        with pytest.raises(ValueError, match="The 'class_weight' parameter needs X and y"):
            prune(fitted("tree, balanced")[0], "cost_complexity", class_weight=None)

    def test_rows_of_classes_without_weight_judge_nothing(self):
        tree = DecisionTreeClassifier(class_weight={0: 0, 1: 1}, random_state=0).fit(X, Y)
        with pytest.raises(ValueError, match=r"All rows have the weight 0: .* class_weight=\{0: 0, 1: 1\}"):
            prune(tree, "reduced_error", X[Y == 0], Y[Y == 0])

    def test_paths_take_it(self):
        tree, plain = fitted("tree, balanced")
        for weight, rows in (("model", BALANCED), (None, None)):
            path = pruning_path(tree, "cost_complexity", X, Y, class_weight=weight)
            expected = pruning_path(plain, "cost_complexity", X, Y, sample_weight=rows)
            np.testing.assert_array_equal(path.alphas, expected.alphas)


#: One row in twenty is positive, and the classes overlap.
RARE = make_classification(3000, 8, n_informative=4, weights=[0.95], class_sep=0.6, flip_y=0.02, random_state=3)
FIT, TEST = slice(0, 1500), slice(1500, None)
OF_RARE = {
    "forest": RandomForestClassifier(15, min_samples_leaf=5, class_weight="balanced", random_state=0),
    "subsample": ExtraTreesClassifier(
        15, min_samples_leaf=5, bootstrap=True, class_weight="balanced_subsample", random_state=0
    ),
    "HistGradientBoosting": HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=8, class_weight="balanced"),
    "LightGBM": LGBMClassifier(n_estimators=15, num_leaves=8, verbose=-1, n_jobs=1, is_unbalance=True),
    "XGBoost": XGBClassifier(n_estimators=15, max_depth=3, learning_rate=0.3, n_jobs=1, scale_pos_weight=19),
}


@cache
def model_of_rare(name):
    return clone(OF_RARE[name]).fit(RARE[0][FIT], RARE[1][FIT])


def recall(model):
    return recall_score(RARE[1][TEST], model.predict(RARE[0][TEST]))


@pytest.mark.parametrize("name", OF_RARE)
def test_joint_pruning_keeps_finding_a_rare_class(name):
    model, rows = model_of_rare(name), (RARE[0][FIT], RARE[1][FIT])
    method = JointPruning(max_nodes=100, alpha=None)
    kept, lost = prune(model, method, *rows), prune(model, method, *rows, class_weight=None)
    assert recall(kept) > recall(model) - 0.1
    assert recall(kept) > recall(lost) + 0.1


@cache
def compressed(name, **options):
    return compress(model_of_rare(name), RARE[0][FIT], RARE[1][FIT], max_nodes=100, retrain=False, **options)


class TestCompress:
    @pytest.mark.parametrize("name", OF_RARE)
    def test_keeps_finding_a_rare_class(self, name):
        model, found = model_of_rare(name), compressed(name)
        assert recall(found.model) > recall(model) - 0.1
        assert f"by the model's own {find_adapter(model).class_weighting};" in found.message

    def test_does_not_where_rows_count_once(self):
        once = compressed("forest", class_weight=None)
        assert recall(once.model) < recall(compressed("forest").model) - 0.1
        assert "class_weight" not in once.message

    def test_losses_count_by_weights_and_scores_do_not(self):
        forest, (X, y) = model_of_rare("forest"), RARE
        found = compress(forest, X[FIT], y[FIT], X_val=X[TEST], y_val=y[TEST], max_nodes=100, retrain=False)
        unpruned = found.frontier.iloc[0]
        share = {c: len(y[FIT]) / (2 * (y[FIT] == c).sum()) for c in (0, 1)}  # of the rows it was fitted on
        weight = np.array([share[c] for c in y[TEST]])
        brier = ((forest.predict_proba(X[TEST]) - np.eye(2)[y[TEST]]) ** 2).sum(axis=1)
        assert unpruned.loss == pytest.approx(np.average(brier, weights=weight))
        assert unpruned.score == pytest.approx(forest.score(X[TEST], y[TEST]))

    def test_rivals_are_fitted_with_the_same_weights(self):
        """A HistGradientBoosting that found no rare class would be no rival."""
        fit, judge = ((RARE[0][rows], RARE[1][rows], None) for rows in (FIT, TEST))
        found = rivals(model_of_rare("XGBoost"), fit, judge, n_nodes=60)
        rival = next(trial for trial in found if trial.name == "HistGradientBoosting")
        settings = dict(part.split("=") for part in rival.parameters.split(", "))
        settings = {name: int(value) for name, value in settings.items()} | {"early_stopping": False, "random_state": 0}
        weight = [np.where(y == 1, 19, 1) for _, y, _ in (fit, judge)]
        boosted = HistGradientBoostingClassifier(**settings).fit(*fit[:2], sample_weight=weight[0])
        of_true = boosted.predict_proba(judge[0])[np.arange(len(judge[1])), judge[1]]
        assert rival.loss == pytest.approx(np.average(-np.log(of_true), weights=weight[1]))
        assert rival.score == pytest.approx(boosted.score(*judge[:2]))

    def test_calibration_of_plain_forests(self):
        found = compressed("forest", output="plain")
        assert isinstance(found.model, CalibratedClassifierCV)
        assert recall(found.model) > recall(model_of_rare("forest")) - 0.1
