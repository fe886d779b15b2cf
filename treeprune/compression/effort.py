"""How much compress tries."""

from typing import NamedTuple

from ..methods.descent import ALPHAS_PER_DECADE


class Effort(NamedTuple):
    """How much is tried.

    Attributes
    ----------
    compared : int
        Strengths per factor of ten on which penalties and starts are compared.
    path : int
        Strengths per factor of ten on the path of what did best.
    climbs : bool
        Whether other penalties than the usual one are tried.
    starts : bool
        Whether the search starts from the model as it was grown, too, where its out-of-bag rows have pruned it.
    depth : int
        Strengths per factor of ten of pruning by depth; 0: none.
    anew : bool
        Whether rivals are fitted; if not, they are the first trees of the model.
    again : bool
        Whether there may be a second look where rows are few.
    """

    compared: int
    path: int
    climbs: bool
    starts: bool
    depth: int
    anew: bool
    again: bool


EFFORTS = {
    "quick": Effort(compared=1, path=ALPHAS_PER_DECADE, climbs=False, starts=False, depth=0, anew=False, again=False),
    "balanced": Effort(compared=2, path=ALPHAS_PER_DECADE, climbs=True, starts=True, depth=2, anew=True, again=True),
    "thorough": Effort(
        compared=ALPHAS_PER_DECADE,
        path=ALPHAS_PER_DECADE,
        climbs=True,
        starts=True,
        depth=ALPHAS_PER_DECADE,
        anew=True,
        again=True,
    ),
}
