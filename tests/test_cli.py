"""The command line as its users meet it: output, exit codes, files."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import datasets
from treeprune import TreePrunerCV, prune, pruning_path
from treeprune.cli import cli
from treeprune.console import Failure, output_file, run
from treeprune.methods import ALIASES

WINE = str(datasets.path("wine"))
ON_WINE = [WINE, "--target", "cultivar"]


def start(*args, env=(), **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"} | options
    return subprocess.Popen([sys.executable, "-m", "treeprune", *args], env=os.environ | dict(env), **options)


def process(*args, **options):
    """Exit code, standard output and standard error of a process of its own."""
    child = start(*args, **options)
    out, err = child.communicate(timeout=120)
    return child.returncode, out, err


@pytest.fixture
def command(capsys):
    """As `process`, but within this process and hence quick."""

    def call(*args):
        code = run(cli, [str(arg) for arg in args])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def table(tmp_path):
    """Writes a table of given text and returns its path."""

    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def saved_tree(tmp_path):
    """A fully grown tree on wine, and the file that it is saved in."""
    tree = DecisionTreeClassifier(random_state=0).fit(*datasets.load("wine"))
    joblib.dump(tree, tmp_path / "tree.joblib")
    return tree, tmp_path / "tree.joblib"


def terminal(*args, columns=80, env=()):
    """What a process writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    sizes = {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}
    child = start(*args, stdout=theirs, stderr=theirs, stdin=theirs, env=sizes | dict(env))
    os.close(theirs)
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            chunk = b""
        if not chunk:
            break
        chunks.append(chunk)
    os.close(ours)
    assert child.wait(timeout=60) == 0
    return b"".join(chunks).decode()


def as_frame(tsv):
    from io import StringIO

    return pd.read_csv(StringIO(tsv), sep="\t")


class TestDemo:
    def test_shows_each_method_beside_the_unpruned_tree(self):
        code, out, err = process("demo", "--repeats", "3")
        assert code == 0
        frame = as_frame(out)
        assert "3 random splits" in err
        for name, rows in frame.groupby("data"):
            task = "regression" if name == "diabetes" else "classification"
            methods = {alias for alias, method in ALIASES.items() if task in (method.tasks or (task,))}
            assert rows["method"].iloc[0] == "none (before)"
            assert set(rows["method"].iloc[1:]) == methods - {"selected_nodes", "sequence"}
            assert (rows["n_leaves"].iloc[1:] <= rows["n_leaves"].iloc[0]).all()
            assert rows["change"].to_numpy() == pytest.approx(rows["score"] - rows["score"].iloc[0])
        assert frame["data"].nunique() >= 3
        assert set(frame["measure"]) == {"accuracy", "R2"}

    def test_json_of_one_split_has_no_standard_error(self, command):
        code, out, _ = command("demo", "--repeats", 1, "--json")
        assert code == 0
        assert {record["std_error"] for record in json.loads(out)} == {None}


class TestPath:
    def test_is_the_path_of_the_library(self, command):
        code, out, err = command("path", *ON_WINE)
        assert code == 0
        tree = DecisionTreeClassifier(random_state=0).fit(*datasets.load("wine"))
        expected = pruning_path(tree).to_frame().reset_index()
        pd.testing.assert_frame_equal(as_frame(out), expected)
        assert "3 classes" in err

    def test_json(self, command):
        code, out, _ = command("path", *ON_WINE, "--json")
        records = json.loads(out)
        assert code == 0
        assert list(records[0]) == ["step", "alpha", "n_leaves", "impurity", "relative_impurity"]
        assert records[-1]["n_leaves"] == 1

    def test_parquet_is_as_good_as_csv(self, command, tmp_path):
        frame = pd.read_csv(WINE)
        frame.to_parquet(tmp_path / "wine.parquet")
        frame.to_csv(tmp_path / "wine.csv", index=False)
        frame.to_csv(tmp_path / "wine.tsv.gz", index=False, sep="\t")
        out = {
            command("path", tmp_path / name, *ON_WINE[1:])[1] for name in ("wine.parquet", "wine.csv", "wine.tsv.gz")
        }
        assert len(out) == 1
        assert len(out.pop().splitlines()) > 5

    def test_task_can_be_chosen(self, command):
        on_digits = [datasets.path("iris"), "--target", "petal_width", "--drop", "species"]
        assert "regression" in command("path", *on_digits)[2]
        assert "classification" in command("path", datasets.path("digits"), "--target", "digit")[2]
        code, _, err = command("path", datasets.path("digits"), "--target", "digit", "--task", "regression")
        assert code == 0
        assert "regression" in err

    def test_says_how_it_reads_the_columns(self, command, table):
        rows = [f"{'mf'[i % 2]},2020-01-{i % 28 + 1:02},nom {i},{i % 3 == 0},{i},{i * i}" for i in range(60)]
        path = table("sex,day,name,ok,n,y\n" + "\n".join(rows) + "\n,,,,1,\n")
        code, _, err = command("path", path, "--target", "y")
        assert code == 0
        assert "left out 1 row without 'y'" in err
        assert "coded as ordered numbers: sex (2), ok (2)" in err
        assert "dates: day" in err
        assert "too many values: name" in err

    def test_method_without_path(self, command):
        code, _, err = command("path", *ON_WINE, "--method", "mdl")
        assert code == 2
        assert "mdl has no path" in err


class TestCheck:
    def test_says_what_a_sound_file_holds(self, command, saved_tree):
        tree, path = saved_tree
        code, out, err = command("check", path, "--trust")
        assert code == 0, err
        row = as_frame(out).iloc[0]
        assert (row["model"], row["n_leaves"]) == ("sklearn.DecisionTreeClassifier", tree.get_n_leaves())

    def test_pickles_need_trust(self, command, saved_tree):
        code, out, err = command("check", saved_tree[1])
        assert (code, out) == (3, "")
        assert "--trust" in err

    @pytest.mark.parametrize("content", [b"", b"tree\nversion=v4\n", b'{"learner": {}}', b"\x00\x01"])
    def test_refuses_what_is_no_model(self, command, tmp_path, content):
        (tmp_path / "model").write_bytes(content)
        code, out, err = command("check", tmp_path / "model")
        assert (code, out) == (3, "")
        assert err


class TestPrune:
    @pytest.mark.parametrize("method", ALIASES)
    def test_saves_a_smaller_model_that_takes_raw_rows(self, command, tmp_path, method):
        code, out, err = command("prune", *ON_WINE, "--method", method, "-o", tmp_path / "small.joblib")
        assert code == 0, err
        model = joblib.load(tmp_path / "small.joblib")
        rows = as_frame(out)
        assert rows["n_leaves"].tolist()[1] == model[-1].get_n_leaves() <= rows["n_leaves"].tolist()[0]
        frame = pd.read_csv(WINE)
        assert set(model.predict(frame)) == set(frame["cultivar"])
        assert os.listdir(tmp_path) == ["small.joblib"]

    def test_strength_is_the_users_if_given(self, command, tmp_path):
        X, y = datasets.load("wine")
        tree = DecisionTreeClassifier(random_state=0).fit(X, y)
        for knob, value, name in (("--leaves", 4, "n_leaves"), ("--alpha", 0.05, "alpha")):
            code, _, _ = command("prune", *ON_WINE, knob, value, "-o", tmp_path / "small.joblib")
            expected = pruning_path(tree).prune(**{name: value})
            assert code == 0
            assert joblib.load(tmp_path / "small.joblib")[-1].get_n_leaves() == expected.get_n_leaves()

    def test_model_predicts_text_columns_and_unseen_values(self, command, table, tmp_path):
        rows = [f"{['ok', 'bad', ''][i % 3]},{i % 5},{'yes' if i % 3 else 'no'}" for i in range(90)]
        path = table("state,n,y\n" + "\n".join(rows))
        code, _, _ = command("prune", path, "--target", "y", "--method", "mdl", "-o", tmp_path / "small.joblib")
        assert code == 0
        model = joblib.load(tmp_path / "small.joblib")
        frame = pd.read_csv(path)
        assert model.score(frame, frame["y"]) == 1.0
        model.predict(pd.DataFrame({"state": ["new"], "n": [1]}))

    def test_saved_model_keeps_its_class(self, command, saved_tree, tmp_path):
        tree, path = saved_tree
        code, out, _ = command("prune", "--model", path, "--trust", "--leaves", 4, "-o", tmp_path / "small.joblib")
        assert code == 0
        small = joblib.load(tmp_path / "small.joblib")
        assert type(small) is type(tree)
        assert as_frame(out)["n_leaves"].tolist() == [tree.get_n_leaves(), small.get_n_leaves()]

    def test_saved_model_is_judged_by_rows_of_data(self, command, saved_tree, tmp_path):
        tree, path = saved_tree
        X, y = datasets.load("wine")
        X.assign(cultivar=y).iloc[::3, ::-1].to_csv(tmp_path / "rows.csv", index=False)  # columns find their names
        data = [tmp_path / "rows.csv", "--target", "cultivar", "--method", "reduced_error"]
        code, _, err = command("prune", *data, "--model", path, "--trust", "-o", tmp_path / "small.joblib")
        assert code == 0, err
        expected = prune(tree, "reduced_error", X.iloc[::3], y.iloc[::3])
        assert joblib.load(tmp_path / "small.joblib").get_n_leaves() == expected.get_n_leaves()

    def test_pipeline_is_pruned_in_its_last_step(self, command, tmp_path):
        X, y = datasets.load("wine")
        pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(X, y)
        joblib.dump(pipeline, tmp_path / "pipeline.joblib")
        model = ["--model", tmp_path / "pipeline.joblib", "--trust"]
        code, _, err = command("prune", *ON_WINE, *model, "-o", tmp_path / "small.joblib")
        assert code == 0, err
        small = joblib.load(tmp_path / "small.joblib")
        assert [type(step) for _, step in small.steps] == [type(step) for _, step in pipeline.steps]
        assert small.score(X, y) == pipeline.score(X, y)

    def test_one_class_has_nothing_to_prune(self, command, table, tmp_path):
        path = table("a,y\n1,x\n2,x\n3,x\n4,x\n")
        code, out, err = command("prune", path, "--target", "y", "-o", tmp_path / "small.joblib")
        assert code == 0
        assert "nothing to prune" in err
        assert as_frame(out)["n_leaves"].tolist() == [1, 1]
        code, out, err = command("path", path, "--target", "y")
        assert code == 0
        assert "nothing to prune" in err
        assert len(as_frame(out)) == 1

    def test_a_pickle_is_not_loaded_without_trust(self, command, tmp_path):
        class Bomb:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / "exploded"),)

        joblib.dump(Bomb(), tmp_path / "bomb.joblib")
        code, _, err = command("prune", "--model", tmp_path / "bomb.joblib", "--leaves", 3, "-o", tmp_path / "o")
        assert code == 3
        assert "add --trust" in err
        assert os.listdir(tmp_path) == ["bomb.joblib"]


class TestWrongUse:
    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["path", "--target", "y"], "Missing argument 'DATA'"),
            (["path", WINE], "Missing option '--target'"),
            (["path", *ON_WINE, "--method", "guess"], "'guess' is none of "),
            (["prune", *ON_WINE], "Missing option '-o'"),
            (["prune", *ON_WINE, "-o", "o", "--alpha", "-1"], "'--alpha'"),
            (["prune", *ON_WINE, "-o", "o", "--alpha", "nan"], "finite"),
            (["prune", *ON_WINE, "-o", "o", "--alpha", "0.1", "--leaves", "3"], "exclude each other"),
            (["prune", *ON_WINE, "-o", "o", "--method", "mdl", "--leaves", "3"], "no meaning for mdl"),
            (["prune", *ON_WINE, "-o", "o", "--method", "mdl", "--validation", "0.2"], "--validation"),
            (["prune", "-o", "o"], "Missing argument 'DATA'"),
            (["prune", "-o", "o", "--model", "m", "--trust"], "give DATA and --target"),
            (["prune", WINE, "-o", "o", "--model", "m", "--trust", "--leaves", "3"], "has a use for DATA"),
        ],
    )
    def test_is_code_2_and_leaves_nothing(self, command, tmp_path, monkeypatch, args, message):
        monkeypatch.chdir(tmp_path)
        code, out, err = command(*args)
        assert (code, out) == (2, "")
        assert message in err
        assert not os.listdir(tmp_path)


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "No columns"),
            ("a,y\n", "no rows"),
            ("y\n1\n2\n", "no column is left"),
            ("a,b\n1,2\n", "no column 'y'; there are: a, b"),
            ("a,y\n1,\n2,\n", "missing in all 2 rows"),
            ("a,y\ninf,1\n2,2\n", "infinity"),
            ("a,y\n1,2020-01-01\n2,2020-01-02\n", "holds dates"),
            ('a,y\n"1,2\n', "EOF"),
        ],
    )
    def test_table_is_code_3(self, command, table, text, message):
        code, out, err = command("path", table(text), "--target", "y")
        assert (code, out) == (3, "")
        assert message in err
        assert "Traceback" not in err

    def test_target_of_text_is_no_number(self, command):
        code, _, err = command("path", *ON_WINE, "--task", "regression")
        assert code == 3
        assert "holds text" in err

    @pytest.mark.parametrize("name", ["no.csv", "no.parquet", "table.json"])
    def test_no_such_table(self, command, name):
        code, _, err = command("path", name, "--target", "y")
        assert code == 3
        assert name in err

    @pytest.mark.parametrize("name", ["junk.csv.gz", "junk.parquet", "junk.csv"])
    def test_table_that_is_not_what_its_name_says(self, command, tmp_path, name):
        (tmp_path / name).write_bytes(b"\x00\xff\xfe\x01junk" * 20)
        code, _, err = command("path", tmp_path / name, "--target", "y")
        assert code == 3
        assert name in err
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        ("model", "message"),
        [
            ({"a": 1}, "builtins.dict"),
            (LogisticRegression(), "No adapter for"),
            (DecisionTreeClassifier(), "not fitted"),
            (None, "none of: XGBoost"),
        ],
    )
    def test_model_is_code_3(self, command, tmp_path, model, message):
        path = tmp_path / "model.joblib"
        path.write_bytes(b"junk") if model is None else joblib.dump(model, path)
        code, _, err = command("prune", "--model", path, "--trust", "--leaves", 3, "-o", tmp_path / "o.joblib")
        assert code == 3
        assert message in err
        assert os.listdir(tmp_path) == ["model.joblib"]

    def test_model_of_other_columns(self, command, saved_tree, table, tmp_path):
        path = table("alcohol,cultivar\n1,class_0\n2,class_1\n")
        data = [path, "--target", "cultivar", "--method", "reduced_error"]
        code, _, err = command("prune", *data, "--model", saved_tree[1], "--trust", "-o", tmp_path / "o.joblib")
        assert code == 3
        assert "malic_acid" in err

    def test_missing_library_is_code_5(self, command, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        (tmp_path / "a.parquet").write_bytes(b"")
        code, _, err = command("path", tmp_path / "a.parquet", "--target", "y")
        assert code == 5
        assert "pip install 'treeprune[parquet]'" in err

    def test_fault_of_our_own_is_code_1(self, command, monkeypatch):
        monkeypatch.setattr("treeprune.workflow.demo", lambda *_: [][0])
        code, _, err = command("demo")
        assert code == 1
        assert "IndexError" in err


class TestOutput:
    def test_unwritable_is_code_4(self, command, tmp_path):
        for output in (tmp_path / "no" / "small.joblib", tmp_path):
            code, out, err = command("prune", *ON_WINE, "--method", "mdl", "-o", output)
            assert (code, out) == (4, "")
            assert str(output) in err

    def test_full_disk_is_code_4(self, tmp_path):
        if not os.path.exists("/dev/full"):
            pytest.skip("no /dev/full here")
        with open("/dev/full", "w") as full:
            code, _, err = process("path", *ON_WINE, stdout=full)
        assert code == 4
        assert "Traceback" not in err
        assert "Exception ignored" not in err

    def test_appears_only_when_whole(self, tmp_path):
        (tmp_path / "model").write_text("old")
        with pytest.raises(TypeError), output_file(tmp_path / "model") as file:
            file.writelines([b"half", None])
        assert (tmp_path / "model").read_text() == "old"
        assert os.listdir(tmp_path) == ["model"]
        with output_file(tmp_path / "model") as file:
            file.write(b"new")
        assert (tmp_path / "model").read_text() == "new"
        assert os.listdir(tmp_path) == ["model"]

    def test_a_device_is_written_to_not_replaced(self):
        with output_file("/dev/null") as file:
            file.write(b"x")
        assert not os.path.isfile("/dev/null")
        with pytest.raises(Failure, match="Is a directory"), output_file("/dev"):
            pass

    def test_reader_that_goes_away_is_no_error(self):
        child = start("path", *ON_WINE)
        child.stdout.close()
        err = child.stderr.read()
        assert child.wait(timeout=60) == 0
        assert "Traceback" not in err
        assert "Broken pipe" not in err

    def test_interrupted_is_code_130_and_leaves_no_file(self, tmp_path):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.random((200_000, 20)), columns=[f"x{i}" for i in range(20)])
        frame.to_parquet(tmp_path / "big.parquet")
        child = start(
            *["prune", str(tmp_path / "big.parquet"), "--target", "x0", "--method", "mdl"],
            *["-o", str(tmp_path / "small.joblib")],
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert "200000 rows" in child.stderr.readline()
        child.stderr.readline()  # the last word before the tree grows
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        assert child.returncode == 130
        assert out == ""
        assert "Interrupted" in err
        assert "Traceback" not in err
        assert os.listdir(tmp_path) == ["big.parquet"]


class TestTerminal:
    @pytest.mark.parametrize("columns", [80, 40])
    def test_table_fits(self, columns):
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal("path", *ON_WINE, columns=columns))
        lines = text.replace("\r", "\n").split("\n")
        assert max(map(len, lines)) <= columns
        assert any(line.split() == ["10", "0.2518", "1", "0.6583", "1.0000"] for line in lines)
        assert "…" not in text

    @pytest.mark.parametrize("columns", [100, 40])
    @pytest.mark.parametrize("args", [["--help"], ["prune", "--help"]])
    def test_help_fits(self, monkeypatch, command, columns, args):
        monkeypatch.setenv("COLUMNS", str(columns))
        code, out, _ = command(*args)
        assert code == 0
        prose = re.sub(r"Examples:\n( {4}.*\n)+", "", out)  # commands are for copying, not for folding
        assert 30 < max(map(len, prose.split("\n"))) <= min(columns, 80)

    def test_too_wide_a_table_becomes_a_list(self):
        text = terminal("demo", "--repeats", "1", columns=40)
        assert re.search(r"method\s+cost_complexity\s+leaves\s+\d", text)
        assert "…" not in text

    def test_no_color_and_ascii(self):
        text = terminal("path", *ON_WINE, env={"NO_COLOR": "1", "PYTHONIOENCODING": "ascii", "TERM": "dumb"})
        assert text.isascii()
        assert "\x1b[3" not in text

    def test_names_of_any_script_on_an_ascii_terminal(self, table):
        path = table("größe,y\n1,ä\n2,ß\n3,ä\n4,ß\n")
        code, _, err = process("path", str(path), "--target", "größe\N{EM DASH}", env={"PYTHONIOENCODING": "ascii"})
        assert code == 3
        assert "Traceback" not in err

    def test_strength_next_to_nothing_is_not_shown_as_a_number(self):
        from treeprune.console import _cells

        assert [*_cells(pd.Series([0.0, 5e-324, 0.123456], name="alpha"))] == ["0", ">0", "0.1235"]


class TestScoredPath:
    def test_table_is_that_of_the_estimator(self, command):
        code, out, _ = command("path", *ON_WINE, "--cv", "5", "--rule", "1se")
        frame = pd.read_csv(io.StringIO(out), sep="\t")
        pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(*datasets.load("wine"))
        assert code == 0
        assert list(frame.columns) == ["step", *pruner.to_frame().columns]
        np.testing.assert_allclose(frame["cv_score"], pruner.cv_results_["mean_test_score"])
        assert frame["mark"].dropna().tolist() == ["best", "chosen"]

    @pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
    def test_figure(self, command, tmp_path, kind):
        file = tmp_path / f"scores.{kind}"
        code, *_ = command("path", *ON_WINE, "--cv", "3", "--plot", file)
        assert code == 0
        assert file.stat().st_size > 5000
        assert [entry.name for entry in tmp_path.iterdir()] == [file.name]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--rule", "best"], "--rule needs --cv"),
            (["--plot", "scores.png"], "--plot needs --cv"),
            (["--cv", "3", "--plot", "scores.bmp"], "--plot draws .png, .svg and .pdf"),
            (["--cv", "1"], "1 is not in the range"),
            (["--cv", "3", "--method", "optimal_subtree"], "are not nested"),
        ],
    )
    def test_wrong_usage(self, command, options, said):
        code, _, err = command("path", *ON_WINE, *options)
        assert code == 2
        assert said in err

    def test_too_few_rows(self, command):
        code, _, err = command("path", *ON_WINE, "--cv", "100")
        assert code == 3
        assert "n_splits=100" in err
