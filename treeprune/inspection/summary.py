"""What a report says, as plain figures: made first, drawn afterwards."""

from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import is_classifier

from .. import __version__
from ..adapters import find_adapter
from ..core.forest import Forest
from ..core.path import PruningPath
from ..exceptions import UnsupportedModelError
from ..io import last_step
from ..pruning import pruning_path
from .rules import column_names, fitted_model, rules

#: Scores that are shares, shown in per cent.
_SHARES = {"accuracy", "balanced_accuracy"}
#: Most rules that are listed, by support, and most for which code is given.
MOST_RULES = 100


def summarise(model: Any, X: Any, y: Any, title: str | None, feature_names=None, class_names=None) -> dict[str, Any]:
    """The figures of a report, as lists, numbers and text; see `treeprune.report`."""
    pruner = last_step(model)
    fitted = fitted_model(model)
    forest = find_adapter(fitted).forest
    name = type(fitted).__name__
    summary = {"title": title or f"Pruning report: {name}", "model": name, "on_rows": _score(model, X, y)}
    summary["features"] = column_names(fitted, forest.n_features, feature_names)
    summary["versions"] = {"treeprune": __version__, "scikit-learn": sklearn.__version__}
    if forest.n_trees > 1:
        return summary | _of_ensemble(forest)
    path = getattr(pruner, "pruning_path_", None)
    path = pruning_path(fitted) if path is None else path
    if not isinstance(path, PruningPath) or path.forest.n_outputs > 1:
        raise UnsupportedModelError(f"The report draws nested trees of one target, which {name} has not.")
    classes = class_names
    if classes is None and path.forest.task == "classification":
        classes = np.asarray(fitted.classes_).tolist()
    summary |= _of_tree(path, pruner, forest) | {"tree": _nodes(path, pruner)}
    summary["classes"] = None if classes is None else [str(label) for label in classes]
    summary["sentence"] = _sentence(summary)
    return summary | _rules(rules(fitted, feature_names=feature_names, class_names=class_names, missing=True))


def _score(model, X, y):
    """Score of the model on the rows given, by its own scorer."""
    if X is None or y is None:
        return None
    return {"score": float(model.score(X, y)), "n_rows": len(y)}


def _of_ensemble(forest):
    leaves = np.bincount(forest.node_tree[forest.is_leaf], minlength=forest.n_trees)
    depth = np.maximum.reduceat(forest.depth, forest.start[:-1])
    table = zip(forest.tree_id.tolist(), np.diff(forest.start).tolist(), leaves.tolist(), depth.tolist(), strict=True)
    total = f"{forest.n_trees:,} trees with {forest.n_leaves:,} leaves"
    used = len(np.unique(forest.feature[forest.internal]))
    sizes = [dict(zip(("tree", "n_nodes", "n_leaves", "depth"), row, strict=True)) for row in table]
    return {"sentence": total, "n_leaves": forest.n_leaves, "depth": int(depth.max()), "n_used": used, "trees": sizes}


def _candidates(path, pruner):
    """Steps of the path on the slider."""
    results = getattr(pruner, "cv_results_", {})
    return np.asarray(results["step"]) if "step" in results else np.arange(len(path))


def _lifetime(path, pruner):
    """Position on the slider at which each node becomes a leaf; 0 at leaves."""
    steps = _candidates(path, pruner)
    step = np.maximum(np.searchsorted(path.alphas, path.strength, side="left"), 1)
    life = np.searchsorted(steps, step, side="left")
    return np.where(path.forest.is_leaf, 0, life)


def _of_tree(path, pruner, chosen: Forest):
    """Sizes and scores along the slider, and which place on it is marked."""
    steps, forest = _candidates(path, pruner), path.forest
    life = _lifetime(path, pruner)
    alive = np.where(forest.parent < 0, len(steps), life[forest.parent])  # there at positions below this
    columns = {"alpha": path.alphas[steps], "n_leaves": path.n_leaves[steps]}
    columns["depth"] = _largest_above(forest.depth, alive, len(steps))
    last_use = np.zeros(forest.n_features, int)
    np.maximum.at(last_use, forest.feature[forest.internal], life[forest.internal])
    columns["n_used"] = np.count_nonzero(last_use[:, None] > np.arange(len(steps)), axis=0)
    columns["relative_error"] = path.to_frame()["relative_impurity"].to_numpy()[steps]
    found = {"marks": {"unpruned": 0}, "n_trees": 1, "score_name": None, "is_share": False}
    if hasattr(pruner, "cv_results_"):
        from ..estimators.cv_results import choose

        results = pruner.cv_results_
        columns |= {"score": results["mean_test_score"], "standard_error": results["standard_error"]}
        found["marks"] |= {"best": choose("best", results), "1-SE": choose("1se", results)}
        found["chosen"] = int(pruner.best_index_)
        found["score_name"], found["is_share"] = _name_of_score(pruner)
    else:
        found["chosen"] = int(np.argmin(np.abs(columns["n_leaves"] - chosen.n_leaves)))
    names = list(columns)
    rows = zip(*(_plain(column) for column in columns.values()), strict=True)
    found["steps"] = [dict(zip(names, row, strict=True)) for row in rows]
    return found | {key: found["steps"][found["chosen"]][key] for key in ("n_leaves", "depth", "n_used")}


def _largest_above(number, alive, n_steps):
    """For each step, the largest number of the nodes that are there."""
    largest = np.zeros(n_steps + 1, int)
    np.maximum.at(largest, alive, number)
    return np.maximum.accumulate(largest[::-1])[::-1][1:]


def _nodes(path, pruner):
    """The tree as columns over its nodes in preorder, in the fewest digits that a picture needs."""
    forest = path.forest
    value = forest.value[:, 0]
    threshold = [_short(t) if not leaf else 0 for t, leaf in zip(forest.threshold, forest.is_leaf, strict=True)]
    nodes = {
        "right": np.maximum(forest.children_right, 0).tolist(),
        "feature": np.maximum(forest.feature, 0).tolist(),
        "threshold": threshold,
        "life": _lifetime(path, pruner).tolist(),
        "comparison": forest.comparison,
        "missing": None if forest.missing_go_to_left is None else forest.missing_go_to_left.astype(int).tolist(),
    }
    if forest.task == "classification":
        total = value.sum(axis=1)
        share = np.rint(100 * value.max(axis=1) / np.where(total > 0, total, 1)).astype(int)
        nodes |= {"value": value.argmax(axis=1).tolist(), "share": share.tolist()}
    else:
        nodes |= {"value": [_short(v) for v in value[:, 0]]}
    if forest.n_node_samples is not None:
        nodes["rows"] = forest.n_node_samples.tolist()
    return nodes


def _rules(found):
    shown = np.arange(len(found)) if found.support is None else np.argsort(-found.support, kind="stable")
    lines = found.to_text().splitlines()
    few = len(found) <= MOST_RULES
    lines = lines if few else [lines[index] for index in shown[:MOST_RULES]]
    text = [line.partition(". ")[2] for line in lines]
    return {"rules": text, "n_rules": len(found)} | (
        {"python": found.to_python(), "sql": found.to_sql("prediction")} if few else {"python": None, "sql": None}
    )


def _sentence(summary):
    first, chosen = summary["steps"][0], summary["steps"][summary["chosen"]]
    if len(summary["steps"]) == 1:
        return "The tree is a single leaf: nothing to prune."
    before, after = (
        f"{step['n_leaves']:,} {'leaf' if step['n_leaves'] == 1 else 'leaves'}" for step in (first, chosen)
    )
    if summary["score_name"] is None:
        return f"{after}; not pruned" if chosen is first else f"{before} → {after}"
    scores = [show_score(step["score"], summary["is_share"]) for step in (first, chosen)]
    error = show_score(chosen["standard_error"], summary["is_share"]).removesuffix(" %")
    return f"{before} → {after}; CV {summary['score_name']} {scores[0]} → {scores[1]} ± {error}"


def show_score(score: float | None, is_share: bool) -> str:
    """A score as the page shows it."""
    if score is None:
        return "unknown"
    return f"{100 * score:.1f} %" if is_share else f"{score:.4g}"


def _name_of_score(pruner):
    scoring = pruner.scoring
    name = ("accuracy" if is_classifier(pruner) else "R²") if scoring is None else scoring
    return (name.replace("_", " "), name in _SHARES) if isinstance(name, str) else ("score", False)


def _plain(column: NDArray) -> list:
    """Numbers of Python; what is not finite, which JSON lacks, as None."""
    return [None if number != number or abs(number) == np.inf else number for number in column.tolist()]


def _short(number):
    """A number to six digits, an infinite one by its name in JavaScript."""
    if not np.isfinite(number):
        return "Infinity" if number > 0 else "-Infinity"
    number = float(f"{number:.6g}")
    return int(number) if number.is_integer() else number
