"""Fixtures: the zoo, one model at a time; and a browser."""

import shutil

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

from tests.zoo import SINGLE_TREES, ZOO

settings.register_profile("quick", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("few", settings.get_profile("quick"), max_examples=10)
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


@pytest.fixture(params=ZOO.values(), ids=ZOO)
def specimen(request):
    """A specimen of every family of models."""
    return request.param


@pytest.fixture(scope="module")
def one_thread():
    """Native code uses one thread while a module's tests run."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def browser():
    """Chromium without a screen, one for all tests; where there is none, they are skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    switches += ["--disable-background-networking", "--disable-component-update"]
    with sync_api.sync_playwright() as playwright:
        try:  # without a path, playwright's own
            chromium = playwright.chromium.launch(executable_path=next(found, None), args=switches)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium to open pages with: {error.message.splitlines()[0]}")
        yield chromium
        chromium.close()
