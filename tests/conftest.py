"""Fixtures: the zoo, one model at a time."""

import pytest
from hypothesis import settings

from tests.zoo import SINGLE_TREES, ZOO

settings.register_profile("quick", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("quick")

#: One member of each kind, for checks that are slow or that the rest could not tell apart.
A_FEW = [
    "DecisionTreeClassifier, iris",
    "ExtraTreeClassifier, classes, 2 outputs, real weights, max_leaf_nodes=30",
    "DecisionTreeClassifier, classes, holes",
    "DecisionTreeRegressor, diabetes",
    "ExtraTreeRegressor, numbers, 3 outputs, real weights, max_leaf_nodes=30",
    "DecisionTreeRegressor, numbers, criterion=absolute_error",
]


@pytest.fixture(params=SINGLE_TREES.values(), ids=SINGLE_TREES)
def single_tree(request):
    """Every specimen among scikit-learn's single trees."""
    return request.param


@pytest.fixture(params=A_FEW)
def some_tree(request):
    """A specimen of each kind of single tree."""
    return SINGLE_TREES[request.param]


@pytest.fixture(
    params=[s for family in ZOO.values() for s in family.values()], ids=[n for f in ZOO.values() for n in f]
)
def specimen(request):
    """Every specimen of every family."""
    return request.param
