"""Several trees: how large each is and was, what they do together, and what other sizes would have given."""

from typing import Any

import numpy as np

from ...core.forest import Forest
from .features import feature_table, splits_by_feature
from .frontier import frontier, sentence_of_compression
from .numbers import count, n_leaves_in_words, plain, records
from .scores import scores
from .verdict import first_sentence, score_in_words, verdicts

#: Most trees whose outline is drawn.
MOST_OUTLINES = 60


def summarise_ensemble(subject) -> dict[str, Any]:
    """The figures of an ensemble."""
    after, before = subject.forest, subject.forest_before
    sizes = _sizes(after)
    summary = {"kind": "ensemble", "classes": subject.classes, "n_trees": after.n_trees}
    summary |= {"n_leaves": after.n_leaves, "n_nodes": after.n_nodes, "depth": int(sizes["depth"].max())}
    summary |= {"n_used": int(np.count_nonzero(splits_by_feature(after)))}
    summary |= {"score_name": None, "is_share": False}
    trees = {"tree": after.tree_id} | sizes
    same_trees = before is not None and before.n_trees == after.n_trees
    if same_trees:
        trees["nodes_before"] = _sizes(before)["n_nodes"]
    summary["trees"] = records({name: plain(column) for name, column in trees.items()})
    summary["together"] = together(after, before)
    summary["outlines"] = _outlines(after, before if same_trees else None)
    summary["frontier"] = frontier(subject, "nodes", "leaves")
    summary |= feature_table(subject) | scores(subject)
    if summary["cv"] is not None:
        summary |= {"score_name": summary["cv"]["name"], "is_share": summary["cv"]["is_share"]}
    summary["verdicts"] = verdicts(summary)
    return summary | {"sentence": _sentence(subject, summary)}


def together(after: Forest, before: Forest | None) -> list[dict[str, Any]]:
    """Sizes of all trees together, after and, where known, before."""
    rows = []
    for name, figure in (
        ("trees", lambda forest: forest.n_trees),
        ("nodes", lambda forest: forest.n_nodes),
        ("leaves", lambda forest: forest.n_leaves),
        ("greatest depth", lambda forest: int(forest.depth.max(initial=0))),
        ("features used", lambda forest: int(np.count_nonzero(splits_by_feature(forest)))),
    ):
        rows.append({"name": name, "before": None if before is None else figure(before), "after": figure(after)})
    return rows


def _sizes(forest):
    leaves = np.bincount(forest.node_tree[forest.is_leaf], minlength=forest.n_trees)
    depth = np.maximum.reduceat(forest.depth, forest.start[:-1])
    return {"n_nodes": np.diff(forest.start), "n_leaves": leaves, "depth": depth}


def _outlines(after, before):
    """Number of nodes at each depth, of trees evenly spread over the ensemble, after and, where known, before."""
    shown = np.unique(np.linspace(0, after.n_trees - 1, min(after.n_trees, MOST_OUTLINES)).round().astype(int))
    return [
        {"tree": int(after.tree_id[tree]), "after": _by_depth(after, tree)}
        | ({} if before is None else {"before": _by_depth(before, tree)})
        for tree in shown
    ]


def _by_depth(forest, tree):
    return np.bincount(forest.depth[forest.start[tree] : forest.start[tree + 1]]).tolist()


def _sentence(subject, summary):
    after, before = subject.forest, subject.forest_before
    if subject.compression is not None:
        return sentence_of_compression(summary, None if before is None else before.n_nodes, after.n_nodes)
    trees = count(after.n_trees, "tree")
    sizes = f"{trees} with {n_leaves_in_words(after.n_leaves)}"
    if before is None:
        return sizes + score_in_words(summary)
    if before.n_nodes == after.n_nodes:
        return f"{sizes}; not pruned{score_in_words(summary)}"
    if before.n_trees != after.n_trees:
        trees = f"{before.n_trees:,} → {trees}"
    sizes = f"{trees}, {before.n_leaves:,} → {n_leaves_in_words(after.n_leaves)}"
    if after.task == "path_length":
        return f"{sizes}; without labels, it cannot be told whether pruning helped"
    return first_sentence(summary, sizes)
