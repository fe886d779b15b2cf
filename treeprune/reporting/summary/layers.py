"""Models made of weights: how large their layers are and were, what other sizes did, and the largest weights."""

import pickle
from typing import Any

import numpy as np

from ...layers.layers import Layers
from .features import MOST_FEATURES
from .frontier import frontier, sentence_of_compression
from .layers_subject import LayersSubject
from .numbers import count, plain, records
from .scores import scores
from .verdict import first_sentence, score_in_words, verdicts

#: Most weights listed of each sign for an output, and most outputs.
MOST_WEIGHTS, MOST_OUTPUTS = 10, 24


def summarise_layers(subject: LayersSubject) -> dict[str, Any]:
    """The figures of a linear model or a network."""
    after, before = subject.layers, subject.layers_before
    summary = {"kind": "layers", "classes": subject.classes, "is_network": bool(after.hidden)}
    summary |= {"n_weights": after.n_weights, "n_units": after.n_units, "n_features": after.n_features}
    summary |= {"n_used": int(after.used_features.sum()), "score_name": None, "is_share": False}
    summary["layers"] = _layers(after, before)
    summary["together"] = _together(subject)
    summary["frontier"] = frontier(subject, "weights", "weights")
    summary |= _feature_table(subject) | scores(subject)
    summary["features"] = [row["name"] for row in summary["feature_table"]]  # of texts, all terms are too many
    summary["largest"] = None if after.hidden else _largest(subject)
    if summary["cv"] is not None:
        summary |= {"score_name": summary["cv"]["name"], "is_share": summary["cv"]["is_share"]}
    summary["verdicts"] = verdicts(summary)
    return summary | {"sentence": _sentence(subject, summary)}


def _layers(after: Layers, before: Layers | None) -> list[dict[str, Any]]:
    """A row for each layer, with its sizes before where they are known."""
    rows = []
    for place, layer in enumerate(after):
        row = {"name": f"hidden layer {place + 1}" if place < len(after) - 1 else "output"}
        row |= {"activation": layer.activation, "inputs": layer.n_in, "units": layer.n_units}
        row |= {"weights": int(np.count_nonzero(layer.weights)), "places": layer.weights.size}
        row |= {"is_sparse": bool(layer.is_sparse), "inputs_used": int(layer.weights.any(axis=1).sum())}
        if before is not None and len(before) == len(after):
            row |= {"units_before": before[place].n_units}
            row |= {"weights_before": int(np.count_nonzero(before[place].weights))}
        rows.append(row)
    return rows


def _together(subject):
    """Sizes of the whole, after and, where known, before."""
    after, before = subject.layers, subject.layers_before
    rows = []
    for name, figure in (
        ("weights other than zero", lambda layers: layers.n_weights),
        ("units", lambda layers: layers.n_units),
        ("columns that reach it", lambda layers: layers.n_features),
        ("columns used", lambda layers: int(layers.used_features.sum())),
    ):
        rows.append({"name": name, "before": None if before is None else figure(before), "after": figure(after)})
    n_bytes = [None if model is None else len(pickle.dumps(model)) for model in (subject.model_before, subject.model)]
    return [*rows, {"name": "bytes of the model itself, pickled", "before": n_bytes[0], "after": n_bytes[1]}]


def _feature_table(subject):
    """The columns whose weights are largest, by the share of each in the sum of the absolute weights that it feeds."""
    first = subject.layers[0].weights
    size, n_weights = np.abs(first).sum(axis=1), np.count_nonzero(first, axis=1)
    share = size / size.sum() if size.any() else size
    used = np.flatnonzero(n_weights)
    order = used[np.argsort(-share[used], kind="stable")]
    shown = order[:MOST_FEATURES]
    names = subject.names
    columns = {"name": [names[place] for place in shown], "kept": [True] * len(shown)}
    columns |= {"importance": plain(share[shown]), "weights": plain(n_weights[shown])}
    return {"feature_table": records(columns), "n_features_used_ever": len(order)}


def _largest(subject):
    """For each output of a linear model the largest weights that speak for it, and against it."""
    weights, names = subject.layers[0].weights, subject.names
    found = []
    for output, name in enumerate(subject.outputs[:MOST_OUTPUTS]):
        of_output = weights[:, output]
        order = np.argsort(-of_output, kind="stable")
        found.append(
            {
                "name": name,
                "n_weights": int(np.count_nonzero(of_output)),
                "for": _listed([place for place in order[:MOST_WEIGHTS] if of_output[place] > 0], names, of_output),
                "against": _listed(
                    [place for place in order[: -MOST_WEIGHTS - 1 : -1] if of_output[place] < 0], names, of_output
                ),
            }
        )
    return found


def _listed(places, names, weights):
    return [{"name": names[place], "weight": float(weights[place])} for place in places]


def _sentence(subject, summary):
    after, before = summary["n_weights"], subject.layers_before
    before = None if before is None else before.n_weights
    if subject.compression is not None:
        return sentence_of_compression(summary, before, after)
    points = summary["frontier"]["points"] if summary["frontier"] is not None else [{"size": None}]
    before = points[0]["size"] if before is None else before
    if before is None:
        return count(after, "weight") + score_in_words(summary)
    if before == after:
        return f"{count(after, 'weight')}; not pruned{score_in_words(summary)}"
    return first_sentence(summary, f"{before:,} → {count(after, 'weight')}")
