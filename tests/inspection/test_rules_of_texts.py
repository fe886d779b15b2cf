"""Rules of pipelines whose rows are no table: refused by the name of the step, and made of its terms alone."""

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from treeprune import UnsupportedModelError, report, rules

TEXTS = np.array(["a word", "another word", "no more"] * 20, dtype=object)


@pytest.mark.parametrize(
    ("step", "rows"), [(TfidfVectorizer(), TEXTS), (DictVectorizer(), [{"text": text, "n": 1} for text in TEXTS])]
)
def test_rules_over_rows_that_are_no_table(step, rows):
    whole = make_pipeline(step, DecisionTreeClassifier(random_state=0)).fit(rows, TEXTS)
    with pytest.raises(UnsupportedModelError, match=f"cannot be made through {type(step).__name__}"):
        rules(whole)
    over_terms = rules(whole[-1], feature_names=step.get_feature_names_out()).to_text()
    assert report(whole).summary["rules"][0] in over_terms
