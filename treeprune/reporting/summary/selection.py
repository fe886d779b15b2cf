"""Selected features: how each was judged, what chance alone would give, and the course of the selection."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from ...adapters import find_adapter
from .features import importances, splits_by_feature
from .intervals import change_of_folds
from .numbers import count, plain, records, show_with_error
from .scores import name_of_score
from .verdict import first_sentence, verdict_of

#: Most features that are listed, those that are kept and the strongest of the others, and most stages.
MOST_FEATURES = 60
MOST_STAGES = 60


def takes(selector: Any) -> bool:
    """Whether a fitted selector is of a kind that has a page."""
    return any(getattr(selector, attribute, None) is not None for attribute in _KINDS)


def summarise_selection(subject) -> dict[str, Any]:
    """The figures of a selector."""
    selector = subject.selector
    kept = selector.get_support()
    summary = {"kind": "selection", "n_kept": int(kept.sum()), "n_dropped": int((~kept).sum()), "n_tried": len(kept)}
    summary |= {"fdr": None, "shadows": None, "stages": None, "frontier": None, "verdicts": []}
    figures = next(kind for attribute, kind in _KINDS.items() if getattr(selector, attribute, None) is not None)
    value, columns, found = figures(selector)
    summary |= found
    order = np.lexsort((-value, selector.ranking_))[:MOST_FEATURES]
    columns = {"name": subject.names, "kept": kept.tolist(), summary["measure"]["name"]: value.tolist()} | columns
    summary["ranking"] = records({name: [column[place] for place in order] for name, column in columns.items()})
    return summary | {"sentence": _sentence(summary)}


def _by_survival(selector):
    """PruningSelector: the share of the trees in which a feature survives pruning."""
    shadow = selector.shadow_survival_
    found = _measure("survival", 0.0, 1.0, is_share=True) | {"n_estimators": int(selector.n_estimators)}
    found["n_shadow_sets"] = 0 if shadow is None else len(shadow)
    if selector.p_values_ is None:
        return selector.survival_, {}, found
    found |= {"fdr": float(selector.fdr), "shadows": _shadows(shadow)}
    return selector.survival_, {"p_value": selector.p_values_.tolist()}, found


def _by_lead(selector):
    """PruningSelector beside knockoffs: by how much a feature is stronger than its own."""
    value, least = selector.knockoff_statistics_, selector.knockoff_threshold_
    found = _measure("lead", min(value.min(), 0.0), max(value.max(), 1e-9)) | {"fdr": float(selector.fdr)}
    return value, {}, found | {"least_lead": float(least) if np.isfinite(least) else None}


def _by_agreement(selector):
    """AnomalyPruningSelector: how well a feature's extremes go with those of the others."""
    value, shadow = selector.agreement_, selector.shadow_agreement_
    found = _measure("agreement", min(value.min(), shadow.min()), max(value.max(), shadow.max()))
    label = selector.anomaly_label_
    found |= {"anomaly_label": None if label is None else str(label)}
    found |= {"fdr": float(selector.fdr), "shadows": _shadows(shadow)}
    return value, {"p_value": selector.p_values_.tolist()}, found


def _by_strength(selector):
    """PruningPathSelector: the pruning strength from which on a feature is not used."""
    value, alphas = selector.strength_, selector.path_.alphas
    positive = value[value > 0]
    ends = (positive.min(), positive.max()) if len(positive) else (0.0, 0.0)
    n_features = len(value) - np.searchsorted(np.sort(value), alphas, side="right")
    change = np.flatnonzero(np.diff(n_features, prepend=-1))  # strengths at which a feature leaves
    here = max(int(np.searchsorted(alphas[change], selector.alpha_, side="right")) - 1, 0)
    shown = np.unique([*np.linspace(0, len(change) - 1, MOST_STAGES).round().astype(int), here])
    stages = {"alpha": alphas[change][shown], "n_leaves": selector.path_.n_leaves[change][shown]}
    stages |= {"n_features": n_features[change][shown], "chosen": shown == here}
    found = _measure("strength", *ends, log=True) | {"alpha": float(selector.alpha_), "n_stages": len(change)}
    found["n_leaves"] = int(selector.path_.n_leaves[selector.path_.step(alpha=selector.alpha_)])
    return value, {}, found | {"stages": records({name: plain(column) for name, column in stages.items()})}


def _by_rounds(selector):
    """PruningRFE: the importance of what is left, and the round that dropped the others."""
    kept, sizes, scores = selector.get_support(), selector.n_features_by_round_, selector.cv_scores_
    value = np.zeros(len(kept))
    value[kept] = importances(selector.estimator_, splits_by_feature(find_adapter(selector.estimator_).forest))
    last = sizes.index(int(kept.sum()))
    dropped_in = [None if rank == 1 else last + 2 - rank for rank in selector.ranking_.tolist()]
    stages = {"n_features": sizes, "chosen": [place == last for place in range(len(sizes))]}
    found = _measure("importance", 0.0, max(value.max(), 1e-9), is_share=True) | {"round": last}
    if scores is not None:
        name, is_share = name_of_score(selector.scoring, is_classifier(selector.estimator))
        error = scores.std(axis=0, ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else [np.nan] * len(sizes)
        stages |= {"score": plain(scores.mean(axis=0)), "error": plain(error)}
        found |= {"score_name": name, "is_share": is_share}
        points = [stage | {"size": stage["n_features"]} for stage in records(stages)]
        found["frontier"] = {"size": "features", "measure": f"CV {name}", "better": "high", "is_share": is_share}
        found["frontier"]["points"] = points
        if last:
            row = {"before": points[0]["score"], "after": points[last]["score"], "is_share": is_share}
            change = change_of_folds(scores[:, 0], scores[:, last])
            found["verdicts"] = [verdict_of(row | {"change": change}, f"CV {name}")]
    return value, {"dropped_in": dropped_in}, found | {"stages": records(stages), "n_stages": len(sizes)}


#: Kinds of selectors, recognised by an attribute that they have once they are fitted.
_KINDS = {
    "survival_": _by_survival,
    "knockoff_statistics_": _by_lead,
    "agreement_": _by_agreement,
    "strength_": _by_strength,
    "n_features_by_round_": _by_rounds,
}


def _measure(name, low, high, *, is_share=False, log=False):
    """The figure that features are judged by, and the range of its scale."""
    return {"measure": {"name": name, "low": float(low), "high": float(high), "is_share": is_share, "log": log}}


def _shadows(shadow: NDArray[np.float64]) -> dict[str, float] | None:
    if not shadow.size:
        return None
    low, middle, high = np.quantile(shadow, [0.05, 0.5, 0.95])
    found = {"low": low, "median": middle, "high": high, "largest": shadow.max()}
    return {name: float(value) for name, value in found.items()}


def _sentence(summary):
    features = count(summary["n_tried"], "feature")
    kept = f"{summary['n_kept']:,} of {features}" if summary["n_kept"] else f"None of {features}"
    one = summary["n_kept"] <= 1
    expected = f"; at most {100 * summary['fdr']:.3g} % false picks expected" if promises(summary) else ""
    match summary["measure"]["name"]:
        case "survival":
            chance = "" if summary["shadows"] is None else " more often than chance allows"
            return f"{kept} {'survives' if one else 'survive'} pruning{chance}{expected if chance else ''}"
        case "lead":
            verb = "is" if one else "are"
            return f"{kept} {verb} stronger than {'its knockoff' if one else 'their knockoffs'} beyond chance{expected}"
        case "agreement" if summary["n_dropped"] == 0:
            return f"All {features} are kept: it could not be shown that noise prevails among them"
        case "agreement":
            verb = "agrees" if one else "agree"
            return f"{kept} {verb} with the others on what is anomalous more than chance allows{expected}"
        case "strength":
            return f"{kept} {'is' if one else 'are'} still used at the pruning strength {summary['alpha']:.4g}"
        case "importance" if summary["round"] == 0:
            return f"All {features} are kept{_score_in_words(summary)}"
        case "importance":
            rounds = f"{features} → {summary['n_kept']:,} in {count(summary['round'], 'round')} of pruning"
            return first_sentence(summary, rounds, "Fewer features") if summary["verdicts"] else rounds


def promises(summary: dict[str, Any]) -> bool:
    """Whether a bound on the share of false picks says anything: some features are picked by it.

    For anomalies, all are kept where the test cannot be made.
    """
    untested = summary["measure"]["name"] == "agreement" and summary["n_dropped"] == 0
    return summary["fdr"] is not None and summary["n_kept"] > 0 and not untested


def _score_in_words(summary):
    """The score of the folds with all features."""
    if summary["frontier"] is None:
        return ""
    first = summary["stages"][0]
    return f"; CV {summary['score_name']} {show_with_error(first['score'], first['error'], summary['is_share'])}"
