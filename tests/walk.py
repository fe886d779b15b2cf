"""Models' trees as their libraries' own dumps state them, walked one row and one split at a time.

Nothing here goes through treeprune: what a library compares, and how, is written down from its documentation and source
(XGBoost: ``doc/model.schema``, ``src/predictor``; LightGBM: ``include/LightGBM/tree.h``; scikit-learn: ``tree_`` and
``_predictors``).
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Split = Callable[[int, np.ndarray], bool]
#: LightGBM's ``kZeroThreshold``, a float32.
ZERO = float(np.float32(1e-35))


@dataclass
class Tree:
    """One tree: its root is node `root`, nodes that `children` does not list are leaves.

    `value` gives what a node adds to column `column` of the output as a leaf; it may look at the row.
    """

    children: dict[int, tuple[int, int]]
    goes_left: Split
    value: Callable[[int, np.ndarray], Any]
    column: int = 0
    root: int = 0

    def way(self, row: np.ndarray) -> list[int]:
        """Nodes from the root to the leaf that a row reaches."""
        nodes = [self.root]
        while nodes[-1] in self.children:
            left, right = self.children[nodes[-1]]
            nodes.append(left if self.goes_left(nodes[-1], row) else right)
        return nodes


@dataclass
class Walk:
    """A model taken apart: trees in the order in which they are added, the rows as they compare them, and the rest.

    `output` makes of what the trees say, shape (n_trees, n_rows, ...), what `said` reads off the model itself.
    """

    trees: list[Tree]
    rows: Callable[[Any], np.ndarray]
    output: Callable[[np.ndarray, Any], np.ndarray]
    said: Callable[[Any], np.ndarray]
    per_stage: int = 1

    def ways(self, X: Any) -> list[list[list[int]]]:
        """For each tree, the way of each row."""
        rows = self.rows(X).tolist()
        return [[tree.way(row) for row in rows] for tree in self.trees]

    def leaves(self, X: Any) -> list[list[int]]:
        """For each tree, the leaf of each row."""
        return [[way[-1] for way in ways] for ways in self.ways(X)]

    def values(self, X: Any, leaves: list[list[int]]) -> np.ndarray:
        """What the trees say of rows that end in these nodes."""
        rows = self.rows(X)
        found = [
            [tree.value(node, row) for node, row in zip(nodes, rows, strict=True)]
            for tree, nodes in zip(self.trees, leaves, strict=True)
        ]
        return np.array(found, np.float64)


def walk_of(model: Any) -> Walk:
    """The walk of a fitted model of any family."""
    library, name = type(model).__module__.split(".")[0], type(model).__name__
    if library in ("xgboost", "lightgbm"):
        return {"xgboost": _xgboost, "lightgbm": _lightgbm}[library](model)
    if name.startswith("HistGradientBoosting"):
        return _histograms(model)
    if name.startswith("GradientBoosting"):
        return _gradient_boosting(model)
    return _isolation(model) if name == "IsolationForest" else _averaged(model)


def _sum_by_column(trees, base):
    """The sum of what the trees say, each in its column, on top of a base of shape (n_rows, n_columns)."""

    def output(values, X):
        total = np.array(base(X), np.float64)
        for tree, value in zip(trees, values, strict=True):
            total[:, tree.column] += value
        return total

    return output


# XGBoost --------------------------------------------------------------------------------------------------------------


def _xgboost(model):
    import xgboost

    booster = model.get_booster() if hasattr(model, "get_booster") else model
    learner = json.loads(booster.save_raw("json"))["learner"]
    parts, eta = learner["gradient_booster"], _xgboost_eta(booster)
    dropped = parts.get("weight_drop")
    stored = parts["gbtree"]["model"] if dropped else parts["model"]
    n_trees = len(stored["trees"])
    if booster is not model and booster.attr("best_iteration") is not None:  # wrappers predict with these rounds
        n_trees = stored["iteration_indptr"][int(booster.attr("best_iteration")) + 1]
    weights = dropped or [1.0] * n_trees
    groups = stored["tree_info"]
    trees = [_xgboost_tree(stored["trees"][i], groups[i], weights[i], eta) for i in range(n_trees)]
    n_columns = max(groups, default=0) + 1
    start = np.array(json.loads(f"[{learner['learner_model_param']['base_score'].strip('[]')}]"))
    start = _xgboost_link(learner["objective"]["name"])(start)
    missing = np.nan if booster is model else model.missing

    def matrix(X):
        types = {} if hasattr(X, "columns") else {"feature_types": booster.feature_types}
        names = {} if hasattr(X, "columns") else {"feature_names": booster.feature_names}
        return xgboost.DMatrix(X, missing=missing, enable_categorical=True, **types, **names)

    def rows(X):
        if hasattr(X, "columns"):
            X = np.column_stack([_codes(X[name]) if hasattr(X[name], "cat") else X[name] for name in X])
        rows = np.array(X, np.float32)
        rows[rows == np.float32(missing)] = np.nan
        return rows

    def said(X):
        rounds = (0, 0) if booster is model else (0, _n_rounds(booster))
        return booster.predict(matrix(X), output_margin=True, iteration_range=rounds).reshape(len(X), -1)

    output = _sum_by_column(trees, lambda X: np.tile(np.resize(start, n_columns), (len(X), 1)))
    per_stage = n_trees // max(1, _n_rounds(booster))
    return Walk(trees, rows, output, said, per_stage)


def _n_rounds(booster):
    best = booster.attr("best_iteration")
    return booster.num_boosted_rounds() if best is None else int(best) + 1


def _codes(column):
    return column.cat.codes.replace(-1, np.nan).to_numpy(np.float64)


def _xgboost_eta(booster):
    config = json.loads(booster.save_config())["learner"]["gradient_booster"]
    return float(config.get("gbtree", config)["tree_train_param"]["eta"])


def _xgboost_link(objective):
    if objective in ("reg:logistic", "binary:logistic", "binary:logitraw"):
        return lambda p: p if objective == "binary:logitraw" else np.log(p / (1 - p))
    return np.log if objective in ("count:poisson", "reg:gamma", "reg:tweedie") else lambda score: score


def _xgboost_tree(tree, column, weight, eta):
    children = {
        node: (left, right)
        for node, (left, right) in enumerate(zip(tree["left_children"], tree["right_children"], strict=True))
        if left != -1
    }
    sets, pieces = {}, zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    for node, first, size in pieces:
        sets[node] = set(tree["categories"][first : first + size])

    threshold = np.array(tree["split_conditions"], np.float32).tolist()

    def goes_left(node, row):
        x = row[tree["split_indices"][node]]
        if math.isnan(x):
            return bool(tree["default_left"][node])
        if tree["split_type"][node]:
            return not 0 <= x < 2**24 or int(x) not in sets[node]
        return x < threshold[node]

    def value(node, row):
        if node not in children:
            return weight * tree["split_conditions"][node]
        return weight * eta * tree["base_weights"][node]

    return Tree(children, goes_left, value, column)


# LightGBM -------------------------------------------------------------------------------------------------------------


def _lightgbm(model):
    booster = getattr(model, "booster_", model)
    best = booster.best_iteration
    text = booster.model_to_string(num_iteration=best if best and best > 0 else -1)
    head, *blocks = text.split("\nend of trees")[0].split("\nTree=")
    fields = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
    k = int(fields["num_tree_per_iteration"])
    trees = [_lightgbm_tree(block, i % k) for i, block in enumerate(blocks)]
    categories = json.loads(text.split("pandas_categorical:")[1].splitlines()[0])

    def rows(X):
        if not hasattr(X, "columns"):
            rows = np.array(X, np.float64)
            rows[np.abs(rows) <= ZERO] = 0.0  # its readers of rows keep larger numbers only
            return rows
        known, columns = iter(categories), []
        for name in X:
            kind = X[name]
            columns.append(_codes(kind.cat.set_categories(next(known))) if hasattr(kind, "cat") else kind)
        return np.column_stack(columns).astype(np.float64)

    share = k / len(trees) if "\naverage_output\n" in head else 1.0  # raw scores are sums even so

    def said(X):
        return share * np.reshape(booster.predict(X, raw_score=True), (-1, k))

    total = _sum_by_column(trees, lambda X: np.zeros((len(X), k)))
    return Walk(trees, rows, lambda values, X: share * total(values, X), said, k)


def _lightgbm_tree(block, column):
    fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)

    def numbers(name, kind=int):
        return [kind(word) for word in fields.get(name, "").split()]

    feature, threshold, decision = numbers("split_feature"), numbers("threshold", float), numbers("decision_type")
    bounds, words = numbers("cat_boundaries"), numbers("cat_threshold")
    leaf_value, inner_value = numbers("leaf_value", float), numbers("internal_value", float)
    children = dict(enumerate(zip(numbers("left_child"), numbers("right_child"), strict=True)))

    def goes_left(node, row):
        x, kind = row[feature[node]], decision[node]
        if kind & 1:  # a set of categories, 32 of them in a word
            if math.isnan(x) or not -1 < x < 2**31:
                return False
            word, bit = divmod(int(x), 32)
            first, last = bounds[int(threshold[node])], bounds[int(threshold[node]) + 1]
            return word < last - first and bool(words[first + word] >> bit & 1)
        missing = (kind >> 2) & 3  # 0: none is, 1: zeros are, 2: NaN is
        x = 0.0 if math.isnan(x) and missing != 2 else x
        if (missing == 1 and abs(x) <= ZERO) or (missing == 2 and math.isnan(x)):
            return bool(kind & 2)
        return x <= threshold[node]

    linear = int(fields.get("is_linear", 0))
    constants, sizes = numbers("leaf_const", float), numbers("num_features")
    ends = np.cumsum([0, *sizes])
    used, slopes = numbers("leaf_features"), numbers("leaf_coeff", float)

    def value(node, row):
        if node >= 0 and children:
            return inner_value[node]
        leaf = ~node if children else 0
        if not linear:
            return leaf_value[leaf]
        part = slice(ends[leaf], ends[leaf + 1])
        x = row[used[part]]
        if np.isnan(x).any():
            return leaf_value[leaf]
        return constants[leaf] + math.fsum(np.multiply(slopes[part], x))

    return Tree(children, goes_left, value, column, 0)


# scikit-learn ---------------------------------------------------------------------------------------------------------


def _float32(X):
    return np.array(X, np.float32)


def _sklearn_tree(tree, value, columns=None, column=0):
    children = {
        node: (int(left), int(right))
        for node, (left, right) in enumerate(zip(tree.children_left, tree.children_right, strict=True))
        if left != -1
    }

    feature = (tree.feature if columns is None else np.asarray(columns)[tree.feature]).tolist()
    threshold, missing = tree.threshold.tolist(), tree.missing_go_to_left.tolist()

    def goes_left(node, row):
        x = row[feature[node]]
        return bool(missing[node]) if math.isnan(x) else x <= threshold[node]

    return Tree(children, goes_left, value, column)


def _averaged(model):
    """Single trees, forests, bagged trees; AdaBoost, whose trees vote."""
    members = getattr(model, "estimators_", [model])
    columns = getattr(model, "estimators_features_", [None] * len(members))

    def of(member, used):
        value = member.tree_.value
        return _sklearn_tree(member.tree_, lambda node, row: value[node], used)

    trees = [of(*pair) for pair in zip(members, columns, strict=True)]
    if hasattr(model, "estimator_weights_"):
        return Walk(trees, _float32, lambda values, X: _votes(model, values), model.predict)

    def said(X):
        if not hasattr(model, "predict_proba"):
            return model.predict(X).reshape(len(X), -1)
        found = model.predict_proba(X)
        return np.concatenate(found, axis=1) if isinstance(found, list) else found

    def output(values, X):  # scikit-learn pads the outputs that have fewer classes
        mean = values.mean(axis=0)
        if not hasattr(model, "predict_proba"):
            return mean[:, :, 0]
        counts = np.atleast_1d(members[0].n_classes_)
        return np.concatenate([mean[:, i, :n] for i, n in enumerate(counts)], axis=1)

    return Walk(trees, _float32, output, said)


def _votes(model, values):
    """The class, or the weighted median."""
    weights, values = model.estimator_weights_[: len(values)], values[:, :, 0]
    if hasattr(model, "classes_"):
        votes = np.zeros(values.shape[1:])
        for weight, value in zip(weights, values, strict=True):
            votes[np.arange(len(votes)), value.argmax(axis=1)] += weight
        return model.classes_[votes.argmax(axis=1)]
    found = []
    for row in values[:, :, 0].T:
        order = np.argsort(row)
        found.append(row[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])
    return np.array(found)


def _gradient_boosting(model):
    rate = model.learning_rate

    def of(member, column):
        value = rate * member.tree_.value[:, 0, 0]
        return _sklearn_tree(member.tree_, lambda node, row: value[node], None, column)

    trees = [of(member, column) for stage in model.estimators_ for column, member in enumerate(stage)]
    output = _sum_by_column(trees, lambda X: model._raw_predict_init(_float32(X)))
    said = getattr(model, "decision_function", model.predict)
    return Walk(trees, _float32, output, lambda X: said(X).reshape(len(X), -1), model.estimators_.shape[1])


def _isolation(model):
    def mean_path(n):
        return 2 * (math.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n if n > 2 else float(n == 2)

    def of(member, used):
        tree = member.tree_
        found = _sklearn_tree(tree, None, used)
        depth = {0: 0}
        for node, sons in found.children.items():  # parents come before their children
            depth |= dict.fromkeys(sons, depth[node] + 1)
        n_rows = tree.n_node_samples.tolist()
        found.value = lambda node, row: depth[node] + mean_path(n_rows[node])
        return found

    trees = [of(*pair) for pair in zip(model.estimators_, model.estimators_features_, strict=True)]
    scale = mean_path(model._max_samples)
    return Walk(trees, _float32, lambda values, X: -(2 ** (-values.mean(axis=0) / scale)), model.score_samples)


def _histograms(model):
    """Histogram trees compare columns after the model's own preprocessing, which puts categories first."""
    known, place = model._bin_mapper.make_known_categories_bitsets()

    def of(predictor, column):
        names, sets = predictor.nodes.dtype.names, predictor.raw_left_cat_bitsets
        nodes = [dict(zip(names, node, strict=True)) for node in predictor.nodes.tolist()]

        def holds(words, x):
            return bool(words[int(x) // 32] >> (int(x) % 32) & 1)

        def goes_left(i, row):
            node = nodes[i]
            x = row[node["feature_idx"]]
            if math.isnan(x):
                return bool(node["missing_go_to_left"])
            if not node["is_categorical"]:
                return x <= node["num_threshold"]
            if not 0 <= x < 256 or not holds(known[place[node["feature_idx"]]], x):
                return bool(node["missing_go_to_left"])
            return holds(sets[node["bitset_idx"]], x)

        def value(i, row):
            return nodes[i]["value"] if nodes[i]["is_leaf"] else model.learning_rate * nodes[i]["value"]

        children = {i: (int(node["left"]), int(node["right"])) for i, node in enumerate(nodes) if not node["is_leaf"]}
        return Tree(children, goes_left, value, column)

    trees = [of(predictor, column) for stage in model._predictors for column, predictor in enumerate(stage)]
    output = _sum_by_column(trees, lambda X: np.tile(np.ravel(model._baseline_prediction), (len(X), 1)))
    return Walk(
        trees,
        lambda X: model._preprocess_X(X, reset=False),
        output,
        lambda X: model._raw_predict(X),
        model.n_trees_per_iteration_,
    )
