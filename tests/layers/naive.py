"""Slow, obvious twins of what prunes layers."""

from itertools import combinations

import numpy as np


def outputs(model, X):
    """What a model's last layer is fed, and what feeds each layer, from its public attributes."""
    if not hasattr(model, "coefs_"):
        return X @ np.atleast_2d(_dense(model.coef_)).T + model.intercept_
    act = {"relu": lambda z: z * (z > 0), "tanh": np.tanh, "logistic": lambda z: 1 / (1 + np.exp(-z))}
    for i, (coef, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        X = X @ _dense(coef) + bias
        if i < len(model.coefs_) - 1:
            X = act.get(model.activation, lambda z: z)(X)
    return X


def _dense(coef):
    return coef.toarray() if hasattr(coef, "toarray") else coef


def ridge(rows, wanted, weights, bias, kept, penalty, row_weight, has_bias=True):
    """Weights of one unit nearest to what is wanted, those that are kept alone, by numpy's lstsq.

    The change of the weights is penalised by `penalty` times the sum of its squares; the bias is free.
    """
    root, inputs = np.sqrt(row_weight / row_weight.sum()), np.flatnonzero(kept)
    missing = wanted - rows @ weights - bias
    left = np.column_stack([rows[:, inputs], np.ones(len(rows))] if has_bias else [rows[:, inputs]])
    shrink = np.sqrt(penalty) * np.eye(left.shape[1])
    if has_bias:
        shrink[-1, -1] = 0.0
    stacked = np.vstack([root[:, None] * left, shrink])
    change = np.linalg.lstsq(stacked, np.concatenate([root * missing, np.zeros(len(shrink))]), rcond=None)[0]
    weights = weights.copy()
    weights[inputs] += change[: len(inputs)]
    return weights, bias + (change[-1] if has_bias else 0.0)


def loss_without(moments, weights, gone):
    """Half the quadratic form of the least change of weights that makes some zero."""
    gone = list(gone)
    inverse = np.linalg.inv(moments)[np.ix_(gone, gone)]
    lost = weights[gone]
    return 0.5 * np.einsum("ij,ij->", lost, np.linalg.solve(inverse, lost))


def elimination(moments, weights):
    """The greedy order in which inputs go, each step by the loss of all sets with one more."""
    gone, costs = [], []
    for _ in range(len(moments)):
        before = loss_without(moments, weights, gone) if gone else 0.0
        options = {i: loss_without(moments, weights, [*gone, i]) for i in range(len(moments)) if i not in gone}
        best = min(options, key=options.get)
        gone.append(best)
        costs.append(options[best] - before)
    return np.array(gone), np.array(costs)


def best_set(moments, weights, n_gone):
    """The set of inputs that can be spared best."""
    return min(combinations(range(len(moments)), n_gone), key=lambda gone: loss_without(moments, weights, gone))
