"""A few mutants of every format and family, the same in every run; ``python -m tests.fuzz`` makes more."""

import numpy as np
import pytest

from tests.fuzz import specimens
from tests.fuzz.counting import BAD, outcomes
from tests.fuzz.mutations import mutant

#: Of formats and families those that differ most: each takes seconds, to start processes that may die.
FEW = [("xgboost JSON", "xgboost"), ("lightgbm text", "lightgbm"), ("compact", "bagging")]


@pytest.mark.parametrize(("file_format", "family"), FEW)
def test_damaged_files_are_refused_or_predict_what_the_library_says(file_format, family):
    for library in ("xgboost", "lightgbm"):
        if library in f"{file_format} {family}":
            pytest.importorskip(library, reason=f"{library} is not installed")
    found = outcomes(file_format, family, 24, seed=1)
    assert not found.bad
    assert sum(found.counts.values()) == 24
    assert found.counts["refused"] > 3
    assert not any(found.counts[bad] for bad in BAD)


def test_the_same_seed_makes_the_same_mutants():
    data = specimens.files("compact", "tree")[0]
    first, again, other = (mutant("compact", data, np.random.default_rng([seed, 5])) for seed in (0, 0, 1))
    assert first == again != other
