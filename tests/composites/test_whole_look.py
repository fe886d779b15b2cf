"""compress compares wholes: with models fitted anew by hand, and in one order up to the first failure."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import brier_score_loss, log_loss, mean_squared_error, zero_one_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import label_binarize
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from treeprune import compress, prune
from treeprune.composites.base import Given
from treeprune.composites.exchange import passes_on, refitted, size, tree_models, with_tree_models
from treeprune.compression import whole_look
from treeprune.compression.no_worse import LEVEL, compared
from treeprune.compression.repeats import dealt
from treeprune.compression.scoring import scorer_of
from treeprune.compression.watch import Watch
from treeprune.compression.whole_losses import WholeLosses

from .kinds import AMOUNT, COMPOSITES, KIND, PIPE, TREE, X

pytestmark = pytest.mark.filterwarnings("ignore:.*(costs more than noise|Training anew does better)")

ROWS, TARGET = make_classification(4000, 10, n_informative=6, flip_y=0.2, random_state=0)
N = 900
TRAIN, NEW = slice(0, N), slice(N, None)
#: Deep trees of random splits, which make up for each other.
VOTING = VotingClassifier([(str(i), ExtraTreeClassifier(random_state=i)) for i in range(6)], voting="soft")
#: A tree that remembers its rows, calibrated on those of all folds.
CALIBRATED = CalibratedClassifierCV(DecisionTreeClassifier(random_state=0), cv=3, ensemble=False)
BOTH = {"voting": VOTING, "calibrated": CALIBRATED}
FITTED = {name: clone(model).fit(ROWS[TRAIN], TARGET[TRAIN]) for name, model in BOTH.items()}
SPLIT = train_test_split(np.arange(N), test_size=0.25, stratify=TARGET[TRAIN], random_state=0)


@pytest.fixture
def looks(monkeypatch):
    """Trials that were compared, and how."""
    found = []

    class Recording(whole_look.WholeLook):
        def compared(self, trials):
            comparison = super().compared(trials)
            found.append((trials, comparison))
            return comparison

    monkeypatch.setattr("treeprune.compression.wholes.WholeLook", Recording)
    return found


def pruned(whole, trials, rows, anew=None):
    """The whole with each tree model pruned by rows; `anew`: fitted on these first."""
    others = {}
    for tree_model, trial in zip(tree_models(whole), trials, strict=True):
        model = tree_model if anew is None else clone(tree_model).fit(ROWS[anew], TARGET[anew])
        others[id(tree_model)] = model
        if trial.method is not None:
            others[id(tree_model)] = prune(model, trial.method, ROWS[rows], TARGET[rows])
    return with_tree_models(whole, others)


def brier(model, rows):
    return ((model.predict_proba(ROWS[rows]) - np.eye(2)[TARGET[rows]]) ** 2).sum(axis=1)


class TestPartsThatAreEachNoWorse:
    def test_the_whole_is_worse_and_stays_as_it_is(self, looks):
        whole = FITTED["voting"]
        found = compress(whole, ROWS[TRAIN], TARGET[TRAIN], retrain=False)
        ((trials, comparison),) = looks
        assert sum(part.smallest_no_worse is not None for part in found.parts) >= len(found.parts) / 2
        small = pruned(whole, trials, SPLIT[0])
        assert brier(small, NEW).mean() > 1.1 * brier(whole, NEW).mean()
        assert not comparison.no_worse[0]
        np.testing.assert_array_equal(found.model.predict_proba(ROWS), whole.predict_proba(ROWS))
        assert (found.verdict, found.smallest_no_worse) == ("no worse", None)
        assert all(part.method is None for part in found.parts)
        assert "No smaller whole was shown to be no worse than the model as it is" in found.message

    def test_with_a_budget_the_whole_is_said_to_be_worse(self, looks):
        with pytest.warns(UserWarning, match="costs more than noise, as for the whole"):
            found = compress(FITTED["voting"], ROWS[TRAIN], TARGET[TRAIN], max_nodes=90, retrain=False)
        assert found.verdict == "worse"
        assert "worse" not in {part.verdict for part in found.parts}
        ((_, comparison),) = looks
        by = f"{comparison.mean[0]:.3g} (standard error {comparison.standard_error[0]:.2g})"
        assert f"its loss is higher by {by}, on {comparison.n_units} rows that chose nothing" in found.message


def test_a_whole_that_is_no_worse(looks):
    whole = FITTED["calibrated"]
    found = compress(whole, ROWS[TRAIN], TARGET[TRAIN], retrain=False)
    shown = [trials for trials, comparison in looks if comparison.no_worse[0]]
    assert found.smallest_no_worse == sum(trial.n_nodes for trial in shown[-1])
    assert size(found.model)[1] < size(whole)[1] / 2
    assert found.verdict == "no worse"
    assert "The whole is shown to be no worse than the model as it is: its loss is lower by" in found.message
    assert brier(found.model, NEW).mean() < brier(whole, NEW).mean()


@pytest.mark.parametrize("name", BOTH)
def test_comparisons_are_as_by_hand(name, looks):
    """Fitted anew without each third of the rows that judged no tree; calibrated by the rows that did."""
    compress(FITTED[name], ROWS[TRAIN], TARGET[TRAIN], max_nodes=60, retrain=False)
    use, judge = SPLIT
    part_of = dealt(use, TARGET[use], 3, 0)
    ((trials, comparison),) = looks
    losses, before, order = [], [], []
    for part in range(3):
        out, rest = use[part_of == part], use[part_of != part]
        grown_on = np.sort(np.append(rest, judge))
        whole = clone(BOTH[name]).fit(ROWS[grown_on], TARGET[grown_on])
        if name == "calibrated":
            small = refitted(pruned(whole, trials, rest, anew=rest), Given(ROWS[judge], TARGET[judge]))
        else:
            small = pruned(whole, trials, grown_on)
        order.append(out)
        losses.append(brier(small, out))
        before.append(brier(whole, out))
    assert not set(np.concatenate(order)) & set(judge)
    expected = compared(np.concatenate(losses)[None], np.concatenate(before))
    np.testing.assert_allclose(comparison.mean, expected.mean)
    np.testing.assert_allclose(comparison.standard_error, expected.standard_error)
    assert (comparison.level, comparison.n_units) == (LEVEL, len(use))


@pytest.mark.parametrize("passing", list(product([True, False], repeat=4)))
def test_the_last_before_the_first_failure(passing, monkeypatch):
    """All patterns of tests that pass and fail; nothing is tested after a failure."""
    tested = []

    def compared_with(trials):
        tested.append(trials)
        passes = passing[len(tested) - 1]
        return SimpleNamespace(no_worse=np.array([passes]), worse=np.array([not passes]), n_units=99)

    unpruned, sequence = SimpleNamespace(n_nodes=9), [(SimpleNamespace(n_nodes=n),) for n in (8, 6, 4, 2)]
    monkeypatch.setattr(whole_look, "choices", lambda searches: sequence)
    searches = [SimpleNamespace(trials=SimpleNamespace(unpruned=unpruned))]
    look = SimpleNamespace(compared=compared_with, seconds=lambda searches: 0.0)
    found = whole_look.seen_whole(look, searches, Watch())
    n_passed = list(passing).index(False) if False in passing else 4
    assert found.chosen == ((unpruned,) if n_passed == 0 else sequence[n_passed - 1])
    assert tested == sequence[: n_passed + 1]
    assert found.verdict == "no worse"
    assert found.smallest_no_worse == (None if n_passed == 0 else found.chosen[0].n_nodes)


def test_choices_shrink_from_the_best():
    def trial(n_nodes, loss, is_exact=True):
        return SimpleNamespace(n_nodes=n_nodes, loss=loss, is_exact=is_exact)

    def search(*pruned):
        evidence = SimpleNamespace(pruned=[trial(*one) for one in pruned])
        return SimpleNamespace(trials=SimpleNamespace(unpruned=trial(99, 1.0)), evidence=evidence)

    first = search((50, 0.6), (30, 0.65), (20, 0.7), (10, 0.99), (7, 1.1), (5, 0.2, False))
    second, third = search((40, 0.9)), search((40, 1.1))
    sizes = [tuple(one.n_nodes for one in chosen) for chosen in whole_look.choices([first, second, third])]
    assert sizes == [(50, 40, 99), (20, 40, 99), (10, 40, 99)]
    assert whole_look.choices([third, third]) == []


class TestNotTested:
    def test_trees_that_are_not_fitted_with_the_whole(self):
        frozen = FrozenEstimator(DecisionTreeClassifier(random_state=0).fit(ROWS[TRAIN], TARGET[TRAIN]))
        whole = CalibratedClassifierCV(frozen).fit(ROWS[NEW], TARGET[NEW])
        found = compress(whole, ROWS[TRAIN], TARGET[TRAIN], retrain=False)
        assert found.verdict is None
        assert "was not tested: CalibratedClassifierCV cannot be fitted anew on fewer rows: its tree" in found.message

    def test_scoring(self):
        found = compress(FITTED["calibrated"], ROWS[TRAIN], TARGET[TRAIN], scoring="accuracy", retrain=False)
        assert found.verdict is None
        assert "the model as it is was not tested: scoring= gives one number" in found.message

    def test_few_rows(self):
        rows = slice(0, 36)
        whole = clone(CALIBRATED).fit(ROWS[rows], TARGET[rows])
        found = compress(whole, ROWS[rows], TARGET[rows], max_nodes=3, retrain=False)
        assert found.verdict is None
        assert "it takes 30 rows that chose nothing" in found.message

    def test_time(self, monkeypatch):
        monkeypatch.setattr(whole_look.WholeLook, "seconds", lambda look, searches: np.inf)
        found = compress(FITTED["calibrated"], ROWS[TRAIN], TARGET[TRAIN], time_limit=1000, retrain=False)
        assert size(found.model) == size(FITTED["calibrated"])
        assert "no smaller one was compared with it" in found.message


@pytest.mark.parametrize("name", [name for name in COMPOSITES if name not in ("pruned", "pruned by folds")])
def test_every_kind(name):
    """Without a budget: a smaller whole that is shown to be no worse, or the same; the message speaks of it."""
    model, y, _ = COMPOSITES[name]
    whole = clone(model).fit(X, y)
    found = compress(whole, X, y, retrain=False)
    if found.smallest_no_worse is None:
        assert size(found.model) == size(whole)
        np.testing.assert_array_equal(found.model.predict(X), whole.predict(X))
    if not passes_on(whole):
        assert "Whether the whole" not in found.message
        assert (
            "hole is shown to be no worse" in found.message
            or "hole was shown" in found.message
            or ("The whole stays as it is" in found.message)
        )


def losses(model, y, scorer=None):
    return WholeLosses(model, Given(X, y), scorer)(model)


class TestLosses:
    """Mean losses as scikit-learn's own metrics of what the whole predicts."""

    @pytest.mark.parametrize("name", COMPOSITES)
    def test_every_kind(self, name):
        model, y, _ = COMPOSITES[name]
        model = clone(model).fit(X, y)
        if not is_classifier(model):
            expected = mean_squared_error(y, model.predict(X))
        elif not hasattr(model, "predict_proba"):
            expected = zero_one_loss(y, model.predict(X))
        elif y.ndim == 2:
            probability = model.predict_proba(X)
            if isinstance(probability, list):
                probability = np.column_stack([each[:, 1] for each in probability])
            expected = np.mean([2 * brier_score_loss(each, p) for each, p in zip(y.T, probability.T, strict=True)])
        else:
            known = y != -1 if name == "self-training" else np.ones(len(y), dtype=bool)
            one_hot = label_binarize(y[known], classes=model.classes_)
            one_hot = np.hstack([1 - one_hot, one_hot]) if one_hot.shape[1] == 1 else one_hot
            expected = ((model.predict_proba(X[known]) - one_hot) ** 2).sum(axis=1).mean()
        np.testing.assert_allclose(losses(model, y).mean(), expected)

    def test_log_loss_of_calibrated_boosting(self):
        xgboost = pytest.importorskip("xgboost")
        model = CalibratedClassifierCV(xgboost.XGBClassifier(n_estimators=3, n_jobs=1), cv=2).fit(X, KIND == "acid")
        inside = next(tree_models(model))
        y = KIND == "acid"
        found = losses(model, y, scorer_of(inside, (X, y)))
        np.testing.assert_allclose(found.mean(), log_loss(y, model.predict_proba(X)))

    def test_other_targets_than_the_whole(self):
        model, y, _ = COMPOSITES["transformed target"]
        model = clone(model).fit(X, y)
        scorer = scorer_of(next(tree_models(model)), (X, np.log1p(y)))
        np.testing.assert_allclose(losses(model, y, scorer).mean(), mean_squared_error(AMOUNT, model.predict(X)))


def test_weights_count_losses():
    weight = np.linspace(0.0, 2.0, N)
    both = {"X": ROWS[TRAIN], "y": TARGET[TRAIN], "retrain": False, "max_nodes": 60}
    weighed, not_weighed = (compress(FITTED["voting"], **both, sample_weight=each) for each in (weight, None))
    assert weighed.message != not_weighed.message


def test_groups_stay_together(looks):
    groups = np.arange(len(X)) // 3
    whole = VotingClassifier([("a", PIPE), ("b", TREE)], voting="soft").fit(X, KIND)
    compress(whole, X, KIND, groups=groups, max_nodes=15, retrain=False)
    ((_, comparison),) = looks
    assert 0.7 * len(np.unique(groups)) < comparison.n_units < 0.8 * len(np.unique(groups))
