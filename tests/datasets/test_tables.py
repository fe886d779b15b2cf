"""The tables load, are scikit-learn's, and are described; the generators give what they always gave."""

import numpy as np
import pytest
from sklearn import datasets as bundled

from datasets import TARGETS, generators, load, path


@pytest.mark.parametrize("name", TARGETS)
def test_table_equals_the_bundled_data(name):
    X, y = load(name)
    bunch = getattr(bundled, f"load_{name}")(**({"scaled": False} if name == "diabetes" else {}))
    np.testing.assert_allclose(X.to_numpy(), bunch.data, rtol=1e-15)  # read by other code in other versions
    codes = y if y.dtype.kind == "i" else y.map({label: code for code, label in enumerate(bunch.target_names)})
    assert np.array_equal(codes, bunch.target)


@pytest.mark.parametrize("name", TARGETS)
def test_datasheet_states_the_facts(name):
    X, y = load(name)
    sheet = dict(
        row.strip("| ").split(" | ", 1) for row in path(name).with_name(f"{name}.md").read_text().split("\n")[4:10]
    )
    assert sheet["File"] == f"`{name}.csv.gz`"
    assert sheet["Rows"] == str(len(X))
    assert sheet["Columns"].startswith(f"{X.shape[1]}:")
    assert sheet["Target"].startswith(f"{y.name}:")
    assert sheet["Licence"]
    assert sheet["Source"]


@pytest.mark.parametrize("name", ["classification", "friedman1", "madelon_like", "cancer", "noise"])
def test_selection_problem(name):
    X_train, y_train, X_test, y_test, informative = generators.selection(name, 0)
    n_columns, n_informative = {
        "classification": (100, 20),
        "friedman1": (50, 5),
        "madelon_like": (500, 20),
        "cancer": (60, 30),
        "noise": (100, 0),
    }[name]
    assert X_train.shape[1] == X_test.shape[1] == len(informative) == n_columns
    assert informative.sum() == n_informative
    assert len(X_train) == len(y_train)
    assert len(X_test) == len(y_test)


def test_shuffled_columns_keep_their_values_only():
    X_train, _, X_test, _, informative = generators.selection("cancer", 1)
    X = np.sort(np.vstack([X_train, X_test]), axis=0)
    original = np.sort(bundled.load_breast_cancer().data, axis=0)
    real = {column.tobytes() for column in original.T}
    assert {column.tobytes() for column in X[:, informative].T} == real
    assert {column.tobytes() for column in X[:, ~informative].T} == real


@pytest.mark.parametrize("kind", ["shift", "scatter", "cluster"])
@pytest.mark.parametrize("noise", ["gauss", "heavy"])
def test_anomalies_stand_out_in_the_real_columns_only(kind, noise):
    X, y = generators.anomalies(kind, noise, 0)
    assert X.shape == (2000, 220)
    assert y.sum() == 60
    spread = np.abs(X[y == 1]).mean(axis=0) / np.abs(X[y == 0]).mean(axis=0)
    assert spread[:6].mean() > 1.2
    assert spread[20:].mean() == pytest.approx(1, abs=0.1)


def test_autoregressive_series_have_their_coefficient():
    x = generators.autoregressive(np.random.default_rng(0), 20_000, 2, phi=0.9)
    assert x.shape == (20_000, 2)
    assert (x[1:] * x[:-1]).mean(axis=0) / (x**2).mean(axis=0) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (generators.noisy_classes, (555916.8240369, 10037)),
        (generators.noisy_friedman, (199973.4814928, 288586.300515)),
        (lambda: generators.selection("friedman1", 0)[:2], (50170.81667943, 28960.72578437)),
        (lambda: generators.anomalies("shift", "heavy", 0), (473530.387797, 60)),
        (lambda: (generators.autoregressive(np.random.default_rng(0), 50, 3), np.zeros(0)), (452.7818787215, 0)),
    ],
    ids=["noisy_classes", "noisy_friedman", "friedman1", "anomalies", "autoregressive"],
)
def test_problems_do_not_change(problem, expected):
    X, y = problem()
    assert (np.abs(X).sum(), y.sum()) == pytest.approx(expected, rel=1e-9)
