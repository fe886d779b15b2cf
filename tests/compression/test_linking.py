"""Links of pruned forests of classifiers: chosen by the rows that judge, and none flattered by its own choice."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from treeprune.adapters import find_adapter
from treeprune.compression.linking import LinkJudge
from treeprune.compression.second_look import look_again_at
from treeprune.compression.trials import Trials
from treeprune.links import simplex
from treeprune.methods import DepthPruning, JointPruning

X, Y = make_classification(400, 8, n_informative=5, flip_y=0.1, random_state=0)
FOREST = RandomForestClassifier(12, random_state=0).fit(X, Y)
UNIFORM = np.random.default_rng(0).random(400)
#: The link "softmax" suits one; the other are probabilities already.
SCORES = {
    "softmax": 0.5 + 0.15 * (2 * Y - 1) + 0.1 * X[:, 0] / X[:, 0].std(),
    "simplex": np.where(Y == 1, np.sqrt(UNIFORM), 1.0 - np.sqrt(UNIFORM)),
}


def naive_losses(score, code, temperature):
    """Brier losses of the rows, both columns counted."""
    whole = np.c_[1.0 - score, score]
    probability = simplex(whole) if temperature is None else softmax(whole / temperature, axis=1)
    return ((probability - np.eye(2)[code]) ** 2).sum(axis=1)


def naive_temperature(score, code, weight):
    """The one with the least log-loss of labels not quite certain, or None: the simplex has less Brier loss."""
    whole, n = np.c_[1.0 - score, score], np.bincount(code)
    sure = ((n + 1) / (n + 2))[code]
    target = np.where(np.eye(2)[code] == 1, sure[:, None], 1.0 - sure[:, None])

    def loss(log):
        return -np.average((target * np.log(softmax(whole / np.exp(log), axis=1))).sum(axis=1), weights=weight)

    temperature = np.exp(minimize_scalar(loss, bounds=np.log([1e-2, 10.0]), method="bounded").x)
    brier = [np.average(naive_losses(score, code, t), weights=weight) for t in (temperature, None)]
    return temperature if brier[0] < brier[1] else None


@pytest.mark.parametrize("suits", list(SCORES))
@pytest.mark.parametrize("weight", [None, np.random.default_rng(1).random(400) + 0.1], ids=["rows", "weighted"])
def test_each_half_is_judged_with_the_link_of_the_other(suits, weight):
    of_rows = Trials(FOREST, (X, Y), (X, Y, weight), 0.25, 0)
    half = np.arange(400) % 2 == 0
    score = SCORES[suits]
    judged, temperature = LinkJudge(of_rows.scorer, half).judge(score[:, None])
    code, w = of_rows.scorer.y[:, 0].astype(int), np.ones(400) if weight is None else weight
    best = naive_temperature(score, code, w)
    assert (best is None) == (suits == "simplex")
    assert temperature == (None if best is None else pytest.approx(best, rel=1e-3))
    for rows in (half, ~half):
        expected = naive_losses(score, code, naive_temperature(score[~rows], code[~rows], w[~rows]))
        np.testing.assert_allclose(judged.row_losses[rows], expected[rows], rtol=1e-3)
    assert judged.loss == pytest.approx(np.average(judged.row_losses, weights=w))
    assert judged.score == pytest.approx(np.average((score > 0.5) == code, weights=w))


def test_the_model_that_is_made_has_the_link_that_was_judged():
    trials = Trials(FOREST, (X, Y), None, 0.25, 0)
    tried = list(trials.path(JointPruning(reg=10.0)))
    assert any(trial.temperature is not None for trial in tried)
    for trial in tried[::8]:
        small, method = trials.carry_out(trial, "link", of_trial=True)
        assert method.link == ("simplex" if trial.temperature is None else "softmax")
        assert small.link_ == method.link
        if trial.temperature is not None:
            assert small.temperature_ == trial.temperature
        code = trials.scorer.y[:, 0].astype(int)
        brier = ((small.predict_proba(trials.judge.X) - np.eye(2)[code]) ** 2).sum(axis=1).mean()
        assert brier == pytest.approx(trial.loss, rel=0.05)  # with the link of all rows, not of half of them


def test_other_rows_judge_with_the_link_of_the_first():
    trials = Trials(FOREST, (X, Y), None, 0.25, 0)
    found = list(trials.path(JointPruning(reg=10.0)))
    chosen = next(trial for trial in found if trial.temperature is not None)
    alphas = [trial.method.alpha for trial in found[: found.index(chosen) + 1]]
    off = []
    for part in trials.other_parts(8):
        *_, last = part.path(JointPruning(reg=10.0), alphas=alphas, temperatures=[chosen.temperature] * len(alphas))
        made, _ = part.carry_out(last, "link", of_trial=True)
        off.append(part.scorer.judge_model(made, part.judge.X).row_losses - part.unpruned.row_losses)
    assert look_again_at(trials, found, chosen).mean[0] == pytest.approx(np.concatenate(off).mean())


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (FOREST, DepthPruning()),
        (FOREST, JointPruning(constraint="leaf")),
        (RandomForestRegressor(5, random_state=0).fit(X, Y), JointPruning()),
    ],
    ids=["depth", "probabilities in the leaves", "regression"],
)
def test_where_no_link_is_written_none_judges(model, method):
    trials = Trials(model, (X, Y), None, 0.25, 0)
    trial = list(trials.path(method))[10]
    assert trial.temperature is None
    small, _ = trials.carry_out(trial, "link", of_trial=True)
    assert trials.scorer.judge_model(small, trials.judge.X).loss == pytest.approx(trial.loss)
    assert find_adapter(small).forest.n_nodes == trial.n_nodes
