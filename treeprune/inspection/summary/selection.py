"""Selected features: how often each survives pruning, beside its shadows."""

from typing import Any

import numpy as np

from .numbers import count, records

#: Most features that are listed, those that survive most.
MOST_FEATURES = 60


def summarise_selection(subject) -> dict[str, Any]:
    """The figures of a PruningSelector."""
    selector = subject.selector
    kept = selector.get_support()
    shadow = selector.shadow_survival_
    order = np.lexsort((-selector.survival_, selector.ranking_))
    columns = {"name": subject.names, "kept": kept.tolist(), "survival": selector.survival_.tolist()}
    if selector.p_values_ is not None:
        columns["p_value"] = selector.p_values_.tolist()
    table = records({name: [column[place] for place in order[:MOST_FEATURES]] for name, column in columns.items()})
    summary = {"kind": "selection", "survival": table, "n_kept": int(kept.sum()), "n_dropped": int((~kept).sum())}
    summary |= {"fdr": None if shadow is None else float(selector.fdr), "n_tried": len(kept)}
    summary |= {"n_estimators": int(selector.n_estimators), "n_shadow_sets": 0 if shadow is None else len(shadow)}
    summary["shadows"] = None
    if shadow is not None and shadow.size:
        low, middle, high = np.quantile(shadow, [0.05, 0.5, 0.95])
        summary["shadows"] = {"low": low, "median": middle, "high": high, "largest": float(shadow.max())}
        summary["shadows"] = {name: float(value) for name, value in summary["shadows"].items()}
    return summary | {"sentence": _sentence(summary)}


def _sentence(summary):
    kept = f"{summary['n_kept']:,} of {count(summary['n_tried'], 'feature')}"
    verb = "survives" if summary["n_kept"] == 1 else "survive"
    if summary["shadows"] is None:
        return f"{kept} {verb} pruning"
    return f"{kept} {verb} pruning more often than chance allows; at most {summary['fdr']:.0%} false picks expected"
