"""A few mutants of every format and family, the same in every run; ``python -m tests.fuzz`` makes more."""

import pytest

from tests.fuzz import specimens
from tests.fuzz.counting import BAD, outcomes
from tests.fuzz.mutations import mutant

#: Formats whose families are read by the same code are tried on one family each.
FEW = [
    *(("xgboost JSON", "xgboost"), ("xgboost UBJSON", "xgboost"), ("lightgbm text", "lightgbm"), ("skops", "tree")),
    *(("compact", family) for family in ("bagging", "histogram boosting, categories", "xgboost", "lightgbm")),
]


@pytest.mark.parametrize(("file_format", "family"), FEW)
def test_damaged_files_are_refused_or_predict_what_the_library_says(file_format, family):
    for library in ("xgboost", "lightgbm", "skops"):
        if library in f"{file_format} {family}":
            pytest.importorskip(library, reason=f"{library} is not installed")
    found = outcomes(file_format, family, 24, seed=1)
    assert not found.bad
    assert sum(found.counts.values()) == 24
    assert found.counts["refused"] > 3
    assert not any(found.counts[bad] for bad in BAD)


def test_every_format_and_family_has_sound_files():
    assert {file_format for file_format, _ in specimens.targets()} == {file_format for file_format, _ in FEW}


def test_the_same_seed_makes_the_same_mutants():
    import numpy as np

    data = specimens.files("compact", "tree")[0]
    first, again, other = (mutant("compact", data, np.random.default_rng([seed, 5])) for seed in (0, 0, 1))
    assert first == again != other
