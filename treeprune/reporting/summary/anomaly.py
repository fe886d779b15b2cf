"""Isolation forests: the anomaly scores of the rows given, before and after pruning."""

from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.utils.validation import check_is_fitted

_BINS = 36


def summarise_anomaly(subject) -> dict[str, Any]:
    """How the anomaly scores are spread over the rows given; nothing where none are."""
    if subject.X is None:
        return {"anomaly": None}
    check_is_fitted(subject.model)
    after, offset = subject.predictor.score_samples(subject.X_after), float(subject.model.offset_)
    before = subject.predictor_before()
    before = None if before is None else before[0].score_samples(before[1])
    every = after if before is None else np.concatenate([before, after])
    edges = np.histogram_bin_edges(every, bins=_BINS)
    found = {"edges": edges.tolist(), "after": np.histogram(after, edges)[0].tolist(), "n_rows": len(after)}
    found |= {"threshold": offset, "flagged": int((after < offset).sum()), "before": None}
    if before is not None:
        threshold = float(subject.model_before.offset_)
        flagged = before < threshold
        found |= {"before": np.histogram(before, edges)[0].tolist(), "threshold_before": threshold}
        found |= {"flagged_before": int(flagged.sum()), "flagged_both": int((flagged & (after < offset)).sum())}
        found["rank_correlation"] = _rank_correlation(before, after)
    return {"anomaly": found}


def _rank_correlation(before, after):
    """Spearman's, None where one of both is constant."""
    ranks = rankdata(before), rankdata(after)
    if min(np.ptp(r) for r in ranks) == 0:
        return None
    return float(np.corrcoef(*ranks)[0, 1])
