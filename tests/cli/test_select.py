"""``treeprune select``: what it prints, what it writes, what it refuses."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

import datasets
from treeprune import PruningSelector

CANCER = str(datasets.path("breast_cancer"))


@pytest.fixture
def command(command):
    return partial(command, "select")


def test_prints_what_the_selector_says_and_writes_the_names(command, tmp_path):
    file = tmp_path / "columns.txt"
    code, out, err = command(CANCER, "--target", "diagnosis", "-o", file, "--json")
    assert code == 0
    found = pd.DataFrame(json.loads(out))
    X, y = datasets.load("breast_cancer")
    selector = PruningSelector(random_state=0).fit(X, y)
    kept = X.columns[selector.get_support()]
    assert set(found["column"][found["kept"]]) == set(kept) == set(file.read_text().split("\n")[:-1])
    assert found["rank"].is_monotonic_increasing
    assert f"{len(kept)} of 30 columns are kept. Saved" in err


def test_anomalies_need_no_target(command, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 20))).add_prefix("c")
    frame.iloc[:20, :5] += 3
    frame.to_csv(tmp_path / "t.csv", index=False)
    code, out, err = command(tmp_path / "t.csv", "--kind", "anomaly", "--json", "--plot", tmp_path / "t.png")
    assert code == 0
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")
    assert f"Saved {tmp_path / 't.png'}." in err
    found = pd.DataFrame(json.loads(out))
    kept = set(found["column"][found["kept"]])
    assert {"c0", "c1", "c2", "c3", "c4"} <= kept
    assert len(kept) <= 7


@pytest.mark.parametrize(("known", "other"), [("fraud", "ok"), (2, 1), (True, False), (1, 0)])
def test_labels_of_anomalies_are_taken_in_any_form_and_the_rare_one_is_said(command, tmp_path, known, other):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 4))).add_prefix("c")
    frame.iloc[:20, 0] += 4
    frame["label"] = np.where(np.arange(300) < 20, known, other)
    frame.to_csv(tmp_path / "t.csv", index=False)
    code, out, err = command(tmp_path / "t.csv", "--kind", "anomaly", "--target", "label", "--json")
    assert code == 0, err
    assert f"Known anomalies are the rows of the label {known}. 1 of 4 columns is kept." in err
    assert [row["column"] for row in json.loads(out) if row["kept"]] == ["c0"]


def test_the_share_of_false_picks_is_the_selectors(command, tmp_path):
    """Where it is strict, columns are dropped that are kept where it is not."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 8))).add_prefix("c")
    y = X @ [1, 0.6, 0.4, 0.2, 0.1, 0, 0, 0] + rng.normal(size=300)
    X.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    kept = []
    for fdr in ("0.9", "0.1"):
        code, out, _ = command(
            tmp_path / "t.csv", "--target", "y", "--fdr", fdr, "--json", "--plot", tmp_path / "t.svg"
        )
        assert code == 0
        found = pd.DataFrame(json.loads(out))
        selector = PruningSelector(fdr=float(fdr), random_state=0).fit(X, y)
        assert set(found["column"][found["kept"]]) == set(X.columns[selector.get_support()])
        kept.append(found["kept"].sum())
    assert kept[0] > kept[1]
    assert "<svg" in (tmp_path / "t.svg").read_text("utf-8")


@pytest.mark.filterwarnings("ignore:These look like")
def test_series_are_sorted_by_time_and_kept_apart(command, tmp_path):
    """Rows are shuffled in the file; what is found is what the selector finds in the rows in time."""
    rng = np.random.default_rng(0)
    parts = []
    for name in "ab":
        part = pd.DataFrame(rng.normal(size=(300, 4)).cumsum(axis=0), columns=list("uvwx"))
        parts.append(part.assign(y=part["w"] + rng.normal(size=300), hour=np.arange(300), id=name))
    shuffled = pd.concat(parts).sample(frac=1, random_state=0)
    shuffled.to_csv(tmp_path / "t.csv", index=False)
    options = ("--target", "y", "--kind", "series", "--time", "hour", "--groups", "id", "--json")
    code, out, _ = command(tmp_path / "t.csv", *options)
    assert code == 0
    found = pd.DataFrame(json.loads(out)).set_index("column")["survival"]
    in_time = shuffled.sort_values("hour", kind="stable")
    selector = PruningSelector(null="circular", random_state=0)
    selector.fit(in_time[list("uvwx")], in_time["y"], groups=in_time["id"])
    np.testing.assert_allclose(found[list("uvwx")], selector.survival_)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "Missing argument 'DATA'."),
        ([CANCER], "Missing option '--target'."),
        ([CANCER, "--target", "diagnosis", "--fdr", "0"], "'--fdr'"),
        ([CANCER, "--target", "diagnosis", "--plot", "f.bmp"], "figures are .png, .svg or .pdf"),
        ([CANCER, "--target", "diagnosis", "--time", "area"], "--time has a use only for --kind series."),
        ([CANCER, "--target", "diagnosis", "--groups", "area"], "--groups has a use only for --kind series."),
    ],
)
def test_wrong_usage(command, args, message):
    code, out, err = command(*args)
    assert (code, out) == (2, "")
    assert message in err


def test_bad_data(command):
    code, _, err = command(CANCER, "--target", "diagnosis", "--kind", "series", "--time", "clock")
    assert code == 3
    assert "no column 'clock'" in err


@pytest.mark.parametrize("statistic", [None, "lasso", "survival"])
def test_given_others_columns_are_compared_with_knockoffs(command, tmp_path, statistic):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 14))).add_prefix("c")
    X["c13"] = X["c0"] + 0.3 * rng.normal(size=400)  # says nothing beyond c0
    y = X[[f"c{i}" for i in range(11)]].sum(axis=1) + rng.normal(size=400)
    X.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    options = [] if statistic is None else ["--statistic", statistic]
    code, out, err = command(tmp_path / "t.csv", "--target", "y", "--given-others", *options, "--fdr", "0.2", "--json")
    assert code == 0, err
    found = pd.DataFrame(json.loads(out))
    selector = PruningSelector(null="knockoff", statistic=statistic or "boosted", fdr=0.2, random_state=0)
    selector.fit(pd.read_csv(tmp_path / "t.csv").drop(columns="y"), y)
    assert set(found["column"][found["kept"]]) == set(X.columns[selector.get_support()])
    lead = found.set_index("column")["lead"]
    np.testing.assert_allclose(lead[list(X.columns)], selector.knockoff_statistics_)
    assert found["rank"].is_monotonic_increasing


@pytest.mark.parametrize("null", ["permute", "circular", "knockoff"])
def test_correlated_columns_are_kept_or_dropped_together(command, tmp_path, null):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 24))).add_prefix("c")
    X.iloc[:, 12:] = X.iloc[:, :12].to_numpy() + 0.2 * rng.normal(size=(400, 12))  # twins
    y = X.iloc[:, :11].sum(axis=1) + rng.normal(size=400)
    X.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    options = {"permute": [], "circular": ["--kind", "series"], "knockoff": ["--given-others"]}[null]
    given = [tmp_path / "t.csv", "--target", "y", *options, "--json"]
    code, out, err = command(*given, "--correlated-together")
    assert code == 0, err
    kept = pd.DataFrame(json.loads(out)).set_index("column")["kept"][X.columns].to_numpy()
    assert kept.any()
    assert (kept[:12] == kept[12:]).all()
    selector = PruningSelector(null=null, statistic="boosted" if null == "knockoff" else "survival", random_state=0)
    selector.set_params(feature_groups="auto").fit(pd.read_csv(tmp_path / "t.csv").drop(columns="y"), y)
    np.testing.assert_array_equal(kept, selector.get_support())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--statistic", "lasso"], "--statistic has no use without --given-others"),
        (["--given-others", "--kind", "series"], "--given-others is for --kind tabular"),
        (["--correlated-together", "--kind", "anomaly"], "--correlated-together has no use for --kind anomaly"),
    ],
)
def test_options_that_have_no_use_are_refused(command, options, message):
    code, _, err = command(CANCER, "--target", "diagnosis", *options)
    assert code == 2
    assert message in " ".join(err.split())
