"""What compress gives."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.method import Method

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class CompressionResult:
    """What `compress` found.

    Attributes
    ----------
    model : object
        The pruned model, within the budget; of the class of the one given, or its counterpart with a link.
    method : PruningMethod, LayerMethod or None
        What made it, with its parameters; None: the model given is within the budget, and nothing smaller is as good.
    frontier : DataFrame
        Everything that was tried, by rows: method, parameters (as text; ``start=oob``: of trees that out-of-bag rows
        have pruned first), n_nodes, n_trees, loss and score on the held-out rows (with `scoring`, the loss is minus the
        score), whether it is a rival (a model trained anew) and whether it is the one chosen; without `scoring`, how
        much more its loss is than that of the model given, row by row (difference), and the standard error of that. Of
        models made of weights: n_weights, n_units and n_bytes in the place of nodes and trees.
    retrained_wins : bool
        Whether a model trained anew does better on the held-out rows: has less loss within the budget, or with
        `max_loss` fewer nodes at a loss that may be.
    message : str
        The outcome in words.
    verdict : {"no worse", "within noise", "worse"} or None
        The model chosen, beside the one given: shown to be no worse (one-sided level of 5 %, corrected for all prunings
        compared), not shown to be either, or worse by more than noise. None: not tested, and the message says why.
    smallest_no_worse : int or None
        Nodes, or weights, of the smallest pruning that was shown to be no worse; None: there is none.
    parts : tuple of CompressionResult
        Where the model holds several tree models: what was found of each, in the order in which they stand. Then the
        frontier has all of them, by the place of the tree model in ``tree_model``, and `method` is None. Their
        verdicts are about each by itself; that of the whole is about what it predicts.
    agreement : float or None
        With ``faithful=``: share of the testing rows on which the model says what the one given says; None: not asked
        for. Then loss and score of the frontier are the share of the rows that chose on which models differ or agree.
    agreement_bound : float or None
        Lower limit of that share for new rows, at a one-sided level of 5 %.
    """

    model: Any
    method: Method | None
    frontier: "pd.DataFrame"
    retrained_wins: bool
    message: str
    verdict: str | None = None
    smallest_no_worse: int | None = None
    parts: tuple["CompressionResult", ...] = ()
    agreement: float | None = None
    agreement_bound: float | None = None

    def __str__(self):
        return self.message
