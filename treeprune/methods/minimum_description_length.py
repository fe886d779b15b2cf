"""Pruning by code length (Quinlan & Rivest 1989; Mehta, Rissanen & Agrawal 1995)."""

import numpy as np
from scipy.special import gammaln

from ..core.counts import counted_statistics
from ..core.forest import Forest
from ..core.plan import Plan
from ..core.risk import check_finite, require_target, resolution
from ..core.rows import Rows
from .base import PruningMethod

_CODES = ("auto", "krichevsky_trofimov", "mehta", "quinlan_rivest", "gaussian")
_LN2 = np.log(2.0)


class MinimumDescriptionLength(PruningMethod):
    r"""Prune to the tree that takes the fewest bits to send, together with the targets given the tree.

    Use it when no rows can be held out and no strength is to be tuned, and small trees are wanted. On classes that
    need many leaves, or that have hardly any noise, it may prune more or less than held-out rows would suggest.

    A tree is sent node by node: one bit says whether a node is a leaf. A
    split then takes :math:`\log_2 p + \log_2 (n - 1)` bits, to name one of :math:`p` features and one of the
    :math:`n - 1` places between the node's :math:`n` rows (not fewer than 0). A leaf takes the code length of the
    targets of its rows. One bottom-up pass finds the cheapest pruning; ties prune.

    Parameters
    ----------
    code : {"auto", "krichevsky_trofimov", "mehta", "quinlan_rivest", "gaussian"}, default="auto"
        Code of a leaf's targets. "auto": "krichevsky_trofimov" for classifiers, "gaussian" for regressors.

        "krichevsky_trofimov"
            For class counts :math:`n_1 \dots n_k` with sum n, minus :math:`\log_2` of their probability when the
            next class is predicted by :math:`(n_i + 1/2) / (n + k/2)` (Krichevsky & Trofimov 1981):

            .. math:: \log_2 \frac{\Gamma(n + k/2)}{\Gamma(k/2)} - \sum_i \log_2 \frac{\Gamma(n_i + 1/2)}{\Gamma(1/2)}.

        "mehta"
            The stochastic complexity as Mehta et al. (1995) state it, an approximation for large n,

            .. math:: \sum_i n_i \log_2 \frac{n}{n_i} + \frac{k - 1}{2} \log_2 \frac{n}{2}
                      + \log_2 \frac{\pi^{k/2}}{\Gamma(k/2)}.

            Of few rows and many classes it makes less than nothing: a leaf of one row of 26 classes has -19 bits, so
            that splitting into such leaves seems to pay. The code above has no such defect, and is the default.
        "quinlan_rivest"
            A default class, :math:`\log_2 k` bits, and where the :math:`e` exceptions among n rows are,
            :math:`L(n, e, b) = \log_2 (b + 1) + \log_2 \binom{n}{e}` bits, with b the most exceptions there can
            be when the default is the commonest of k classes, :math:`n (k - 1) / k`, where Quinlan and Rivest
            take :math:`(n + 1) / 2` for two classes, as here. With more than two classes the exceptions are sent in
            the same way, with one class fewer, until none is left (Quinlan & Rivest 1989, sections 3 and 5).
        "gaussian"
            Minus :math:`\log_2` of the marginal likelihood of the targets under a normal distribution whose mean
            and variance have the normal-inverse-gamma prior worth one row, centred on the root's mean and variance:
            with :math:`\kappa = \nu = n + 1` and S the sum of squares about the node's mean, in units of the root's
            variance, and :math:`\delta` the distance of the two means,

            .. math:: \log_2 \frac{\Gamma(1/2)}{\Gamma(\nu / 2)} + \frac{1}{2} \log_2 \kappa
                      + \frac{\nu}{2} \log_2 \Bigl(1 + S + \frac{n}{n + 1} \delta^2\Bigr) + \frac{n}{2} \log_2 \pi,

            up to a constant per row (Murphy 2007, eq. 171). It is to regression what Krichevsky and Trofimov's
            mixture is to class counts, and stays finite for leaves of one row. With d outputs, n counts d times in
            :math:`\nu` and in the last term, and the second term counts d times.

    Notes
    -----
    Whole weights count as that many rows, others in proportion, all rows of a tree as many as they are: `core.counts`.

    References
    ----------
    R. E. Krichevsky, V. K. Trofimov (1981). The performance of universal encoding. IEEE Transactions on Information
    Theory 27, 199-207.

    M. Mehta, J. Rissanen, R. Agrawal (1995). MDL-based decision tree pruning. KDD-95, 216-221.

    J. R. Quinlan, R. L. Rivest (1989). Inferring decision trees using the minimum description length principle.
    Information and Computation 80, 227-248.

    K. P. Murphy (2007). Conjugate Bayesian analysis of the Gaussian distribution. Technical report, UBC.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from treeprune import prune
    >>> X, y = load_diabetes(return_X_y=True)
    >>> tree = DecisionTreeRegressor(random_state=0).fit(X, y)
    >>> small = prune(tree, "mdl")
    >>> print(small.get_n_leaves() < tree.get_n_leaves() / 10)
    True
    """

    alias = "mdl"
    counts_rows = True

    def __init__(self, code="auto"):
        self.code = code

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The nodes whose branch takes more bits than it saves."""
        from ..search.bottom_up import cheapest

        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # refused on the next line
            leaf_bits, n = self._leaf_bits(forest, rows)
        check_finite(forest, leaf_bits + n, "code length")
        split_bits = 1 + np.log2(forest.n_features) + np.log2(np.maximum(n - 1, 1))
        return Plan(collapse=cheapest(forest, 1 + leaf_bits, split_bits, tolerance=resolution(leaf_bits)))

    def _leaf_bits(self, forest, rows):
        self._check_choice("code", _CODES)
        require_target(forest)
        own = "krichevsky_trofimov" if forest.task == "classification" else "gaussian"
        code = own if self.code == "auto" else self.code
        if (code == "gaussian") != (forest.task == "regression"):
            raise ValueError(f"The 'code' parameter {self.code!r} does not fit a {forest.task} tree; use 'auto'.")
        statistics = counted_statistics(forest, rows)
        if code == "gaussian":
            return _gaussian_bits(forest, statistics), statistics.weight
        bits = _CLASS_BITS[code]
        of_output = [statistics.class_weight[:, o, :k] for o, k in enumerate(forest.n_classes)]
        return sum(bits(of_class) for of_class in of_output), statistics.weight


def krichevsky_trofimov_bits(counts):
    """Length of Krichevsky and Trofimov's code of classes with counts of shape (n_nodes, n_classes), in bits."""
    n, k = counts.sum(axis=1), counts.shape[1]
    nats = gammaln(n + k / 2) - gammaln(k / 2) - (gammaln(counts + 0.5) - gammaln(0.5)).sum(axis=1)
    return nats / _LN2


def mehta_bits(counts):
    """Stochastic complexity of class counts, shape (n_nodes, n_classes), in bits; 0 for a node without rows."""
    n, k = counts.sum(axis=1), counts.shape[1]
    safe = np.where(n > 0, n, 1)
    share = np.divide(counts, safe[:, None], where=counts > 0, out=np.ones_like(counts))
    constant = (k / 2 * np.log(np.pi) - gammaln(k / 2)) / _LN2
    bits = -(counts * np.log2(share)).sum(axis=1) + (k - 1) / 2 * np.log2(safe / 2) + constant
    return np.where(n > 0, bits, 0.0)


def quinlan_rivest_bits(counts):
    """Bits for a default class and the exceptions to it, of class counts of shape (n_nodes, n_classes)."""
    falling = -np.sort(-counts, axis=1)
    bits, n = np.zeros(len(counts)), counts.sum(axis=1)
    for n_classes, of_default in zip(range(counts.shape[1], 1, -1), falling.T, strict=False):
        exceptions = n - of_default
        most = (n + 1) / 2 if n_classes == 2 else n * (n_classes - 1) / n_classes
        where = np.log2(most + 1) + log2_binomial(n, exceptions)
        bits += np.where(n > 0, np.log2(n_classes) + where, 0.0)
        n = exceptions
    return bits


_CLASS_BITS = {
    "krichevsky_trofimov": krichevsky_trofimov_bits,
    "mehta": mehta_bits,
    "quinlan_rivest": quinlan_rivest_bits,
}


def log2_binomial(n, k):
    """Logarithm to base 2 of a binomial coefficient of real arguments."""
    return (gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / _LN2


def _gaussian_bits(forest, statistics):
    n, root, d = statistics.weight, forest.root[0], forest.n_outputs
    safe = np.where(n > 0, n, 1)
    mean = statistics.total / safe[:, None]
    squares = np.maximum(statistics.square.sum(axis=1) - (safe[:, None] * mean**2).sum(axis=1), 0)
    distance = ((mean - mean[root]) ** 2).sum(axis=1)
    return gaussian_bits(n, squares, distance, squares[root] / (d * safe[root]), d)


def gaussian_bits(n, squares, distance, variance, n_outputs=1):
    """Normal-inverse-gamma code length in bits, up to a constant per row.

    Parameters
    ----------
    n, squares, distance : ndarray of shape (n_nodes,)
        Number of rows, sum of squares about the node's mean, squared distance of that mean to the root's.
    variance : float
        The root's variance.
    n_outputs : int, default=1
    """
    spread = (squares + n / (n + 1) * distance) / (variance or 1.0)
    nu = 1 + n_outputs * n
    nats = (
        gammaln(0.5)
        - gammaln(nu / 2)
        + n_outputs / 2 * np.log(n + 1)
        + nu / 2 * np.log1p(spread)
        + n_outputs * n / 2 * np.log(np.pi)
    )
    return nats / _LN2
