"""What every pruning method is: a small estimator that turns a Forest and rows into a Plan."""

from abc import abstractmethod
from typing import ClassVar

from ..core.forest import Forest
from ..core.method import Method
from ..core.path import Path
from ..core.plan import Plan
from ..core.rows import Rows

#: What the trees of a Forest are for, in messages.
_TREES = {
    "classification": "trees for classification",
    "regression": "trees for regression",
    "margin": "trees of gradient boosting",
    "path_length": "trees of an isolation forest",
}


class PruningMethod(Method):
    """A method that prunes trees. Parameters are stored unchanged and checked when the method is used.

    Attributes
    ----------
    alias : str
        Name under which the method goes as a string.
    needs_rows : bool
        Whether the method needs rows that did not grow the tree.
    needs_training_rows : bool
        Whether the method needs the rows that did grow the tree.
    counts_rows : bool
        Whether the result depends on how many rows there are, and not on the proportions of their weights alone. Such
        methods take weights for numbers of rows by the rule of `core.counts`.
    tasks : tuple of str, or None
        What a Forest's values may mean for the method to apply; None: anything.
    knob : str or None
        Name of the parameter that sets how much is pruned.
    nested : bool
        Whether the trees that the knob gives are nested in one another.
    soft : bool
        Whether all nodes stay and only values change.
    for_ensembles : bool
        Whether the method weighs the trees of an ensemble against each other; else it prunes each tree by itself.
    needs_parameters : bool
        Whether the method prunes nothing with its default parameters.
    examples : tuple of dict
        Parameters with which the method prunes a fully grown tree (or for an ensemble method, an ensemble) of some
        hundred rows: what it is shown and tested with.

    Examples
    --------
    A method of one's own says in a Plan which nodes become leaves; `treeprune.testing.check_method` tests it.

    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import prune
    >>> from treeprune.core.plan import Plan
    >>> from treeprune.methods import PruningMethod
    >>> class PureEnough(PruningMethod):
    ...     def __init__(self, impurity=0.1):
    ...         self.impurity = impurity
    ...     def plan(self, forest, rows=None):
    ...         return Plan(collapse=forest.impurity <= self.impurity)
    >>> tree = DecisionTreeClassifier(random_state=0).fit(*load_iris(return_X_y=True))
    >>> print(tree.get_n_leaves(), prune(tree, PureEnough()).get_n_leaves())
    9 6
    """

    needs_rows: ClassVar[bool] = False
    needs_training_rows: bool = False
    counts_rows: bool = False
    tasks: ClassVar[tuple[str, ...] | None] = None
    knob: ClassVar[str | None] = None
    nested: ClassVar[bool] = False
    soft: ClassVar[bool] = False
    for_ensembles: ClassVar[bool] = False

    @property
    def methods_in_order(self) -> list["PruningMethod"]:
        """The methods to carry out one after the other, each on the model that the one before gave."""
        return [self]

    def takes(self, task: str) -> bool:
        """Whether the method is for trees whose values mean this, one of the tasks of a Forest."""
        return all(method.tasks is None or task in method.tasks for method in self.methods_in_order)

    @abstractmethod
    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """What to prune.

        Parameters
        ----------
        forest : Forest
            The trees of a fitted model.
        rows : Rows, optional
            Rows to judge by; None: statistics of the training rows, as stored in the model.
        """

    def _check_task(self, forest):
        if self.tasks is not None and forest.task not in self.tasks:
            taken, got = " or ".join(_TREES[task] for task in self.tasks), _TREES.get(forest.task, forest.task)
            raise ValueError(f"{type(self).__name__} prunes {taken}. Got {got}.")


class PathMethod(PruningMethod):
    """A method that can give all its trees at once, whatever the value of its knob. Most are nested in one another."""

    nested = True

    @abstractmethod
    def path(self, forest: Forest, rows: Rows | None = None) -> Path:
        """All trees that the method gives, from the largest to the smallest."""

    def path_and_plan(self, forest: Forest, rows: Rows | None = None) -> tuple[Path, Plan]:
        """`path` and `plan`; a method whose plan is a step of its path makes that once."""
        return self.path(forest, rows), self.plan(forest, rows)
