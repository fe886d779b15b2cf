"""Depth pruning: every tree of an ensemble cut at a depth of its own (Liu & Mazumder 2023)."""

from .descent import DescentMethod


class DepthPruning(DescentMethod):
    r"""Cut every tree of an ensemble at a depth of its own, all trees together.

    Block descent on the objective of `JointPruning`, restricted to depth layers: a tree may be cut at any depth, the
    same for all of its branches, or go altogether. Leaves are estimated again at every step, with a ridge penalty,
    where ForestPrune weighs the layers of trees as they are and polishes the leaves at the end.

    Parameters
    ----------
    fraction : float, default=0.1
        Largest share of the nodes that stays, where no other strength is given.
    alpha : float, optional
        Price of a node, in units of the mean loss of a row; wins over the largest sizes.
    max_nodes, max_leaves, max_trees : int, optional
        Largest size; several may be given.
    max_bytes : int, optional
        Largest file, as the model's own library saves it (scikit-learn's: as a pickle). Prunings are written to find
        the largest that fits; for the files of `save_compact` see `compress`.
    reg : float, default=30.0
        Ridge penalty of leaf values, in rows; see `JointPruning`.
    shrink_to : {"zero", "values"}, optional
        What `reg` shrinks leaves towards; see `JointPruning`.
    price : array-like of shape (n_features,), optional
        What a split on each feature costs besides its node, in nodes.
    loss : str or callable, optional
        The loss of a boosted ensemble in the place of its own; see `JointPruning`.
    tol : float, default=1e-3
        Cycles over the trees end when one wins less than this share of the objective.
    max_cycles : int, default=30
        Largest number of cycles at one alpha.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows together as many as they are: `core.counts`.

    References
    ----------
    B. Liu, R. Mazumder (2023). ForestPrune: compact depth-pruned tree ensembles. AISTATS, PMLR 206, 9417-9428.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from treeprune import prune
    >>> from treeprune.methods import DepthPruning
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    >>> small = prune(forest, DepthPruning(max_nodes=200), X, y)
    >>> max(tree.get_depth() for tree in small.estimators_) < 7
    True
    """

    alias = "depth"

    def __init__(
        self,
        fraction=0.1,
        alpha=None,
        max_nodes=None,
        max_leaves=None,
        max_trees=None,
        max_bytes=None,
        reg=30.0,
        shrink_to=None,
        price=None,
        loss=None,
        tol=1e-3,
        max_cycles=30,
    ):
        self.fraction = fraction
        self.alpha = alpha
        self.max_nodes = max_nodes
        self.max_leaves = max_leaves
        self.max_trees = max_trees
        self.max_bytes = max_bytes
        self.reg = reg
        self.shrink_to = shrink_to
        self.price = price
        self.loss = loss
        self.tol = tol
        self.max_cycles = max_cycles

    def _options(self, additive):
        return {"layers": True}

    def _link(self, additive, pruning, rows):
        return ("simplex", 1.0) if additive.has_free_scores else None
