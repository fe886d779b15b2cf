"""Texts of the report: the limits of what it shows, and its glossary."""

from typing import Any

from .selection import promises


def limitations(summary: dict[str, Any]) -> list[str]:
    """Conclusions that the report does not support, in plain words; only those that apply."""
    if summary["kind"] == "selection":
        return _of_selection(summary)
    found = [
        "The model describes which values go together in its training rows. It does not say that one causes another, "
        "and it knows nothing of rows unlike those it was trained on.",
    ]
    found += _of_scores(summary)
    if summary["kind"] == "layers":
        found.append(_OF_WEIGHTS)
    elif summary["kind"] == "tree":
        found += _of_tree(summary)
    else:
        found.append(
            "An ensemble predicts with all its trees together: the outline of one tree says how large it is, not what "
            "the model will do. Importances say how often features helped to split, not in which direction."
        )
    if summary.get("anomaly"):
        found.append("An anomaly score says that a row is easy to set apart from the others, not that it is wrong.")
    return found


_OF_WEIGHTS = (
    "Sizes of weights compare columns only where these have like scales. Of columns that say the same, the model may "
    "have shared the weight out between them, or given it to any."
)


def _of_scores(summary):
    found = []
    if summary["cv"] is not None:
        found.append(
            "The cross-validated score has chosen the pruning strength, so that it is a little too good for the chosen "
            "one. Judge the model by rows that neither grew nor chose it."
        )
    if summary["on_rows"] is not None and not summary["held_out"]:
        found.append(
            "The report cannot know whether the rows given to it also grew the model. If they did, their scores are "
            "too good to be true."
        )
    if summary["on_rows"] is None and summary["cv"] is None and not summary.get("anomaly"):
        found.append(
            "There is no score of rows that did not grow the model: give rows (X, y) that were held out to have one."
        )
    return found


def _of_tree(summary):
    found = []
    if summary["n_low_support"]:
        n = summary["n_low_support"]
        found.append(f"{n} of {summary['n_rules']} leaves rest" if n > 1 else f"1 of {summary['n_rules']} leaves rests")
        found[-1] += f" on fewer than {summary['few_rows']} training rows; what such a leaf says may be chance."
    found.append(
        "Shares within a leaf are those of the training rows, which the tree was grown to fit: on other rows they are "
        "as a rule less pure. The intervals allow for the number of rows, and not for that."
    )
    unstable = [row["name"] for row in summary["feature_table"] if row["kept"] and _in_few_folds(row, summary)]
    if unstable:
        found.append(
            "Grown on other rows, the tree may split on other features. At the chosen strength, not every fold uses "
            f"{_listed(unstable)}."
        )
    else:
        found.append(
            "A single tree is sensitive to its rows: another sample may give other splits that predict about as well."
        )
    return found


def _of_selection(summary):
    found = [_MEANING_OF_KEPT[summary["measure"]["name"]]]
    found.append("A feature that is dropped may still matter, in too few rows or in a way that no such model finds.")
    if summary["shadows"] is None and summary["measure"]["name"] != "lead":
        found.append("Without shadows, nothing is known of how many features are kept by chance.")
    elif promises(summary):
        found.append(
            f"The bound of {100 * summary['fdr']:.3g} % is on the expected share of false picks; in a single run there "
            f"may be more. {_MEANING_OF_FALSE[summary['measure']['name']]}"
        )
    if summary["frontier"] is not None:
        found.append("The cross-validated score has chosen the round, and is a little too good for the one chosen.")
    return found


_MEANING_OF_KEPT = {
    "survival": "A feature is kept if it is of use to trees beside all others. That does not make it a cause, nor "
    "indispensable: of features that say the same, all may be kept.",
    "lead": "A feature is kept if a model that sees it beside its knockoff takes it for the stronger one. Of features "
    "that say nearly the same, none may be kept: each adds little to the others.",
    "agreement": "A feature is kept if its extreme values go with what the other features call anomalous. One that is "
    "anomalous all by itself cannot be told from noise, and is dropped where noise prevails.",
    "strength": "A feature is kept if the pruned model splits on it. Of features that say the same, the model may have "
    "taken any, and on other rows it may take another.",
    "importance": "A feature is dropped once a pruned model does not split on it. Of features that say the same, the "
    "model may have taken any, and on other rows it may take another.",
}


_OF_INDEPENDENT_ROWS = "It holds if rows are independent, or the shadows keep the order that they have."
_MEANING_OF_FALSE = {
    "survival": "False is a feature that says nothing about the target, alone or with others; one that matters only "
    f"through a feature that it is correlated with is not false in this sense. {_OF_INDEPENDENT_ROWS}",
    "lead": "False is a feature that says nothing about the target once all other features are known. It holds if rows "
    "are independent and the knockoffs are true to how the features depend on each other.",
    "agreement": "False is a feature whose extreme values are independent of those of the others, once correlations "
    f"are taken out. {_OF_INDEPENDENT_ROWS} Dependence of features without anomalies must show where they are not "
    "extreme, too: where it does not, as with a weak volatility in common, there may be many more false picks.",
}


def _in_few_folds(row, summary):
    return summary["n_folds"] is not None and row["folds"] < summary["n_folds"]


def _listed(names, most=5):
    short = [name if len(name) <= 60 else name[:59] + "…" for name in names[:most]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(short) + more


_TERMS = {
    "leaf": "An end of the tree: all rows that arrive there get the same prediction.",
    "split": "A condition on one feature. Rows that meet it go left, the others right.",
    "depth": "The largest number of splits on the way to a leaf.",
    "rule": "The conditions on the way to a leaf, read as one sentence. Each row fulfils exactly one rule.",
    "rows": "The observations that a model was trained on, or is scored on.",
    "support": "The number of training rows in a leaf.",
    "pruning": "Taking away splits that do not earn their place, so that a branch becomes a leaf.",
    "pruning strength (alpha)": "The price of one more leaf. The higher it is, the smaller the tree.",
    "relative error": "The error on the training rows, as a share of that of a tree with a single leaf.",
    "cross-validation (CV)": "The rows are cut into parts (folds); a model grown without a part is scored on it.",
    "standard error": "How much a score would vary on other rows of the same kind; about two thirds of the time, the "
    "truth is within one of it.",
    "1-SE rule": "Take the smallest tree whose score is within one standard error of the best.",
    "held-out rows": "Rows that had no part in growing, pruning or choosing the model.",
    "95 % interval": "Of 100 such intervals, about 95 hold the true value. A change whose interval holds zero may be "
    "chance.",
    "accuracy": "The share of rows that are predicted rightly.",
    "recall": "Of the rows of a class, the share that is called so.",
    "precision": "Of the rows called a class, the share that is of it.",
    "importance": "The share of a feature in all that the splits gain.",
    "ensemble": "Many trees that predict together, by a mean, a vote or a sum.",
    "anomaly score": "How easily a row is set apart from the others by random splits; the lower, the easier.",
    "survival": "The share of the trees in which a feature still splits after pruning.",
    "agreement": "The correlation of a feature's extreme values with a weighted sum of those of other features.",
    "lead": "By how much a feature looks stronger to a model than its knockoff does; negative if the knockoff wins.",
    "knockoff": "A copy of a feature that goes with the other features as the feature does, and says nothing about the "
    "target that they do not say.",
    "shadow": "A copy of a feature in another order, which has broken its tie to all else. What it achieves is chance.",
    "p-value": "The share of the shadows that do at least as well as the feature does.",
}
_OF_LAYERS = {
    "weight": "A number by which what comes in is multiplied. A weight of zero has no effect.",
    "unit": "It adds up what comes in, each times its weight, and makes one number of the sum.",
    "layer": "Units that all look at the same: the columns, or the units of the layer before.",
    "pruning": "Making weights zero, or taking units away, that do not earn their place.",
}
_EVERYWHERE = ("rows", "split", "leaf", "pruning")


def glossary(summary: dict[str, Any]) -> list[list[str]]:
    """The terms that the page uses, with what they mean."""
    terms, known = [*_EVERYWHERE], _TERMS
    if summary["kind"] == "layers":
        terms, known = ["rows", *_OF_LAYERS], _TERMS | _OF_LAYERS
    if summary["kind"] == "selection":
        terms += [{"strength": "pruning strength (alpha)"}.get(summary["measure"]["name"], summary["measure"]["name"])]
        terms += ["shadow", "p-value"] if summary["shadows"] else []
        terms += ["knockoff"] if summary["measure"]["name"] == "lead" else []
        terms += ["cross-validation (CV)", "standard error"] if summary["frontier"] else []
    else:
        terms += ["depth", "importance"] if summary["kind"] != "layers" else []
        terms += ["rule", "support", "pruning strength (alpha)", "relative error"] if summary["kind"] == "tree" else []
        terms += ["ensemble"] if summary["kind"] == "ensemble" else []
        terms += ["cross-validation (CV)", "1-SE rule", "standard error"] if summary["cv"] else []
        terms += ["held-out rows"] if summary["on_rows"] else []
        terms += ["95 % interval"] if summary["on_rows"] or summary["verdicts"] else []
        terms += ["accuracy", "recall", "precision"] if summary["by_class"] else []
        terms += ["anomaly score"] if summary.get("anomaly") else []
    return [[term, text] for term, text in known.items() if term in terms]
