"""``treeprune compress``."""

import os
import signal
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import datasets
from tests.processes import ON_WINE, WINE, as_frame
from treeprune.cli.workflow import best_of_each_size
from treeprune.composites.exchange import size
from treeprune.compression import compress, n_bytes
from treeprune.compression.trials import Trials


@pytest.fixture
def forest(tmp_path):
    model = RandomForestClassifier(8, random_state=0).fit(*datasets.load("wine"))
    joblib.dump(model, tmp_path / "forest.joblib")
    return ["--model", str(tmp_path / "forest.joblib"), "--trust"]


def test_does_to_a_saved_model_what_the_library_does(command, forest, tmp_path, monkeypatch):
    results = []

    def recorded(*args, **budget):
        results.append(compress(*args, **budget))
        return results[0]

    monkeypatch.setattr("treeprune.compression.compress", recorded)
    files = ["-o", tmp_path / "small.joblib", "--plot", tmp_path / "frontier.png"]
    code, out, err = command("compress", *ON_WINE, *forest, "--max-nodes", 40, "--no-retrain", *files)
    assert code == 0, err
    small, expected = joblib.load(tmp_path / "small.joblib"), results[0]
    assert type(small) is type(expected.model)
    assert sum(tree.tree_.node_count for tree in small.estimators_) <= 40
    found = as_frame(out)
    pd.testing.assert_frame_equal(found.fillna(""), best_of_each_size(expected.frontier))
    assert expected.message in err
    assert sorted(os.listdir(tmp_path)) == ["forest.joblib", "frontier.png", "small.joblib"]


def test_grown_ensemble_takes_rows_as_they_stand(command, tmp_path):
    options = ["--estimator", "extra_trees", "--max-nodes", 200, "--no-retrain", "-o", tmp_path / "small.joblib"]
    frame = pd.read_csv(WINE).iloc[::4, -3:]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    code, out, err = command("compress", tmp_path / "rows.csv", "--target", "cultivar", *options)
    assert code == 0, err
    assert joblib.load(tmp_path / "small.joblib").score(frame, frame["cultivar"]) > 0.8
    assert "retrained" not in as_frame(out)["mark"].tolist()


def test_slim_pipeline_within_bytes_of_the_whole(command, tmp_path):
    options = ["--max-bytes", 4000, "--no-retrain", "--slim", "-o", tmp_path / "small.joblib"]
    code, _, err = command("compress", *ON_WINE, *options)
    assert code == 0, err
    small = joblib.load(tmp_path / "small.joblib")
    assert n_bytes(small) <= 4000
    assert f"It needs {len(small.columns_)} of 13 columns." in " ".join(err.split())
    frame = pd.read_csv(WINE)
    assert small.score(frame[small.columns_], frame["cultivar"]) > 0.9


def test_model_that_holds_several(command, tmp_path):
    frame = pd.read_csv(WINE)
    X, y = frame.drop(columns="cultivar"), frame["cultivar"]
    forest = RandomForestClassifier(4, random_state=0)
    joblib.dump(CalibratedClassifierCV(make_pipeline(StandardScaler(), forest), cv=2).fit(X, y), tmp_path / "m.joblib")
    options = [
        "--model",
        tmp_path / "m.joblib",
        "--trust",
        "--max-nodes",
        40,
        "--no-retrain",
        "-o",
        tmp_path / "s.joblib",
    ]
    code, out, err = command("compress", *ON_WINE, *options)
    assert code == 0, err
    assert set(as_frame(out)["tree_model"]) == {0, 1}
    assert size(joblib.load(tmp_path / "s.joblib"))[1] <= 40
    code, _, err = command("compress", *ON_WINE, *options, "--plot", tmp_path / "f.png")
    assert code != 0
    assert "cannot be shown by a single tree model" in " ".join(err.split())


def test_table_has_what_no_smaller_model_of_its_kind_beats():
    columns = ["method", "parameters", "n_nodes", "n_trees", "loss", "score", "rival", "chosen"]
    tried = [
        ("unpruned", "", 100, 9, 0.5, 0.9, False, False),
        ("a", "1", 60, 9, 0.4, 0.9, False, False),
        ("a", "2", 50, 9, 0.45, 0.9, False, True),
        ("b", "3", 50, 9, 0.4, 0.9, False, False),
        ("b", "4", 10, 9, 0.6, 0.9, False, False),
        ("c", "5", 20, 9, 0.1, 0.9, True, False),
        ("c", "6", 30, 9, 0.2, 0.9, True, False),
    ]
    found = best_of_each_size(pd.DataFrame(tried, columns=columns))
    assert found["parameters"].tolist() == ["", "2", "3", "5", "4"]
    assert found["mark"].tolist() == ["unpruned", "chosen", "", "retrained", ""]


def test_budget_that_cannot_be_kept(command, forest, tmp_path):
    code, out, err = command("compress", *ON_WINE, *forest, "--max-bytes", 1, "--no-retrain", "-o", tmp_path / "s")
    assert (code, out) == (3, "")
    assert "budget" in err
    assert os.listdir(tmp_path) == ["forest.joblib"]


def test_effort_and_time_limit_are_the_library_s(command, forest, tmp_path, monkeypatch):
    given = {}

    def recorded(*args, **settings):
        given.update(settings)
        return compress(*args, **settings)

    monkeypatch.setattr("treeprune.compression.compress", recorded)
    options = ["--effort", "quick", "--time-limit", 1000, "-o", tmp_path / "small.joblib"]
    code, _, err = command("compress", *ON_WINE, *forest, *options)
    assert code == 0, err
    assert (given["effort"], given["time_limit"], given["verbose"]) == ("quick", 1000, False)


@pytest.mark.filterwarnings("ignore:Interrupted")
def test_ctrl_c_saves_the_best_so_far(command, forest, tmp_path, monkeypatch, request):
    path = Trials.path

    def interrupted(self, *args, **settings):
        yield from path(self, *args, **settings)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trials, "path", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in processes that run in background
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    options = ["--max-nodes", 100, "-o", tmp_path / "small.joblib"]
    code, _, err = command("compress", *ON_WINE, *forest, *options)
    assert code == 0, err
    assert "Interrupted: this is the best of what was tried by then" in err
    small = joblib.load(tmp_path / "small.joblib")
    assert sum(tree.tree_.node_count for tree in small.estimators_) <= 100


def test_the_first_ctrl_c_is_left_to_who_is_patient():
    code = (
        "import os, signal, sys, time\n"
        "from treeprune.cli.console import patient, prepare_process\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler); prepare_process()\n"
        "with patient():\n"
        "    try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        print('first', flush=True)\n"
        "    time.sleep(1)\n"
        "    print('goes on', flush=True)\n"
        "    try:\n        signal.raise_signal(signal.SIGINT)\n    except KeyboardInterrupt:\n        time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout.split("\n")[:2]) == (130, ["first", "goes on"])


def test_wrong_use(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for options, code, message in (
        ([], 2, "Missing option '-o'"),
        (["-o", "s", "--model", "m", "--estimator", "extra_trees"], 2, "exclude each other"),
        (["-o", "s", "--max-nodes", 0], 2, "'--max-nodes'"),
        (["-o", "s", "--time-limit", 0], 2, "'--time-limit'"),
        (["-o", "s", "--effort", "huge"], 2, "'--effort'"),
        (["-o", "s", "--max-loss", "nan"], 2, "finite"),
        (["-o", "s", "--plot", "f.bmp"], 2, "figures are .png"),
        (["-o", "s", "--plot", "f.png"], 5, "pip install 'treeprune[plot]'"),
        (["-o", "no/s"], 4, "cannot write"),
    ):
        found, out, err = command("compress", *ON_WINE, *options)
        assert (found, out) == (code, ""), err
        assert message in err
        assert not os.listdir(tmp_path)


@pytest.mark.parametrize("with_target", [True, False])
def test_faithful_takes_new_rows_with_or_without_a_target(command, forest, tmp_path, with_target):
    X, y = datasets.load("wine")
    rng = np.random.default_rng(0)
    rows = X.sample(400, replace=True, random_state=0).reset_index(drop=True)
    rows = rows + rng.normal(0.0, 0.1, rows.shape) * X.std().to_numpy()
    target = []
    if with_target:
        rows, target = rows.assign(cultivar=rng.choice(np.unique(y), len(rows))), ["--target", "cultivar"]
    rows.to_csv(tmp_path / "new.csv", index=False)
    small = tmp_path / "small.joblib"
    asked = ["--faithful", 0.8, "--keep", "forest", "--effort", "quick", "-o", small]
    code, _, err = command("compress", tmp_path / "new.csv", *target, *forest, *asked)
    assert code == 0, err
    assert "keeps the labels of the full model on" in " ".join(err.split())
    assert type(joblib.load(small)) is RandomForestClassifier


def test_faithful_needs_rows_that_the_model_was_not_fitted_on(command, tmp_path):
    code, _, err = command("compress", *ON_WINE, "--faithful", 0.9, "-o", tmp_path / "small.joblib")
    assert code == 2
    assert "--faithful needs --model" in err
