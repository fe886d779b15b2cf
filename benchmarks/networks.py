"""Multi-layer perceptrons pruned without training: accuracy, bytes, seconds; beside zeroing alone and training anew.

``python -m benchmarks.networks --data FOLDER`` takes some ten minutes.
"""

import argparse
import os
import pickle
import warnings
from itertools import product

import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from benchmarks.common import cpu_seconds, report, seconds
from benchmarks.data import load
from treeprune import prune
from treeprune.methods import FineGrainedPruning, MagnitudePruning, OptimalBrainSurgeon, UnitPruning

TABLES = ("digits", "spambase", "letter")
HIDDEN, SEEDS, MOST_ROWS = (256, 256), range(3), 8_000
WEIGHTS, UNITS = (0.5, 0.8, 0.9, 0.95, 0.98), (2, 4, 8, 16)
NOTES = f"""
Networks of two hidden layers of {HIDDEN[0]} units, on up to {MOST_ROWS:,} rows scaled to [0, 1], 30 % of them for the
score; means of {len(SEEDS)} seeds of rows and of networks. Calibration rows are those of the fit; no method looks
at targets.
"zeroed" is the same choice with `reconstruct=None`, as peers do it; "anew" a network of the same size trained from the
start (of weights there is none). Bytes are those of the pickle of the network, for weights stored by SparsityPruning;
CPU seconds to prune and to fit.
"""


def methods():
    """What goes, method, and the hidden layers of a network of that size or None."""
    for amount in WEIGHTS:
        yield f"{amount:.0%} of the weights", MagnitudePruning(amount), None
    for amount in WEIGHTS[-2:]:
        yield f"{amount:.0%} of the weights", OptimalBrainSurgeon(amount), None
    yield "2 of 4 weights", FineGrainedPruning("2:4"), None
    for part, criterion in product(UNITS, ("norm", "activation", "obs")):
        sizes = tuple(size // part for size in HIDDEN)
        yield f"all but 1/{part} of the units", UnitPruning(n_units=sizes, criterion=criterion), sizes


def name_of(method):
    return f"units by {method.criterion}" if isinstance(method, UnitPruning) else type(method).__name__


def measured(table, seed):
    """Rows of the table, one by one, for one seed."""
    X, y, _ = load(table)
    X, _, y, _ = train_test_split(X, y, train_size=min(MOST_ROWS, len(X) - 1), random_state=seed)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=seed)
    scaler = MinMaxScaler().fit(X)
    network = MLPClassifier(HIDDEN, max_iter=60, random_state=seed)

    def fitted(sizes):
        model = make_pipeline(scaler, clone(network).set_params(hidden_layer_sizes=sizes))
        return cpu_seconds(lambda: model.fit(X, y))

    fit, dense = fitted(HIDDEN)
    yield "", "dense", {"score": dense.score(X_test, y_test), "bytes": size(dense[-1]), "seconds": fit}
    prune(dense, OptimalBrainSurgeon(0.5), X[:100])  # compiles
    anew = {}
    for goes, method, sizes in methods():
        took, small = cpu_seconds(lambda method=method: prune(dense, method, X))
        row = {"score": small.score(X_test, y_test), "seconds": took}
        if not isinstance(method, OptimalBrainSurgeon):
            zeroed = prune(dense, clone(method).set_params(reconstruct=None), X)
            row["zeroed"] = zeroed.score(X_test, y_test)
        stored = prune(small, "sparsity")[-1]
        row |= {"bytes": size(stored), "one row, us": 1e6 * one_row(stored, scaler.transform(X_test))}
        if sizes is not None:
            if sizes not in anew:
                anew[sizes] = fitted(sizes)
            row |= {"anew": anew[sizes][1].score(X_test, y_test), "seconds anew": anew[sizes][0]}
        yield goes, name_of(method), row


def size(network):
    """Bytes of what predicts: a pickle without the state of training."""
    lean = pickle.loads(pickle.dumps(network))
    for name in ("_optimizer", "_best_coefs", "_best_intercepts"):
        vars(lean).pop(name, None)
    return len(pickle.dumps(lean))


def one_row(network, X):
    return min(seconds(lambda i=i: network.predict(X[i : i + 1]))[0] for i in range(20))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the tables")
    parser.add_argument("--tables", nargs="+", default=TABLES)
    options = parser.parse_args()
    if options.data:
        os.environ["TREEPRUNE_DATA"] = options.data
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for table in options.tables:
            found = [
                {"table": table, "goes": goes, "method": method} | row
                for seed in SEEDS
                for goes, method, row in measured(table, seed)
            ]
            means = pd.DataFrame(found).groupby(["table", "goes", "method"], sort=False).mean().reset_index()
            columns = ["table", "goes", "method", "score", "zeroed", "anew", "bytes"]
            columns += ["seconds", "seconds anew", "one row, us"]
            rows += means[columns].to_dict("records")
            report("networks", "Multi-layer perceptrons pruned without training", rows, NOTES)


if __name__ == "__main__":
    main()
