"""Joint pruning: all trees of an ensemble together, against the ensemble's own loss."""

from dataclasses import replace

import numpy as np

from .descent import DescentMethod


class JointPruning(DescentMethod):
    r"""Prune all trees of an ensemble together and estimate their leaves again.

    Minimises over the prunings of all trees and the values :math:`v` of their leaves

    .. math:: \frac{1}{W} \Bigl( \sum_i w_i L(y_i, F_i) + \frac{\lambda}{2} \sum_\ell |v_\ell|^2 \Bigr)
              + \alpha (\text{nodes} + \text{prices of splits}),

    where a row's score :math:`F_i` is a constant plus the values of the leaves that it reaches, W the sum of the
    weights, and L half the squared error for forests that average their trees (of one-hot classes: half the Brier
    score) and the ensemble's own loss for boosted ones. Block descent takes one tree at a time and finds the best of
    all its prunings with the other trees fixed; a tree that does not earn its nodes is dropped. The descent starts from
    the unpruned model at a small alpha, and at each larger alpha from the pruning before.

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
        :math:`\lambda`: how much leaf values are shrunk. It acts like this many more rows in each leaf for which the
        tree has nothing to add (in hessians, where the loss is not the squared error). Besides size this parameter
        matters most. Choose it on rows on which the leaves were not estimated, as `compress` does.
    shrink_to : {"zero", "values"}, optional
        Whether `reg` shrinks leaves towards zero or towards the values :math:`v^0` that their nodes had, the penalty
        then being :math:`|v - v^0|^2`. None: "values" for boosted ensembles with another loss than the squared error,
        which have mostly overfitted their training rows and do so again when shrunk towards zero; else "zero". Both
        are worth trying.
    leaf_refit : bool, default=True
        Whether leaves are estimated again; if not, each keeps the value that its node had.
    price : array-like of shape (n_features,), optional
        What a split on each feature costs besides its node, in nodes, so that features that cost money to know can be
        priced out. It is paid at every split.
    constraint : {None, "leaf"}, default=None
        "leaf" keeps the values of each leaf of a classifier probabilities, which costs accuracy. No tree is dropped
        then.
    link : {"simplex", "softmax"}, default="simplex"
        How the scores of a forest's or bagged classifier's rows become probabilities without that constraint: the
        result is of another class, see `treeprune.links`.
    temperature : float, optional
        Of "softmax"; None: the one with the least log-loss on the rows, which should then not be those that the leaves
        are estimated on.
    loss : str or callable, optional
        The loss of a boosted ensemble in the place of its own, for one that was trained by a function of one's own: a
        name, such as "squared_error", "logistic", "poisson" or "absolute_error", one of the classes of
        `treeprune.core.losses` with its parameters, or a function ``(y, margin) -> gradient, hessian``, as XGBoost and
        LightGBM take it for their objective.
    tol : float, default=1e-3
        Cycles over the trees end when one wins less than this share of the objective.
    max_cycles : int, default=30
        Largest number of cycles at one alpha.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows together as many as they are: `core.counts`.

    Losses that are proportional to the distance from the target (absolute error, quantiles) are multiplied by the mean
    distance at a constant score, so that `reg` and `alpha` do not depend on the unit of the target.

    Takes O((rows + nodes) x columns of the score) per tree and cycle, and holds the leaf ids of all rows in all trees
    (4 bytes each). Rows may be those that grew the model. Out-of-bag rows count in the trees that did not see them, as
    if those stood for all trees.

    The search may as well start from a forest whose out-of-bag rows have pruned each tree by itself, such as
    ``TreePruner(forest, "reduced_error", validation="oob").fit(X, y).estimator_``: a smaller model to prune jointly,
    about as good in the end. `compress` tries both.

    References
    ----------
    S. Ren, X. Cao, Y. Wei, J. Sun (2015). Global refinement of random forest. CVPR, 723-730.

    B. Liu, R. Mazumder (2023). ForestPrune: compact depth-pruned tree ensembles. AISTATS, PMLR 206, 9417-9428.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from treeprune import prune
    >>> from treeprune.methods import JointPruning
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    >>> small = prune(forest, JointPruning(max_nodes=200), X, y)
    >>> sum(tree.tree_.node_count for tree in small.estimators_) <= 200
    True
    """

    alias = "joint"

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
        leaf_refit=True,
        price=None,
        loss=None,
        constraint=None,
        link="simplex",
        temperature=None,
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
        self.leaf_refit = leaf_refit
        self.price = price
        self.loss = loss
        self.constraint = constraint
        self.link = link
        self.temperature = temperature
        self.tol = tol
        self.max_cycles = max_cycles

    def _check_parameters(self):
        super()._check_parameters()
        self._check_bool("leaf_refit")
        self._check_choice("constraint", (None, "leaf"))
        self._check_choice("link", ("simplex", "softmax"))
        self._check_number("temperature", 0.0, closed="neither", none=True)

    def _confines(self, additive):
        return self.constraint == "leaf" and additive.forest.task == "classification"

    def _plan(self, additive, pruning, rows):
        plan = super()._plan(additive, pruning, rows)
        return replace(plan, value=plan.value.clip(0.0, 1.0)) if self._confines(additive) else plan  # but for rounding

    def _options(self, additive):
        if self._confines(additive):
            n_trees = additive.forest.n_trees
            return {"values": "simplex", "low": -additive.intercept / n_trees, "total": 1.0 / n_trees, "drop": False}
        return {"values": "free"} if self.leaf_refit else {"values": "given", "ridge": 0.0}

    def _link(self, additive, pruning, rows):
        """The link of a classifier's scores, where they may leave the simplex."""
        if not additive.has_free_scores or self.constraint is not None:
            return None
        if self.link == "simplex" or self.temperature is not None:
            return self.link, self.temperature or 1.0
        from ..links import best_temperature

        score = additive.score(pruning, rows)
        score = np.concatenate([1.0 - score, score], axis=1) if score.shape[1] == 1 else score
        return self.link, best_temperature(score, rows.target[:, 0], rows.sample_weight)
