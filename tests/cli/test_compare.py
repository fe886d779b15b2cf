"""``treeprune compare``."""

import pandas as pd

from tests.processes import ON_WINE, as_frame


def test_prints_the_comparison_of_the_library(command):
    code, out, err = command("compare", *ON_WINE, "--test", "0.3", "--seed", "1")
    assert code == 0, err
    from treeprune.cli.comparison import compare
    from treeprune.cli.reading import read_table
    from treeprune.cli.tables import column_encoder, split_target

    X, y, task, _ = split_target(read_table(ON_WINE[0])[0], "cultivar")
    expected = compare(column_encoder(X)[0].fit_transform(X), y, task, test=0.3, seed=1)
    pd.testing.assert_frame_equal(as_frame(out), expected)
    assert "accuracy on 30% of the rows" in err


def test_wrong_use(command):
    for options, message in ((["--cv", 1], "1 is not in the range"), (["--test", 1], "'--test'")):
        code, out, err = command("compare", *ON_WINE, *options)
        assert (code, out) == (2, "")
        assert message in err
