"""A fitted model of every family made of weights, with rows that it was fitted on."""

import warnings
from functools import cache

import numpy as np
from sklearn import linear_model, svm
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier, MLPRegressor

_X, _KIND = load_iris(return_X_y=True)
#: Columns of iris, their products, and noise.
X = np.hstack([_X, _X * _X[:, [1, 2, 3, 0]], np.random.default_rng(0).normal(size=(150, 4))])
X = (X - X.mean(axis=0)) / X.std(axis=0)
TWO, THREE = (_KIND == 1).astype(int), np.array(["setosa", "versicolor", "virginica"])[_KIND]
NUMBER, TWO_NUMBERS = _X[:, 0] ** 2, np.column_stack([_X[:, 0] ** 2, _X[:, 3]])
LABELS = np.column_stack([_KIND == 1, _X[:, 0] > 6]).astype(int)

#: Unfitted model and targets, by name.
SPECIMENS = {
    "LogisticRegression, 3 classes": (linear_model.LogisticRegression(), THREE),
    "LogisticRegression, 2 classes": (linear_model.LogisticRegression(), TWO),
    "LogisticRegression, no intercept": (linear_model.LogisticRegression(fit_intercept=False), THREE),
    "LogisticRegressionCV": (linear_model.LogisticRegressionCV(Cs=2, cv=2), THREE),
    "RidgeClassifier": (linear_model.RidgeClassifier(), THREE),
    "RidgeClassifier, labels": (linear_model.RidgeClassifier(), LABELS),
    "RidgeClassifierCV": (linear_model.RidgeClassifierCV(), TWO),
    "LinearSVC": (svm.LinearSVC(), THREE),
    "LinearSVC, no intercept": (svm.LinearSVC(fit_intercept=False), TWO),
    "SGDClassifier": (linear_model.SGDClassifier(random_state=0), THREE),
    "SGDClassifier, average": (linear_model.SGDClassifier(average=True, random_state=0), TWO),
    "Perceptron": (linear_model.Perceptron(random_state=0), THREE),
    "LinearRegression": (linear_model.LinearRegression(), NUMBER),
    "LinearRegression, 2 outputs": (linear_model.LinearRegression(), TWO_NUMBERS),
    "LinearRegression, column": (linear_model.LinearRegression(), NUMBER[:, None]),
    "Ridge": (linear_model.Ridge(), NUMBER),
    "Ridge, 2 outputs": (linear_model.Ridge(), TWO_NUMBERS),
    "RidgeCV": (linear_model.RidgeCV(), NUMBER),
    "Lasso": (linear_model.Lasso(0.01), NUMBER),
    "LassoCV": (linear_model.LassoCV(cv=2), NUMBER),
    "ElasticNet": (linear_model.ElasticNet(0.01), NUMBER),
    "ElasticNetCV": (linear_model.ElasticNetCV(cv=2), NUMBER),
    "MultiTaskLasso": (linear_model.MultiTaskLasso(0.01), TWO_NUMBERS),
    "LinearSVR": (svm.LinearSVR(), NUMBER),
    "SGDRegressor": (linear_model.SGDRegressor(random_state=0), NUMBER),
    "SGDRegressor, average": (linear_model.SGDRegressor(average=10, random_state=0), NUMBER),
    "HuberRegressor": (linear_model.HuberRegressor(), NUMBER),
    "QuantileRegressor": (linear_model.QuantileRegressor(alpha=0.0), NUMBER),
    "PoissonRegressor": (linear_model.PoissonRegressor(), NUMBER),
    "MLPClassifier, 3 classes": (MLPClassifier((10, 6), max_iter=80, random_state=0), THREE),
    "MLPClassifier, 2 classes, tanh": (MLPClassifier(8, activation="tanh", max_iter=60, random_state=0), TWO),
    "MLPClassifier, labels, logistic": (MLPClassifier((6, 5, 4), activation="logistic", random_state=0), LABELS),
    "MLPClassifier, early stopping": (MLPClassifier([9, 5], early_stopping=True, random_state=0), THREE),
    "MLPClassifier, identity, sgd": (MLPClassifier((7, 7), activation="identity", solver="sgd", random_state=0), TWO),
    "MLPRegressor, lbfgs": (MLPRegressor(hidden_layer_sizes=(8, 5), solver="lbfgs", random_state=0), NUMBER),
    "MLPRegressor, 2 outputs": (MLPRegressor(hidden_layer_sizes=(10,), max_iter=60, random_state=0), TWO_NUMBERS),
}
if hasattr(linear_model, "PassiveAggressiveClassifier"):  # scikit-learn 1.10 has none
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        SPECIMENS["PassiveAggressiveClassifier"] = linear_model.PassiveAggressiveClassifier(random_state=0), TWO
        SPECIMENS["PassiveAggressiveRegressor"] = linear_model.PassiveAggressiveRegressor(random_state=0), NUMBER

#: One of each kind, for checks that are slow.
A_FEW = ["LogisticRegression, 3 classes", "Lasso", "MLPClassifier, 3 classes", "MLPRegressor, 2 outputs"]
MLPS = [name for name in SPECIMENS if name.startswith("MLP")]


@cache
def fitted(name):
    """The fitted model of a specimen; not to be changed."""
    model, y = SPECIMENS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)
