"""Which features the pruned model uses, how much, and whether it would use them on other rows."""

from typing import Any

import numpy as np

from ...core.forest import Forest
from .numbers import plain, records

#: Most features that are listed, the most important.
MOST_FEATURES = 60


def feature_table(subject) -> dict[str, Any]:
    """A table of the features that were used before pruning or are used after it.

    Columns are splits before and after, importance after and, from a TreePrunerCV, the number of folds in which the
    model pruned at the chosen strength uses the feature.
    """
    after, before = splits_by_feature(subject.forest), None
    if subject.forest_before is not None:
        before = splits_by_feature(subject.forest_before)
    elif subject.is_single_tree and subject.pruner_path is not None:
        before = splits_by_feature(subject.path.forest)
    names, left = subject.names, subject.names_that_left
    importance = np.append(importances(subject.model, after), np.zeros(len(left)))
    names, after = [*names, *left], np.append(after, np.zeros(len(left), after.dtype))
    used = after > 0 if before is None else (after > 0) | (before > 0)
    folds = folds_that_use(subject.pruner)
    columns = {"name": names, "kept": (after > 0).tolist(), "splits": plain(after)}
    columns["importance"] = plain(importance)
    if before is not None:
        columns["splits_before"] = plain(before)
    if folds is not None:
        columns["folds"] = plain(folds)
        used |= folds > 0
    order = [place for place in np.lexsort((-after, -importance)) if used[place]]
    table = records({name: [column[place] for place in order[:MOST_FEATURES]] for name, column in columns.items()})
    return {
        "feature_table": table,
        "n_features_used_ever": len(order),
        "n_features_dropped": None if before is None else int(((before > 0) & (after == 0)).sum()),
        "n_folds": None if folds is None else int(subject.pruner.n_splits_),
    }


def splits_by_feature(forest: Forest) -> np.ndarray:
    """Number of splits on each feature, shape (n_features,)."""
    return np.bincount(forest.feature[forest.internal], minlength=forest.n_features)


def importances(model: Any, splits: np.ndarray) -> np.ndarray:
    """The model's own importances as shares, or where it has none, the shares of the splits; shape (n_features,)."""
    own = getattr(model, "feature_importances_", None)
    own = splits.astype(float) if own is None else np.nan_to_num(np.asarray(own, float))
    total = own.sum()
    return own / total if total > 0 else own


def folds_that_use(pruner: Any) -> np.ndarray | None:
    """In how many folds the model pruned at the chosen strength splits on each feature; None: not known."""
    strength = getattr(pruner, "fold_feature_strength_", None)
    if strength is None:
        return None
    alpha = pruner.alpha_
    return np.count_nonzero(strength > alpha if alpha > 0 else strength >= 0, axis=0)
