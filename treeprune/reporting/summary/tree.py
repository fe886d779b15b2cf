"""One tree: the slider's steps, the nodes that the page draws, its rules, and the rows behind them."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from ...core.path import PruningPath
from ...estimators.cv_results import choose
from ...exceptions import UnsupportedModelError
from ...inspection.rules import Rules, rules
from .branches import pruned_branches
from .features import feature_table
from .leaves import leaf_table, low_support
from .numbers import n_leaves_in_words, plain, records, short
from .scores import name_of_score, scores
from .verdict import first_sentence, score_in_words, verdicts

#: Most rules that are listed, by support, and most for which code is given.
MOST_RULES = 50
MOST_CODE = 100
#: Most steps of a path on the slider.
MOST_STEPS = 400


def summarise_tree(subject) -> dict[str, Any]:
    """The figures of a single tree."""
    path = subject.path
    if not isinstance(path, PruningPath) or path.forest.n_outputs > 1:
        raise UnsupportedModelError(
            f"The report draws nested trees of one target, which {type(subject.model).__name__} has not."
        )
    slider = Slider(path, subject)
    summary = {"kind": "tree", "n_trees": 1, "classes": subject.classes} | slider.figures()
    summary |= {"tree": _nodes(slider, subject.mentions_missing), "on_rows": None}
    summary |= _rules(subject)
    summary |= low_support(subject.forest)
    summary |= pruned_branches(subject)
    summary |= feature_table(subject)
    summary |= scores(subject)
    summary["verdicts"] = verdicts(summary)
    return summary | {"sentence": _sentence(subject, summary)}


class Slider:
    """The places of the slider: steps of the path, all or some of them, and what is left of the tree at each.

    Parameters
    ----------
    path : PruningPath
        Of a single tree.
    subject : Subject
    """

    def __init__(self, path: PruningPath, subject):
        self.path, self.forest = path, path.forest
        results = getattr(subject.pruner, "cv_results_", {})
        self.results = results if "step" in results else {}  # a grid of parameters is no path
        self.score_name, self.is_share = None, False
        if self.results:
            self.score_name, self.is_share = name_of_score(subject.pruner.scoring, is_classifier(subject.pruner))
        steps = np.asarray(self.results["step"]) if self.results else np.arange(len(path))
        self.n_steps = len(steps)
        before = subject.forest_before
        starts_unpruned = before is not None and before.n_leaves == path.forest.n_leaves
        marks = {"unpruned" if starts_unpruned else "as given": 0}
        if self.results:
            marks |= {"best": choose("best", self.results), "1-SE": choose("1se", self.results)}
            chosen = int(subject.pruner.best_index_)
        else:
            chosen = int(np.argmin(np.abs(path.n_leaves[steps] - subject.forest.n_leaves)))
        self.shown = _spread(path.n_leaves[steps], {chosen, *marks.values()})
        self.steps = steps[self.shown]
        self.marks = {name: int(np.searchsorted(self.shown, place)) for name, place in marks.items()}
        self.chosen = int(np.searchsorted(self.shown, chosen))
        self.life = self._lifetime()

    def _lifetime(self):
        """Place of the slider at which each node becomes a leaf; 0 at leaves."""
        step = np.maximum(np.searchsorted(self.path.alphas, self.path.strength, side="left"), 1)
        return np.where(self.forest.is_leaf, 0, np.searchsorted(self.steps, step, side="left"))

    def _strengths(self):
        """Values of the method's own parameter; those that were scored, where there are scores."""
        if self.results:
            return np.asarray(self.results[f"param_{self.path.knob.name}"])[self.shown]
        return self.path.knob.of_alpha(self.path.alphas[self.steps])

    def figures(self) -> dict[str, Any]:
        """Sizes and scores along the slider, and which places on it are marked."""
        forest, n_places = self.forest, len(self.steps)
        alive = np.where(forest.parent < 0, n_places, self.life[forest.parent])  # there at places below this
        last_use = np.zeros(forest.n_features, int)
        np.maximum.at(last_use, forest.feature[forest.internal], self.life[forest.internal])
        columns = {
            "strength": self._strengths(),
            "n_leaves": self.path.n_leaves[self.steps],
            "depth": _largest_above(forest.depth, alive, n_places),
            "n_used": np.count_nonzero(last_use[:, None] > np.arange(n_places), axis=0),
            "relative_error": self.path.to_frame()["relative_impurity"].to_numpy()[self.steps],
        }
        if self.results:
            names = {"score": "mean_test_score", "standard_error": "standard_error"}
            columns |= {name: np.asarray(self.results[of])[self.shown] for name, of in names.items()}
        steps = records({name: plain(column) for name, column in columns.items()})
        found = {
            "knob": self.path.knob.name,
            "marks": self.marks,
            "chosen": self.chosen,
            "steps": steps,
            "n_steps": self.n_steps,
        }
        found |= {"score_name": self.score_name, "is_share": self.is_share}
        return found | {name: steps[self.chosen][name] for name in ("n_leaves", "depth", "n_used")}


def _spread(n_leaves, needed):
    """Places of about `MOST_STEPS` steps, spread evenly over the logarithm of the leaves, those needed among them."""
    if len(n_leaves) <= MOST_STEPS:
        return np.arange(len(n_leaves))
    wanted = np.geomspace(n_leaves[0], n_leaves[-1], MOST_STEPS)
    places = np.minimum(np.searchsorted(-n_leaves, -wanted), len(n_leaves) - 1)
    return np.unique([*places, *needed, 0, len(n_leaves) - 1])


def _largest_above(number, alive, n_places):
    """For each place of the slider, the largest `number` among the nodes that exist there."""
    largest = np.zeros(n_places + 1, int)
    np.maximum.at(largest, alive, number)
    return np.maximum.accumulate(largest[::-1])[::-1][1:]


def _nodes(slider, mentioned):
    """The tree as columns over its nodes in preorder, in the fewest digits that a picture needs."""
    forest = slider.forest
    value = forest.value[:, 0]
    nodes = {
        "right": np.maximum(forest.children_right, 0).tolist(),
        "feature": np.maximum(forest.feature, 0).tolist(),
        "threshold": [0 if leaf else short(t) for t, leaf in zip(forest.threshold, forest.is_leaf, strict=True)],
        "life": slider.life.tolist(),
        "comparison": forest.comparison,
        "missing": None if mentioned is None else forest.missing_go_to_left.astype(int).tolist(),
        "mentions_missing": [] if mentioned is None else np.flatnonzero(mentioned).tolist(),
    }
    if forest.task == "classification":
        total = value.sum(axis=1)
        share = 100 * value.max(axis=1) / np.where(total > 0, total, 1)
        nodes |= {"value": value.argmax(axis=1).tolist(), "share": [short(s) for s in share.tolist()]}
    else:
        nodes |= {"value": [short(v) for v in value[:, 0]]}
        if forest.criterion == "squared_error" and forest.impurity is not None:
            nodes |= {"spread": [short(float(f"{v:.4g}")) for v in np.sqrt(np.maximum(forest.impurity, 0.0))]}
    if forest.n_node_samples is not None:
        nodes["rows"] = forest.n_node_samples.tolist()
    return nodes


def _rules(subject):
    """The rules as text, those with the most rows where there are many, and as code where there are not."""
    found = _found_rules(subject)
    summary = {"n_rules": len(found), "python": None, "sql": None}
    if len(found) <= MOST_CODE:
        summary |= {"python": found.to_python(), "sql": found.to_sql("prediction")}
    listed = np.arange(min(len(found), MOST_RULES))
    if len(found) > MOST_RULES and found.support is not None:
        listed = np.argsort(-found.support, kind="stable")[:MOST_RULES]
    found = some_rules(found, listed)
    text = [line.partition(". ")[2] for line in found.to_text().splitlines()]
    return summary | {"rules": text, "leaves": leaf_table(subject, found, listed)}


def _found_rules(subject):
    """The rules over the columns of the caller's rows; if a step forbids that, over the tree's columns."""
    mentioned = subject.mentions_missing  # the same for all trees of the slider
    options = {"class_names": subject.classes, "missing": True if mentioned is None else mentioned}
    try:
        return rules(subject.predictor, feature_names=subject.feature_names, **options)
    except (UnsupportedModelError, ValueError):
        return rules(subject.model, feature_names=subject.names, **options)


def some_rules(found: Rules, listed: NDArray[np.intp]) -> Rules:
    """Some of the rules, chosen by their indices."""
    lists = {name: [getattr(found, name)[place] for place in listed] for name in ("conditions", "values")}
    arrays = {name: getattr(found, name) for name in ("support", "confidence", "impurity")}
    return replace(found, **lists, **{name: None if a is None else a[listed] for name, a in arrays.items()})


def _sentence(subject, summary):
    after = n_leaves_in_words(summary["n_rules"])
    before = subject.forest_before
    if before is None and summary["chosen"] > 0:
        before = subject.path.forest
    if before is not None and before.n_leaves != summary["n_rules"]:
        return first_sentence(summary, f"{n_leaves_in_words(before.n_leaves)} → {after}")
    if subject.path.forest.n_leaves == 1 and (subject.pruner_path is not None or not subject.pruner):
        sizes = "The tree is a single leaf: there is nothing to prune"
    else:
        unknown = "what it was before is not known" if subject.pruner else "whether it was pruned is not known"
        sizes = f"{after}; {unknown if before is None else 'not pruned'}"
    return sizes + score_in_words(summary)
