"""The link of a pruned forest of classifiers, chosen while prunings are judged.

A forest whose leaves were estimated together predicts scores, which a link turns into probabilities: "simplex", or
"softmax" with a temperature from rows that set no leaves. The rows that judge choose it. Where they are few, each half
of them is judged with the link that the other half chose, so that none is flattered by its own choice.
"""

import numpy as np
from numpy.typing import NDArray

from ..links import best_temperature
from .scoring import Judged, Scorer

#: With more rows than these, one temperature flatters nothing that would be seen.
_FEW = 2_500


class LinkJudge:
    """Judges the scores of forests of classifiers with the link that does best.

    Parameters
    ----------
    scorer : Scorer
    half : ndarray of bool of shape (n_rows,)
        One half of its rows; rows that are one observation together are in the same.
    """

    def __init__(self, scorer: Scorer, half: NDArray[np.bool_]):
        self.scorer, self.half = scorer, half
        self._code, self._weight = scorer.y[:, 0].astype(np.int64), scorer.rows.sample_weight

    def judge(self, score: NDArray[np.float64]) -> tuple[Judged, float | None]:
        """How scores, shape (n_rows, n_columns), do, and the best temperature of "softmax"; None: "simplex" is better.

        Links change no label that is predicted, and so no accuracy.
        """
        simple, every = self.scorer.judge_score(score), np.ones(len(score), dtype=bool)
        temperature, linked = self._linked(score, every)
        if simple.row_losses is None:
            return (linked, temperature) if linked.loss < simple.loss else (simple, None)
        best = temperature if self._is_better(linked, simple, every) else None
        if len(score) > _FEW or self.half.all() or not self.half.any():
            return (simple if best is None else linked), best
        losses = simple.row_losses.copy()
        for rows in (self.half, ~self.half):
            linked = self._linked(score, ~rows)[1]
            if self._is_better(linked, simple, ~rows):
                losses[rows] = linked.row_losses[rows]
        return Judged(self._mean(losses, every), simple.score, losses), best

    def _linked(self, score, rows):
        """The best temperature for some rows, and how all do with it."""
        whole = np.concatenate([1.0 - score, score], axis=1) if score.shape[1] == 1 else score
        weight = None if self._weight is None else self._weight[rows]
        temperature = best_temperature(whole[rows], self._code[rows], weight)
        return temperature, self.scorer.judge_score(score, temperature)

    def _is_better(self, linked, simple, rows):
        return self._mean(linked.row_losses - simple.row_losses, rows) < 0.0

    def _mean(self, losses, rows):
        return float(np.average(losses[rows], weights=None if self._weight is None else self._weight[rows]))
