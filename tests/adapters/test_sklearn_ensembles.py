"""scikit-learn's ensembles: the contract of adapters, and what is special about each family."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from tests.zoo import BAGGED, BOOSTED, DATA, ENSEMBLES, ISOLATION, SMALL_ENSEMBLES, Specimen
from treeprune import MissingStatisticError, UnsupportedModelError, prune, pruning_path
from treeprune.adapters import find_adapter
from treeprune.core.plan import Plan
from treeprune.methods import CostComplexity, MergeEqualLeaves, MinimumDescriptionLength, ReducedError
from treeprune.testing import check_adapter, forest_values, same_arrays

pytestmark = SMALL_ENSEMBLES


def collapse_all(adapter):
    return Plan(collapse=~adapter.forest.is_leaf)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_adapters_keep_their_contract(name):
    check_adapter(ENSEMBLES[name].model, *ENSEMBLES[name].rows)


@pytest.mark.parametrize("fault", ["value", "threshold", "children_left"])
def test_the_contract_shows_a_fault(fault, monkeypatch):
    specimen = BAGGED["RandomForestClassifier, iris, trees=5"]
    adapter = type(find_adapter(specimen.model))
    write = adapter.write

    def faulty(self, forest):
        array = getattr(forest, fault)
        swapped = {fault: array[::-1].copy() if fault == "value" else array}
        if fault == "threshold":
            swapped = {fault: array + 0.3 * ~forest.is_leaf}
        if fault == "children_left":
            swapped = {"children_left": forest.children_right, "children_right": forest.children_left}
        return write(self, replace(forest, **swapped))

    monkeypatch.setattr(adapter, "write", faulty)
    with pytest.raises(AssertionError):
        check_adapter(specimen.model, *specimen.rows)


# What fitted attributes say afterwards ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAGGED | ISOLATION)
def test_dropped_trees_leave_no_trace(name):
    model = ENSEMBLES[name].model
    adapter = find_adapter(model).completed(*ENSEMBLES[name].rows)
    drop = np.arange(adapter.forest.n_trees) % 2 == 0
    small = adapter.prune(Plan(drop_tree=drop))
    kept = np.flatnonzero(~drop)
    assert small.n_estimators == len(small.estimators_) == len(kept)
    assert len(small.estimators_samples_) == len(kept)
    for drawn, tree in zip(small.estimators_samples_, kept, strict=True):
        np.testing.assert_array_equal(drawn, model.estimators_samples_[tree])
    if hasattr(model, "estimators_features_"):
        for columns, tree in zip(small.estimators_features_, kept, strict=True):
            np.testing.assert_array_equal(columns, model.estimators_features_[tree])


@pytest.mark.parametrize("name", [name for name in BAGGED if "oob_score" in name])
def test_out_of_bag_scores_of_the_unpruned_forest_are_gone(name):
    model = BAGGED[name].model
    small = prune(model, CostComplexity(n_leaves=len(model.estimators_)))
    assert [name for name in vars(model) if name.startswith("oob_") and name != "oob_score"]
    assert not [name for name in vars(small) if name.startswith("oob_") and name != "oob_score"]


@pytest.mark.parametrize("name", [name for name in ENSEMBLES if name.startswith(("Random", "Extra", "Gradient"))])
def test_importances_are_those_of_the_trees_that_are_left(name):
    model = ENSEMBLES[name].model
    adapter = find_adapter(model).completed(*ENSEMBLES[name].rows)
    root_split_only = adapter.prune(Plan(collapse=adapter.forest.depth == 1))
    used = np.unique(adapter.forest.feature[adapter.forest.root])
    unused = np.setdiff1d(np.arange(model.n_features_in_), used)
    assert not root_split_only.feature_importances_[unused].any()


@pytest.mark.parametrize("name", [name for name in BOOSTED if "Gradient" in name])
def test_scores_of_training_are_not_claimed(name):
    model = BOOSTED[name].model
    adapter = find_adapter(model).completed(*BOOSTED[name].rows)
    small = adapter.prune(collapse_all(adapter))
    for attribute in ("train_score_", "validation_score_", "oob_improvement_", "oob_scores_"):
        if hasattr(model, attribute):
            assert len(getattr(small, attribute)) == len(getattr(model, attribute))
            assert np.isnan(getattr(small, attribute)).all()


def test_weights_of_adaboost_follow_its_trees():
    model = BOOSTED["AdaBoostClassifier, cancer, trees=6, estimator=DecisionTreeClassifier(max_depth=3)"].model
    small = find_adapter(model).prune(Plan(drop_tree=np.arange(6) < 4))
    np.testing.assert_array_equal(small.estimator_weights_, model.estimator_weights_[4:])
    np.testing.assert_array_equal(small.estimator_errors_, model.estimator_errors_[4:])


def test_training_errors_of_adaboost_are_not_claimed_of_pruned_trees():
    model = BOOSTED["AdaBoostClassifier, cancer, trees=6, estimator=DecisionTreeClassifier(max_depth=3)"].model
    adapter = find_adapter(model)
    collapse = (adapter.forest.node_tree == 2) & ~adapter.forest.is_leaf
    small = adapter.prune(Plan(collapse=collapse))
    expected = np.where(np.arange(6) == 2, np.nan, model.estimator_errors_)
    np.testing.assert_array_equal(small.estimator_errors_, expected)
    np.testing.assert_array_equal(small.estimator_weights_, model.estimator_weights_)


def test_a_dropped_tree_of_one_class_adds_nothing():
    model = BOOSTED["GradientBoostingClassifier, wine, trees=3"].model
    X, _ = BOOSTED["GradientBoostingClassifier, wine, trees=3"].rows
    small = find_adapter(model).prune(Plan(drop_tree=np.arange(9) == 4))
    change = model.decision_function(X) - small.decision_function(X)
    expected = np.zeros_like(change)
    expected[:, 1] = 0.1 * model.estimators_[1, 1].predict(X)
    np.testing.assert_allclose(change, expected, atol=1e-14)


# Values of collapsed nodes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        GradientBoostingClassifier(n_estimators=1, max_depth=5),
        GradientBoostingClassifier(n_estimators=1, max_depth=5, loss="exponential"),
        GradientBoostingClassifier(n_estimators=1, max_depth=5, subsample=0.6),
        GradientBoostingRegressor(n_estimators=1, max_depth=5),
        GradientBoostingRegressor(n_estimators=1, max_depth=5, loss="absolute_error"),
        GradientBoostingRegressor(n_estimators=1, max_depth=5, loss="huber"),
        GradientBoostingRegressor(n_estimators=1, max_depth=5, loss="quantile", alpha=0.3),
    ],
    ids=lambda estimator: f"{type(estimator).__name__}, {estimator.loss}, {estimator.subsample}",
)
@pytest.mark.parametrize("share", [0.02, 0.2, 2.0])
def test_first_stage_of_gradient_boosting_equals_growing_it_with_a_ccp_alpha(estimator, share):
    """scikit-learn prunes by ccp_alpha before it works out the leaves, from the rows."""
    X, y = DATA["cancer"]() if hasattr(estimator, "predict_proba") else DATA["diabetes"]()
    grown = estimator.set_params(random_state=0, ccp_alpha=0.0).fit(X, y)
    adapter, rows = find_adapter(grown).with_rows(X, y)
    alphas = CostComplexity().path(adapter.forest).alphas
    alpha = min(share, 1.0) * alphas[-1] * (1 + (share > 1))
    small = adapter.prune(CostComplexity(alpha).plan(adapter.forest))
    refit = estimator.set_params(ccp_alpha=alpha).fit(X, y)
    assert find_adapter(small).forest.n_nodes == find_adapter(refit).forest.n_nodes < adapter.forest.n_nodes
    np.testing.assert_allclose(find_adapter(small).margin(X), find_adapter(refit).margin(X), rtol=1e-9)
    assert rows.forest is adapter.forest


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "squared_error"},
        {"loss": "squared_error", "l2_regularization": 3.0},
        {"loss": "poisson"},
        {"loss": "gamma", "l2_regularization": 0.3},
        {"loss": "absolute_error"},
        {"loss": "quantile", "quantile": 0.7},
    ],
    ids=str,
)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_first_stage_of_hist_gradient_boosting_equals_growing_it_less_deep(params, depth):
    X, y = DATA["diabetes"]()
    params = {**params, "max_iter": 1, "max_leaf_nodes": None, "min_samples_leaf": 4, "learning_rate": 0.3}
    grown = HistGradientBoostingRegressor(**params).fit(X, y)
    shallow = HistGradientBoostingRegressor(**params, max_depth=depth).fit(X, y)
    adapter = find_adapter(grown).completed(X, y)
    small = adapter.prune(Plan(collapse=adapter.forest.depth >= depth))
    np.testing.assert_allclose(small._raw_predict(X), shallow._raw_predict(X), rtol=1e-6)


def test_root_of_hist_gradient_boosting_is_worked_out_from_gains():
    """All stages but the last as they are, so that gradients at the last one's root are known."""
    X, y = DATA["cancer"]()
    model = HistGradientBoostingClassifier(max_iter=6, min_samples_leaf=5, l2_regularization=0.7).fit(X, y)
    adapter = find_adapter(model)
    last = adapter.prune(Plan(drop_tree=np.arange(6) == 5))
    p = last.predict_proba(X)[:, 1]
    expected = -0.1 * (p - y).sum() / ((p * (1 - p)).sum() + 0.7)
    np.testing.assert_allclose(adapter.forest.value[adapter.forest.root[5]], expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_values_that_are_not_stored_need_rows(loss):
    X, y = DATA["diabetes"]()
    model = GradientBoostingRegressor(n_estimators=3, loss=loss, random_state=0).fit(X, y)
    with pytest.raises(MissingStatisticError, match=r"does not store what node 0 of tree 0 would predict.*give rows"):
        prune(model, CostComplexity(n_leaves=3))
    assert prune(model, CostComplexity(n_leaves=3, risk="squared_error"), X, y).estimators_[0, 0].get_n_leaves() == 1


# Methods ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(6, random_state=1),
        RandomForestClassifier(6, random_state=1, class_weight="balanced_subsample", criterion="entropy"),
        RandomForestRegressor(5, random_state=1, max_samples=0.5),
        ExtraTreesRegressor(5, random_state=1),
        BaggingClassifier(DecisionTreeClassifier(random_state=0), 5, random_state=1, max_features=0.5),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_one_alpha_for_all_trees_is_the_ccp_alpha_of_the_forest(estimator):
    X, y = (
        DATA["diabetes"]() if hasattr(estimator, "criterion") and "squared" in estimator.criterion else DATA["cancer"]()
    )
    grown = estimator.fit(X, y)
    path = pruning_path(grown)
    for step in np.linspace(1, len(path) - 2, 5).astype(int):
        alpha = np.sqrt(path.alphas[step] * path.alphas[step + 1])
        small = path.prune(alpha=alpha)
        name = "ccp_alpha" if "ccp_alpha" in estimator.get_params() else "estimator__ccp_alpha"
        refit = type(estimator)(**estimator.get_params(deep=False)).set_params(**{name: alpha}).fit(X, y)
        assert sum(tree.get_n_leaves() for tree in small.estimators_) == path.n_leaves[step]
        assert all(same_arrays(a, b) for a, b in zip(small.estimators_, refit.estimators_, strict=True))
        if name == "estimator__ccp_alpha":
            estimator.set_params(**{name: 0.0})


@pytest.mark.parametrize("method", [ReducedError("brier"), MinimumDescriptionLength(), CostComplexity(0.01)], ids=str)
def test_methods_prune_each_tree_of_a_forest_as_if_it_were_alone(method):
    X, y = DATA["cancer"]()
    model = RandomForestClassifier(4, random_state=0).fit(X[:200], y[:200])
    rows = (X[200:], y[200:]) if method.needs_rows else ()
    for pruned, tree in zip(prune(model, method, *rows).estimators_, model.estimators_, strict=True):
        alone = prune(tree, method, *(rows and (rows[0], rows[1].astype(float))))
        assert same_arrays(pruned, alone)


def test_reduced_error_of_the_last_stage_never_harms_boosting_on_the_rows_given():
    X, y = load_diabetes(return_X_y=True)
    model = GradientBoostingRegressor(n_estimators=30, max_depth=6, random_state=0).fit(X[:250], y[:250])
    adapter = find_adapter(model)
    rows = adapter.rows(X[250:], y[250:])
    one_tree = ReducedError().plan(adapter.forest, rows).collapse & (adapter.forest.node_tree == 29)
    assert one_tree.any()
    small = adapter.prune(Plan(collapse=one_tree))
    assert ((small.predict(X[250:]) - y[250:]) ** 2).sum() <= ((model.predict(X[250:]) - y[250:]) ** 2).sum()


# Isolation forests --------------------------------------------------------------------------------------------------


def test_merging_pairs_of_isolated_rows_changes_no_score():
    X, _ = load_breast_cancer(return_X_y=True)
    for contamination in ("auto", 0.1):
        model = IsolationForest(n_estimators=20, random_state=0, contamination=contamination).fit(X)
        adapter = find_adapter(model)
        forest = adapter.forest
        pairs = (forest.n_node_samples == 2) & ~forest.is_leaf
        np.testing.assert_array_equal(forest.value[pairs], forest.value[forest.children_left[pairs]])
        small = prune(model, MergeEqualLeaves())
        assert find_adapter(small).forest.n_nodes == forest.n_nodes - 2 * pairs.sum() < forest.n_nodes
        np.testing.assert_array_equal(small.score_samples(X), model.score_samples(X))
        assert small.offset_ == model.offset_


def test_leaves_of_equal_path_length_stay_where_their_node_would_have_another():
    X, _ = load_breast_cancer(return_X_y=True)
    model = IsolationForest(n_estimators=20, random_state=0, max_samples=64).fit(X)
    adapter = find_adapter(model)
    shallow = adapter.prune(Plan(collapse=adapter.forest.depth >= 5))  # leaves of many rows, at times of equally many
    forest, merged = find_adapter(shallow).forest, prune(shallow, MergeEqualLeaves())
    left, right = forest.children_left[forest.internal], forest.children_right[forest.internal]
    assert ((forest.value[left] == forest.value[right]).ravel() & (forest.n_node_samples[left] > 1)).any()
    np.testing.assert_array_equal(merged.score_samples(X), shallow.score_samples(X))


def test_offset_is_a_percentile_of_the_pruned_forests_scores():
    X, _ = load_breast_cancer(return_X_y=True)
    model = IsolationForest(n_estimators=10, random_state=0, contamination=0.1).fit(X)
    adapter = find_adapter(model)
    plan = Plan(collapse=adapter.forest.depth >= 4)
    with pytest.raises(MissingStatisticError, match=r"contamination=0\.1, offset_ is a percentile.*give X"):
        adapter.prune(plan)
    small = adapter.completed(X, None).prune(plan)
    assert np.mean(small.predict(X) == -1) == pytest.approx(0.1, abs=0.01)
    assert small.offset_ == np.percentile(small.score_samples(X), 10)
    automatic = find_adapter(IsolationForest(n_estimators=10, random_state=0).fit(X)).prune(plan)
    assert automatic.offset_ == -0.5


@pytest.mark.parametrize("method", [CostComplexity(0.01), ReducedError(), MinimumDescriptionLength()], ids=str)
def test_an_isolation_tree_has_no_target_to_prune_by(method):
    X, _ = load_iris(return_X_y=True)
    model = IsolationForest(n_estimators=3, random_state=0).fit(X)
    with pytest.raises(MissingStatisticError, match=r"target"):
        prune(model, method, *((X, np.zeros(len(X))) if method.needs_rows else ()))


# Refusals -----------------------------------------------------------------------------------------------------------


def test_ensembles_of_other_estimators_are_refused_by_name():
    X, y = load_iris(return_X_y=True)
    model = BaggingClassifier(LogisticRegression(max_iter=1000), 2).fit(X, y)
    with pytest.raises(UnsupportedModelError, match=r"no tree model inside BaggingClassifier"):
        prune(model)


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        ("RandomForestClassifier, iris, trees=5", "tree_weight", np.ones(5)),
        ("IsolationForest, cancer, trees=6", "value", None),
    ],
)
def test_what_a_family_cannot_express_is_refused(name, field, values):
    adapter = find_adapter(ENSEMBLES[name].model)
    values = adapter.forest.value if values is None else values
    with pytest.raises(UnsupportedModelError, match=f"cannot express a plan that changes {field}"):
        adapter.prune(Plan(**{field: values}))


def test_bagged_trees_learn_of_classes_that_they_never_saw():
    X, y = load_iris(return_X_y=True)
    with config_context(enable_metadata_routing=True):  # rows are drawn by index, not by weight
        model = BaggingClassifier(DecisionTreeClassifier(), 3, max_samples=4, random_state=0).fit(X, y)
    known = [len(tree.classes_) for tree in model.estimators_]
    assert min(known) < 3
    before = pickle.dumps(model)
    adapter = find_adapter(model)
    value = np.random.default_rng(0).dirichlet(np.ones(3), (adapter.forest.n_nodes, 1))
    small = adapter.prune(Plan(value=value))
    expected = np.mean(forest_values(replace(adapter.forest, value=value), X.astype(np.float32)), axis=0)[:, 0]
    np.testing.assert_allclose(small.predict_proba(X), expected)
    for tree in small.estimators_:
        np.testing.assert_array_equal(tree.predict_proba(X), tree.tree_.value[tree.apply(X), 0])
        np.testing.assert_array_equal(tree.classes_, np.arange(3))
    same = adapter.prune(Plan(value=adapter.forest.value))
    assert [len(tree.classes_) for tree in same.estimators_] == known
    np.testing.assert_array_equal(same.predict_proba(X), model.predict_proba(X))
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("data", ["wine", "classes"])
@pytest.mark.parametrize("weights", [None, "real"])
def test_a_root_worked_out_from_rows_is_the_leaf_that_scikit_learn_makes(data, weights):
    """Where a leaf's value of 0 hides its hessians, rows tell: the leaf of a tree that may not split."""
    specimen = Specimen(GradientBoostingClassifier(n_estimators=1, random_state=0, init="zero"), data, weights)
    X, y = specimen.rows
    keep = np.flatnonzero((y > 0) | (np.arange(len(y)) % 3 == 0))  # classes of unlike sizes
    weight = None if weights is None else specimen.sample_weight[keep]
    models = [clone(specimen.estimator).set_params(max_depth=depth) for depth in (3, 1)]
    model = models[0].fit(X[keep], y[keep], weight)
    alone = models[1].set_params(min_samples_split=len(y) + 1).fit(X[keep], y[keep], weight)
    for column, tree in enumerate(model.estimators_[0]):
        value = tree.tree_.value
        value[np.flatnonzero(tree.tree_.children_left < 0)] = 0.0
        forest = find_adapter(model).rows(X[keep], y[keep], weight).forest
        root = forest.root[column]
        assert forest.value[root, 0, 0] == pytest.approx(alone.estimators_[0, column].tree_.value.item())


def test_nodes_that_no_row_reaches_take_the_mean_of_their_leaves_by_rows_of_training():
    specimen = Specimen(GradientBoostingRegressor(n_estimators=2, max_depth=5, loss="absolute_error"), "diabetes", None)
    (X, y), model = specimen.rows, specimen.model
    few = np.arange(5)
    known = find_adapter(model).forest.value[:, 0, 0].copy()
    rows = find_adapter(model).rows(X[few], y[few])
    forest, unreached = rows.forest, []
    reached = {node for tree in range(forest.n_trees) for node in rows.leaf_ids(tree)}
    for node in forest.internal:
        below = np.arange(node, forest.end[node])
        leaves = below[forest.is_leaf[below]]
        if not reached & set(leaves):
            mean = np.average(known[leaves], weights=forest.n_node_samples[leaves])
            assert forest.value[node, 0, 0] == pytest.approx(mean)
            unreached.append(len(set(forest.n_node_samples[leaves])) > 1)
    assert sum(unreached) > 3  # where weights matter
