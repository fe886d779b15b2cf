"""The names that `Pruner` and `PrunerCV` have for tree models."""

from .pruner import Pruner
from .pruner_cv import PrunerCV


class TreePruner(Pruner):
    """Fit a tree model and prune it: a `Pruner`, with the same parameters and attributes.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import TreePruner
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> pruner = TreePruner(tree, "reduced_error", validation=0.3, refit_leaves=True, random_state=0).fit(X, y)
    >>> print(pruner.n_leaves_ < tree.fit(X, y).get_n_leaves())
    True
    """


class TreePrunerCV(PrunerCV):
    """Fit a tree model and prune it as strongly as cross-validation says: a `PrunerCV`, and the same in all.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import TreePrunerCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> pruner = TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y)
    >>> pruner.pruning_path_.n_leaves
    array([22, 18, 16, 13, 12, 11, 10,  9,  7,  6,  4,  3,  2,  1])
    >>> pruner.n_leaves_
    3
    """
