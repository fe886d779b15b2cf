"""Methods one after the other."""

from ..core.forest import Forest
from ..core.plan import Plan
from ..core.rows import Rows
from .base import PruningMethod
from .hierarchical_shrinkage import HierarchicalShrinkage
from .max_depth import MaxDepth
from .min_samples import MinSamples
from .parameters import NestedMethods


class Sequence(NestedMethods, PruningMethod):
    """Several methods, one after the other, as one method.

    Use it to prune hard and then shrink, or to clean up after another method. Each step sees the model that the step
    before gave, with rows routed through it anew.

    Parameters
    ----------
    methods : list of PruningMethod or str, default=()
        The steps, or their aliases. An empty list prunes nothing.

    Notes
    -----
    The parameters of a step go by its place, be it a method or an alias: ``set_params(**{"0__alpha": 0.1})``;
    ``method__0__alpha`` where the sequence itself is the parameter ``method``.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from treeprune import prune
    >>> from treeprune.methods import CostComplexity, HierarchicalShrinkage, Sequence
    >>> tree = DecisionTreeRegressor(random_state=0).fit(*load_diabetes(return_X_y=True))
    >>> both = Sequence([CostComplexity(), HierarchicalShrinkage(reg=10)]).set_params(**{"0__n_leaves": 20})
    >>> prune(tree, both).get_n_leaves()
    20
    """

    alias = "sequence"
    needs_parameters = True
    examples = ({"methods": [MaxDepth(6), HierarchicalShrinkage(reg=5), MinSamples(leaf=2)]},)

    def __init__(self, methods=()):
        self.methods = methods

    @property
    def methods_in_order(self) -> list[PruningMethod]:
        """The steps, those of sequences within the sequence included."""
        from . import as_method

        if not isinstance(self.methods, (list, tuple)):
            raise ValueError(f"The 'methods' parameter of Sequence must be a list. Got {self.methods!r} instead.")
        return [part for method in self.methods for part in as_method(method, "methods").methods_in_order]

    @property
    def needs_rows(self) -> bool:  # type: ignore[override]
        """Whether a step needs rows that did not grow the tree."""
        return any(method.needs_rows for method in self.methods_in_order)

    @property
    def needs_training_rows(self) -> bool:  # type: ignore[override]
        """Whether a step needs the rows that did grow the tree."""
        return any(method.needs_training_rows for method in self.methods_in_order)

    @property
    def counts_rows(self) -> bool:  # type: ignore[override]
        """Whether a step counts rows."""
        return any(method.counts_rows for method in self.methods_in_order)

    def plan(self, forest: Forest, rows: Rows | None = None) -> Plan:
        """The plan of the only step. Several steps have no one plan: each is made for what the one before left."""
        methods = self.methods_in_order
        if len(methods) > 1:
            raise ValueError("A Sequence of several methods has no single plan; use treeprune.prune.")
        return methods[0].plan(forest, rows) if methods else Plan()

    def _methods(self):
        """The steps by their place; none where `methods` is no list, which is refused when it is used."""
        if not isinstance(self.methods, (list, tuple)):
            return {}
        return {str(place): method for place, method in enumerate(self.methods)}

    def _put(self, name, method):
        methods = list(self.methods)  # the list that was given stays as it is
        methods[int(name)] = method
        self.methods = methods
