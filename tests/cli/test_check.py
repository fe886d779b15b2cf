"""``treeprune check``."""

import pytest

from tests.processes import as_frame


def test_says_what_a_sound_file_holds(command, saved_tree):
    tree, path = saved_tree
    code, out, err = command("check", path, "--trust")
    assert code == 0, err
    row = as_frame(out).iloc[0]
    assert (row["model"], row["n_leaves"]) == ("sklearn.DecisionTreeClassifier", tree.get_n_leaves())


def test_pickles_need_trust(command, saved_tree):
    code, out, err = command("check", saved_tree[1])
    assert (code, out) == (3, "")
    assert "--trust" in err


@pytest.mark.parametrize("content", [b"", b"tree\nversion=v4\n", b'{"learner": {}}', b"\x00\x01"])
def test_refuses_what_is_no_model(command, tmp_path, content):
    (tmp_path / "model").write_bytes(content)
    code, out, err = command("check", tmp_path / "model")
    assert (code, out) == (3, "")
    assert err
