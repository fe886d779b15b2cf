"""Model files with one thing wrong each, and what the refusal must say."""

import io
import json
import re
import zipfile
from functools import cache

import numpy as np

from tests import boosters
from treeprune.adapters.documents import encode


@cache
def _xgboost_json(**params):
    return bytes(boosters._xgb_booster("classes", objective="multi:softprob", num_class=3, **params).save_raw("json"))


def _document(**params):
    return json.loads(_xgboost_json(**params))


def _tree(document, index=0):
    booster = document["learner"]["gradient_booster"]
    return booster.get("gbtree", booster)["model"]["trees"][index]


def _set(field, node, value, tree=0):
    def change(document):
        _tree(document, tree)[field][node] = value

    return change


def _in(value, *path):
    """Put a value at a path below "learner"."""

    def change(document):
        at = document["learner"]
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return change


def _one_child(document):
    _tree(document)["right_children"][0] = -1


def _shared_child(document):
    tree = _tree(document)
    tree["left_children"][1], tree["right_children"][1] = tree["left_children"][0], tree["right_children"][0]


def _shorter(field):
    return lambda document: _tree(document)[field].pop()


def _no_trees(document):
    document["learner"]["gradient_booster"]["model"]["trees"] = []


def _apart(document):
    """Move the second of two sibling leaves to the end, where XGBoost would not look for it."""
    tree = _tree(document)
    n_nodes, leaf = len(tree["parents"]), tree["right_children"][tree["parents"][-1]]
    for array in tree.values():
        if isinstance(array, list) and len(array) == n_nodes:
            array.append(array[leaf])
    tree["right_children"][tree["parents"][leaf]] = n_nodes
    tree["tree_param"]["num_nodes"] = str(n_nodes + 1)


#: Changes of an XGBoost document, and what the error says.
XGBOOST = {
    "child beyond the end": (_set("left_children", 0, 1_000_000), r"tree 0 node 0: left child 1000000 outside 0\.\."),
    "child beyond 32 bits": (_set("left_children", 0, 2**40), "left_children.*out of range"),
    "negative child": (_set("right_children", 1, -7), "tree 0 node 1: right child .* outside"),
    "self loop": (_set("left_children", 1, 1), "tree 0 node 1: .* child 1 reached twice"),
    "cycle": (_set("left_children", 1, 0), "tree 0 node 1: .* child 0 reached twice"),
    "shared child": (_shared_child, "reached twice"),
    "one child": (_one_child, "tree 0 node 0: one child only"),
    "siblings apart": (_apart, "right child is not left child"),
    "wrong parent": (_set("parents", 3, 2, tree=1), "tree 1 node 3: parent"),
    "feature out of range": (_set("split_indices", 0, 99), r"tree 0 node 0: feature 99 outside 0\.\.4"),
    "negative feature": (_set("split_indices", 0, -1), r"feature -1 outside 0\.\.4"),
    "threshold null": (_set("split_conditions", 0, None), "tree 0: split_conditions holds something"),
    "threshold text": (_set("split_conditions", 0, "0.5"), "tree 0: split_conditions holds something"),
    "threshold NaN": (_set("split_conditions", 0, float("nan")), "tree 0 node 0: threshold is not a number"),
    "threshold infinite": (_set("split_conditions", 0, float("inf")), "tree 0 node 0: threshold is not finite"),
    "leaf beyond float32": (_set("split_conditions", -1, 1e308), "leaf value .* not finite"),
    "shorter array": (_shorter("sum_hessian"), "tree 0: sum_hessian has .* entries, but num_nodes"),
    "num_nodes wrong": (lambda d: _tree(d)["tree_param"].update(num_nodes="2147483647"), "num_nodes is 2147483647"),
    "num_nodes no number": (lambda d: _tree(d)["tree_param"].update(num_nodes="many"), "num_nodes 'many'"),
    "array missing": (lambda d: _tree(d).pop("left_children"), "tree 0: left_children is missing"),
    "class out of range": (_in([7] * 18, "gradient_booster", "model", "tree_info"), r"class 7 outside 0\.\.2"),
    "trees missing": (_no_trees, "0 trees, but num_trees is 18"),
    "tree_info short": (_in([0], "gradient_booster", "model", "tree_info"), "1 tree_info, but num_trees is 18"),
    "rounds wrong": (_in([0, 99], "gradient_booster", "model", "iteration_indptr"), "iteration_indptr must rise"),
    "tree is text": (lambda d: d["learner"]["gradient_booster"]["model"]["trees"].__setitem__(2, "oak"), "tree 2"),
    "category too large": (_set("categories", 0, 2**30), "tree 0: categories outside"),
    "categories cut": (lambda d: _tree(d).update(categories=[]), "categories_segments reach beyond"),
    "split type without categories": (lambda d: _tree(d)["split_type"].__setitem__(0, 1), "categories_nodes are not"),
    "base_score no number": (_in("x", "learner_model_param", "base_score"), "base_score 'x' is no number"),
    "num_feature short of names": (_in("3", "learner_model_param", "num_feature"), "5 feature_names, but num_feature"),
    "no learner": (lambda d: d.pop("learner"), "learner is missing"),
    "objective of the wrong type": (_in(5, "objective"), "objective is of the wrong type"),
    "unknown objective": (_in("x:y", "objective", "name"), "UnsupportedModelError.*Unknown objective"),
    "gblinear": (_in("gblinear", "gradient_booster", "name"), "UnsupportedModelError.*gblinear"),
    "several values per leaf": (
        lambda d: _tree(d)["tree_param"].update(size_leaf_vector="3"),
        "UnsupportedModelError.*multi_output_tree",
    ),
    "attribute of the wrong type": (_in({"a": 5}, "attributes"), "attributes are not strings"),
    "best round beyond the last": (_in({"best_iteration": "99"}, "attributes"), "best_iteration is 99, but there are"),
    "two trees of one id": (lambda d: _tree(d, 1).update(id=0), "tree 1: its id is 0"),
    "trees in another order": (lambda d: (_tree(d, 0).update(id=1), _tree(d, 1).update(id=0)), "tree 0: its id is 1"),
    "categories missing": (lambda d: _tree(d).pop("categories_sizes"), "tree 0: categories_sizes is missing"),
    "tree without id": (lambda d: _tree(d).pop("id"), "tree 0: its id is None"),
    "infinite number of parallel trees": (
        _in(float("inf"), "gradient_booster", "model", "gbtree_model_param", "num_parallel_tree"),
        "num_parallel_tree inf is not a whole number",
    ),
    "number of other digits": (
        _in("５", "learner_model_param", "num_feature"),
        "num_feature '５' is not a whole number",
    ),
    "number with underscores": (_in("0_5", "learner_model_param", "num_feature"), "num_feature '0_5' is not a whole"),
    "number in blanks": (_in(" 5", "learner_model_param", "num_feature"), "num_feature ' 5' is not a whole number"),
    "base_score with underscores": (
        _in("0_1.5", "learner_model_param", "base_score"),
        "base_score '0_1.5' is no number",
    ),
    "classes of the objective": (
        _in({"num_class": "4"}, "objective", "softmax_multiclass_param"),
        "3, but 4 in the obj",
    ),
    "unknown kind of split": (_set("split_type", 0, 2), "tree 0: split_type is neither 0 nor 1"),
    "categories of other columns": (
        _in({"enc": [], "feature_segments": [0, 5], "sorted_idx": []}, "gradient_booster", "model", "cats"),
        "feature_segments do not count",
    ),
}


def xgboost_files():
    """``name, content, pattern`` of malformed XGBoost files."""
    for name, (change, pattern) in XGBOOST.items():
        document = _document()
        change(document)
        yield f"{name}.json", json.dumps(document).encode(), pattern
        if "32 bits" not in name:
            yield f"{name}.ubj", encode(document), pattern
    text, binary = _xgboost_json(), encode(_document())
    yield "truncated.json", text[: len(text) // 2], r"byte \d+"
    yield "truncated.ubj", binary[: len(binary) // 2], r"byte \d+: (cut short|a length)"
    yield "byte order mark.json", b"\xef\xbb\xbf" + text, "byte 0.*byte order mark"
    yield "nested.json", b'{"a":' * 1_000_000, "nesting deeper than 64"
    yield "nested arrays.json", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nesting deeper than 64"
    yield "nested.ubj", b"{L\0\0\0\0\0\0\0\1a" * 100_000, "nesting deeper than 64"
    yield "array of 2^62.ubj", b"{L\0\0\0\0\0\0\0\1a[$d#L\x40\0\0\0\0\0\0\0", "a length of 4611686018427387904"
    yield "not UTF-8.json", b'{"a": "\xff"}', "byte 7: not UTF-8"
    yield "number of 5000 digits.json", b'{"learner": ' + b"9" * 5000 + b"}", "not JSON"
    yield "empty.json", b"", "is empty"
    yield "prose.json", b"once upon a time", "none of"


def _line(name, change, tree=0):
    """Change the value of a line of one tree, or of the header (tree None)."""

    def edit(text):
        start = 0 if tree is None else text.index(f"Tree={tree}\n")
        first = text.index(f"\n{name}=", start) + len(name) + 2
        last = text.index("\n", first)
        return text[:first] + change(text[first:last]) + text[last:]

    return edit


def _token(name, index, value, tree=0):
    def change(line):
        tokens = line.split(" ")
        tokens[index] = value
        return " ".join(tokens)

    return _line(name, change, tree)


def _tail(old, new):
    return lambda text: text.replace(old, new)


#: Changes of a LightGBM text, and what the error says.
LIGHTGBM = {
    "child beyond the end": (_token("left_child", 0, "1000000"), "tree 0 node 0: left child .* outside"),
    "leaf beyond the end": (_token("right_child", 0, "-1000000"), "tree 0 node 0: right child .* outside"),
    "self loop": (_token("left_child", 1, "1"), "tree 0 node 1: .* child 1 reached twice"),
    "cycle": (_token("left_child", 1, "0"), "left child 0 reached twice"),
    "shared leaf": (_line("right_child", lambda v: re.sub(r"-\d+", "-1", v)), "reached twice"),
    "feature out of range": (_token("split_feature", 0, "99"), r"feature 99 outside 0\.\.4"),
    "threshold NaN": (_token("threshold", 0, "nan"), "threshold is not a number"),
    "threshold infinite": (_token("threshold", 0, "-inf"), "threshold is -inf"),
    "threshold text": (_token("threshold", 0, "high"), "threshold holds something"),
    "leaf not finite": (_token("leaf_value", 0, "inf"), "leaf value .* not finite"),
    "num_leaves wrong": (_line("num_leaves", lambda v: "2147483646"), "split_feature has .* entries, not 2147483645"),
    "shorter array": (
        _line("threshold", lambda v: v.rpartition(" ")[0], 1),
        "tree 1: threshold has 10 entries, not 11",
    ),
    "category index out of range": (_token("decision_type", 0, "1"), "categorical split outside|cat_boundaries"),
    "num_cat without sets": (_line("num_cat", lambda v: "2"), "cat_boundaries has"),
    "missing kind unknown": (_token("decision_type", 0, "14"), "unknown kind of missing"),
    "trees of no whole iteration": (
        lambda t: (
            t.replace("num_class=1", "num_class=4").replace("_iteration=1", "_iteration=4").replace("objective", "a")
        ),
        "6 trees are no multiple of num_tree_per_iteration 4",
    ),
    "more trees per iteration than classes": (
        _line("num_tree_per_iteration", lambda v: "3", None),
        "num_class 1 and num_tree_per_iteration 3 must be positive and equal",
    ),
    "more classes than trees per iteration": (_line("num_class", lambda v: "3", None), "num_class 3 and num_tree"),
    "no classes": (_line("num_class", lambda v: "0", None), "num_class 0"),
    "classes for an objective of one column": (
        lambda t: t.replace("num_class=1", "num_class=3").replace("per_iteration=1", "per_iteration=3"),
        "objective 'regression' is of one column, but num_class is 3",
    ),
    "objective of other classes": (
        _line("objective", lambda v: "multiclass num_class:3", None),
        "says num_class:3, but",
    ),
    "objective's setting no number": (_line("objective", lambda v: "binary sigmoid:１", None), "setting 'sigmoid:１'"),
    "number of other digits": (_token("leaf_value", 0, "１"), "tree 0: leaf_value holds something"),
    "number with underscores": (_token("threshold", 0, "1_0"), "tree 0: threshold holds something"),
    "number in blanks": (_token("leaf_value", 0, "1\u00a0"), "tree 0: leaf_value holds something"),
    "count in blanks": (_line("num_leaves", lambda v: f" {v}"), "num_leaves ' 12' is not a whole number"),
    "kind of split beyond its type": (_token("decision_type", 0, "258"), "decision_type holds numbers out of range"),
    "child beyond 32 bits": (_token("left_child", 0, str(2**40)), "left_child holds numbers out of range"),
    "parameter no number": (_tail("[learning_rate: 0.1]", "[learning_rate: 0_1]"), "learning_rate '0_1' is malformed"),
    "categories no lists": (_tail("pandas_categorical:null", "pandas_categorical:[5]"), "pandas_categorical is no"),
    "stale tree_sizes": (_line("tree_sizes", lambda v: "1 2", None), "tree_sizes has 2 entries for 6"),
    "names short": (_line("feature_names", lambda v: "a b", None), "2 feature_names"),
    "feature_infos malformed": (_line("feature_infos", lambda v: "[] " + v.partition(" ")[2], None), "feature_infos"),
    "objective empty": (_line("objective", lambda v: "", None), "objective is empty"),
    "unknown objective": (_line("objective", lambda v: "x", None), "UnsupportedModelError.*Unknown objective"),
    "parameters malformed": (lambda t: t.replace("[boosting: gbdt]", "boosting gbdt"), "parameters: a line"),
    "line that is none": (lambda t: t.replace("\nsplit_gain=", "\nsplit_gain ", 1), "tree 0: the line 'split_gain "),
    "blank line in a tree": (lambda t: t.replace("\nsplit_gain=", "\n\nsplit_gain=", 1), "tree 0: the line '' is no"),
    "line twice": (lambda t: t.replace("num_cat=0", "num_cat=0\nnum_cat=0", 1), "'num_cat' stands twice"),
    "tree missing": (lambda t: t.replace("Tree=2\n", "Tree=3\n", 1), "tree 2: stands as Tree='3'"),
    "truncated": (lambda t: t[: len(t) // 3], "cut short"),
    "byte order mark": (lambda t: "\ufeff" + t, "starts with 'tree'"),
}


def lightgbm_files():
    """``name, content, pattern`` of malformed LightGBM files."""
    text = boosters._lgb_booster("numbers").model_to_string()
    for name, (change, pattern) in LIGHTGBM.items():
        changed = change(text)
        assert changed != text, name
        yield f"{name}.txt", changed.encode(), pattern


def _skops(change=None, forest=False):
    """A skops file of a tree (or forest), whose node array is changed."""
    import skops.io
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    X, y = np.nan_to_num(boosters.rows()[0]), boosters.target("binary")
    model = RandomForestClassifier(2, max_depth=4, random_state=0) if forest else DecisionTreeClassifier(max_depth=4)
    content = skops.io.dumps(model.fit(X, y))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, data in parts.items():
        if name.endswith(".npy"):
            array = np.load(io.BytesIO(data))
            if change is not None and array.dtype.names:
                array = array.copy()
                change(array)
                buffer = io.BytesIO()
                np.save(buffer, array)
                parts[name] = buffer.getvalue()
    return parts


def _packed(parts, **files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (parts | files).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _node(field, node, value):
    return lambda nodes: nodes[field].__setitem__(node, value)


def skops_files():
    """``name, content, pattern`` of malformed skops files."""
    changes = {
        "child beyond the end": (_node("left_child", 0, 10**6), "left child 1000000 outside"),
        "child beyond 32 bits": (_node("left_child", 0, 2**40), "left_child 1099511627776 outside"),
        "cycle": (_node("left_child", 1, 0), "reached twice"),
        "one child": (_node("right_child", 0, -1), "one child only"),
        "feature out of range": (_node("feature", 0, 10**6), r"feature 1000000 outside 0\.\.4"),
        "threshold NaN": (_node("threshold", 0, np.nan), "threshold is not a number"),
    }
    for name, (change, pattern) in changes.items():
        yield f"{name}.skops", _packed(_skops(change)), pattern
    yield "cycle in a forest.skops", _packed(_skops(changes["cycle"][0], forest=True)), "tree 0 .*reached twice"
    parts = _skops()
    schema = parts["schema.json"].decode()
    for name, data in parts.items():
        if name.endswith(".npy") and np.load(io.BytesIO(data)).ndim == 3:
            buffer = io.BytesIO()
            np.save(buffer, np.load(io.BytesIO(data))[:-1])
            yield "values short.skops", _packed(parts, **{name: buffer.getvalue()}), "skops cannot load the file"
    unknown = schema.replace('"DecisionTreeClassifier"', '"Popen"').replace('"sklearn.tree._classes"', '"subprocess"')
    yield (
        "untrusted type.skops",
        _packed(parts, **{"schema.json": unknown}),
        r"UnsupportedModelError.*subprocess\.Popen",
    )
    yield "nested schema.skops", _packed({"schema.json": '{"a":' * 100_000}), "nesting deeper than 64"
    yield "no schema.skops", _packed({"a.txt": "a"}), "not a skops file"
    yield "truncated.skops", _packed(parts)[:200], "not a skops file"
