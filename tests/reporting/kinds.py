"""A report of each kind of page that there is, to be opened in a browser and looked into."""

from functools import cache, partial
from inspect import signature

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, make_friedman1
from sklearn.ensemble import IsolationForest, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.reporting.test_report import HOSTILE
from treeprune import PrunerCV, TreePruner, TreePrunerCV, feature_selection, prune, report
from treeprune.compression import CompressionResult
from treeprune.methods import CostComplexity, JointPruning, MagnitudePruning, MaxDepth, MinSamples


def hostile():
    X, y = load_breast_cancer(return_X_y=True)
    y = np.array(["</script><img src=x>", "b & 'c'"])[y]
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X[:, : len(HOSTILE)], y)
    return report(tree, X[:, : len(HOSTILE)], y, feature_names=HOSTILE, subgroup=HOSTILE[4], title="<i>title</i>")


def forest():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return report(TreePrunerCV(RandomForestRegressor(5, random_state=0), cv=3).fit(X, y), X, y, subgroup="sex")


def isolation():
    X, _ = load_breast_cancer(return_X_y=True)
    model = IsolationForest(n_estimators=10, random_state=0).fit(X)
    return report(prune(model, MaxDepth(max_depth=4)), X, before=model)


def compressed():
    X, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(3, max_depth=3, random_state=0).fit(X, y)
    tried = [("unpruned", "", 45, 3, 3.0, 0.4), ("JointPruning", "reg=10", 15, 2, 2.9, 0.41)]
    tried += [("JointPruning", "reg=30", 9, 1, 3.2, 0.38), ("HistGradientBoosting", "", 20, 1, 2.8, 0.42)]
    frontier = pd.DataFrame(tried, columns=["method", "parameters", "n_nodes", "n_trees", "loss", "score"])
    frontier = frontier.assign(rival=[False, False, False, True], chosen=[False, True, False, False])
    small = prune(model, JointPruning(alpha=100.0), X, y)
    return report(
        CompressionResult(small, JointPruning(alpha=100.0), frontier, True, "Training anew does better."), X, y
    )


def single_leaf():
    X, _ = load_breast_cancer(return_X_y=True)
    return report(DecisionTreeClassifier().fit(X, np.zeros(len(X))))


def fitted_selector(cls):
    """A selector of any class, fitted with few trees on twelve features of which five matter."""
    parameters = {"estimator": DecisionTreeRegressor(max_depth=6, random_state=0), "n_estimators": 5, "cv": 3}
    parameters |= {"random_state": 0}
    X, y = make_friedman1(200, n_features=12, random_state=0)
    taken = {name: value for name, value in parameters.items() if name in signature(cls).parameters}
    if cls is feature_selection.AnomalyPruningSelector:
        X[:15, :5] += 2
        return cls(**taken).fit(X)
    return cls(**taken).fit(X, y)


def selection(cls):
    return report(fitted_selector(cls))


def grid():
    """Of several grids, in each of which parameters are missing that others have."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    grids = [{"method": [CostComplexity()], "method__alpha": [0.0, 0.01]}, {"method": ["mdl", MinSamples(leaf=20)]}]
    search = GridSearchCV(TreePruner(DecisionTreeClassifier(max_depth=3, random_state=0)), grids, cv=2)
    return report(search.fit(X, y), X, y, subgroup="mean texture")


def network():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = MLPRegressor(hidden_layer_sizes=(6, 4), solver="lbfgs", alpha=10.0, max_iter=2000, random_state=0)
    model = make_pipeline(StandardScaler(), model)
    return report(PrunerCV(model, "magnitude", cv=2, n_candidates=4).fit(X, y), X, y, subgroup="sex")


def texts():
    """Of three classes, whose names and terms are as hostile as those of columns."""
    words = {"<b>gold</b>": "mine ore carat", "a & b": "wheat grain corn", "it's": "well oil barrel"}
    rows = [f"{word} {filler}" for text in words.values() for word in text.split() for filler in ("one", "two")]
    y = np.repeat(list(words), 6)
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\S+"), RidgeClassifier()).fit(rows, y)
    return report(prune(model, MagnitudePruning(0.5), rows, y), rows, y, before=model)


#: All selectors that the library has.
SELECTORS = [
    found
    for found in (getattr(feature_selection, name) for name in feature_selection.__all__)
    if hasattr(found, "get_support")
]
#: By name, what makes the page: once, as no test changes it.
KINDS = {f.__name__: cache(f) for f in (hostile, forest, isolation, compressed, single_leaf, grid, network, texts)}
KINDS |= {cls.__name__: cache(partial(selection, cls)) for cls in SELECTORS}
