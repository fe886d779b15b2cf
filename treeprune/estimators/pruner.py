"""Pruner: fit, then prune, as one scikit-learn estimator."""

from dataclasses import replace
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import _num_samples, check_memory

from ..adapters import find_adapter
from ..adapters.base import check_weights
from ..adapters.offsets import check_both_offsets, offset_of
from ..composites.base import Given
from ..composites.exchange import exchanged, inside, with_tree_models
from ..composites.fitting import step_to_fit, weights_by_name
from ..core.parameters import check_bool, is_number, refuse
from ..core.refit import refit_plan
from ..core.targets import check_target
from ..layers.methods import LayerMethod
from ..methods import PathMethod, as_any_method
from ..pruning import Written, carry_out
from .base import PrunedEstimator
from .fitting import (
    are_weighed,
    fit_estimator,
    take,
    take_offset,
    take_params,
    warn_of_growing_rows,
)
from .grown import GrownLayers, adapters_inside, fitted, if_needed


class Pruner(PrunedEstimator):
    """Fit a model and prune it: a tree model, or one made of weights.

    A classifier, regressor or outlier detector as its inner estimator is. Works in a Pipeline, and
    ``GridSearchCV(Pruner(tree), {"method__alpha": [...]})`` searches the strength. `TreePruner` is the same.

    Parameters
    ----------
    estimator : estimator
        The model to fit: a tree model, a linear model, a multi-layer perceptron, or one that holds such models, as deep
        as they stand (a Pipeline, a search, a calibrated, voting or stacked model, ...). It is cloned. Of one that
        holds several, all that are of the method's kind are pruned by it at the same strength, each in its own unit
        and by the rows that it sees.
    method : PruningMethod, LayerMethod or str, default="cost_complexity"
        How to prune, and what: tree models or those made of weights. The default prunes nothing until its alpha is
        raised.
    validation : None, float, "oob" or splitter, default=None
        Which rows decide what is pruned; the weights that stay of models made of weights are solved again on them.
        None: the training statistics stored in the model, or the training rows themselves for a method that needs rows.
        A float in (0, 1): this fraction of the rows is held out from growing. "oob": each tree's own out-of-bag rows
        (bagged ensembles, also inside models that fit them on all rows, as a Pipeline does). A splitter: the test rows
        of its first split. Rows given as ``X_val`` in `fit` win over it. All of them count by the weights of classes of
        the inner estimator; what is "balanced" is balanced for the rows that it is fitted on.
    shuffle : bool, default=True
        Whether a held-out fraction is drawn at random; if not, it is the last rows.
    stratify : bool, default=True
        Whether a random held-out fraction keeps the proportions of the classes (classifiers with one output).
    refit_leaves : bool, default=False
        Whether the values of the pruned structure are estimated again on all rows, held-out ones included (trees).
    random_state : int, RandomState or None, default=None
        Drives the held-out fraction; the inner estimator has its own.
    memory : str, joblib.Memory or None, default=None
        Cache of the fitted inner estimators, as in `sklearn.pipeline.Pipeline`: candidates that differ in the
        pruning only are then fitted once.

    Attributes
    ----------
    estimator_ : estimator
        The pruned model, of the inner estimator's class.
    n_leaves_, n_nodes_ : int
        Its size, where it is or holds a tree model; for ensembles, of all trees.
    n_weights_, n_units_ : int
        Weights other than zero, and units, where it is or holds a model made of weights; of all of them.
    pruning_path_ : PruningPath
        All trees of the method (methods with a nested path, and a single tree model, only).
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where they were all strings.
    classes_ : ndarray of shape (n_classes,)
        Class labels (classifiers only).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import Pruner
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> pruner = Pruner(tree, "reduced_error", validation=0.3, refit_leaves=True, random_state=0).fit(X, y)
    >>> print(pruner.n_leaves_ < tree.fit(X, y).get_n_leaves())
    True

    A linear model that keeps three of its features:

    >>> from sklearn.linear_model import RidgeClassifier
    >>> from treeprune.methods import MagnitudePruning
    >>> print(Pruner(RidgeClassifier(), MagnitudePruning(amount=0.9)).fit(X, y).n_weights_)
    3
    """

    def __init__(
        self,
        estimator,
        method="cost_complexity",
        validation=None,
        shuffle=True,
        stratify=True,
        refit_leaves=False,
        random_state=None,
        memory=None,
    ):
        self.estimator = estimator
        self.method = method
        self.validation = validation
        self.shuffle = shuffle
        self.stratify = stratify
        self.refit_leaves = refit_leaves
        self.random_state = random_state
        self.memory = memory

    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        X_val: Any = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        base_margin_val: ArrayLike | None = None,
        init_score_val: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the inner estimator and prune it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Training rows, in any form that the inner estimator takes.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), optional
            Targets (None for outlier detectors).
        sample_weight : array-like of shape (n_rows,), optional
            Row weights, for growing and for pruning. A Pipeline's last step is given them by its name; under metadata
            routing, what requests them.
        X_val, y_val, sample_weight_val : array-like, optional
            Rows to prune by, in place of `validation`.
        base_margin_val, init_score_val : array-like of shape (n_rows_val,) or (n_rows_val, n_columns), optional
            Offsets of X_val, under the name that the inner estimator's library has for them.
        **fit_params : dict
            Passed on to the inner estimator's `fit`; ``groups`` goes to the splitter. XGBoost's ``base_margin`` and
            LightGBM's ``init_score``, also of a Pipeline's last step, are the offsets of the rows that prune, too.
            `predict` and `score` know of none: what the library does with them in prediction, `estimator_` does.

        Returns
        -------
        Pruner
            Itself.
        """
        method = as_any_method(self.method)
        self._check_parameters(method, X_val, y_val, sample_weight_val)
        X, y, sample_weight = indexable(X, y, sample_weight)
        check_weights(sample_weight, _num_samples(X))
        if X_val is not None:
            lengths = [_num_samples(X_val), _num_samples(y_val)]
            if lengths[0] != lengths[1]:
                raise ValueError(f"X_val and y_val have inconsistent numbers of samples: {lengths}.")
            check_weights(sample_weight_val, lengths[0], "_val")
        check_target(y)
        check_target(y_val, "y_val")
        params, split_params = self._route(sample_weight, fit_params)
        params, offset = take_offset(self.estimator, X, params)
        _, step = step_to_fit(self.estimator)
        offset_val = offset_of(step, X_val, suffix="_val", base_margin=base_margin_val, init_score=init_score_val)
        check_both_offsets(step, offset, X_val, offset_val)
        grow, judge = self._split(X, y, X_val, split_params)
        X_grow, y_grow, grow_params = take(X, grow), take(y, grow), take_params(params, grow, _num_samples(X))
        grown = check_memory(self.memory).cache(fit_estimator)(clone(self.estimator), X_grow, y_grow, grow_params)
        training = Given(X_grow, y_grow, take(sample_weight, grow), take(offset, grow))
        if X_val is not None:
            judging = Given(X_val, y_val, sample_weight_val, offset_val)
        elif judge is not None:
            judging = Given(*(take(rows, judge) for rows in (X, y, sample_weight, offset)))
        else:
            judging = Given()
        self.__dict__.pop("pruning_path_", None)  # of a fit before
        if isinstance(method, LayerMethod):
            self.estimator_ = GrownLayers(grown, training if judging.X is None else judging).pruned(method)
        else:
            self.estimator_ = self._with_trees_pruned(grown, method, training, judging, are_weighed(grow_params))
        if self.refit_leaves:
            self.estimator_ = exchanged(self.estimator_, _refitted, Given(X, y, sample_weight))
        self._state_sizes(self.estimator_)
        return self

    def _with_trees_pruned(self, grown, method, training, judging, weighed):
        """The fitted model with all tree models inside pruned, by rows of their own or those that it was fitted on."""
        adapters = adapters_inside(grown)
        in_steps = len(method.methods_in_order) > 1  # what one leaves may lack values that the next needs
        if not (method.needs_rows or method.needs_training_rows or in_steps or self.validation == "oob"):
            training = if_needed(adapters.values(), training)
        pruned = {}
        for each in inside(grown, training, judging):
            adapter = adapters[id(each.model)]
            pruned[id(each.model)] = self._pruned(grown, each, adapter, method, weighed, len(adapters))
        return with_tree_models(grown, pruned)

    def _pruned(self, grown, found, adapter, method, weighed, n_models):
        """A tree model inside the fitted one, pruned; the path of a single one is kept."""
        needs_rows = method.needs_rows or method.needs_training_rows
        out_of_bag = isinstance(self.validation, str) and found.seen[1].X is None
        if out_of_bag and not found.exactly:
            raise ValueError(
                f"The 'validation' parameter must not be 'oob' for {type(grown).__name__}: which rows it fitted the "
                f"{type(found.model).__name__} inside on is not known."
            )

        def rows_to_judge_by(adapter):
            adapter, (training, judging) = fitted(adapter, found, weighed), found.seen
            if judging.X is not None:
                adapter.check_rows(judging.X, judging.y, "_val")
            if judging.X is None and needs_rows and not out_of_bag:
                return adapter.with_rows(*training)
            adapter = adapter.completed(*training)
            if judging.X is not None:
                return adapter.with_rows(*judging)
            return adapter, adapter.oob_rows(*training[:3]) if out_of_bag else None

        if not isinstance(method, PathMethod):
            return carry_out(adapter, method, rows_to_judge_by)
        adapter, rows = rows_to_judge_by(adapter)
        path, plan = method.path_and_plan(adapter.forest, rows)
        if n_models == 1:
            self.pruning_path_ = replace(path, write=Written(grown, adapter))
        return adapter.prune(plan)

    def get_metadata_routing(self) -> MetadataRouter:
        """Where metadata goes: to this estimator, to the inner one's `fit`, and to the splitter."""
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        router.add(estimator=self.estimator, method_mapping=to_fit)
        if _is_splitter(self.validation):
            router.add(splitter=self.validation, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    def _check_parameters(self, method, X_val, y_val, sample_weight_val):
        validation = self.validation
        fraction = is_number(validation, Real) and 0 < validation < 1
        if not (validation is None or fraction or validation == "oob" or _is_splitter(validation)):
            refuse(self, "validation", "None, a float in the range (0.0, 1.0), 'oob' or a splitter")
        for name in ("shuffle", "stratify", "refit_leaves"):
            check_bool(self, name)
        if X_val is None and (y_val is not None or sample_weight_val is not None):
            raise ValueError("The 'y_val' and 'sample_weight_val' parameters need 'X_val'. Got X_val=None.")
        if X_val is not None and y_val is None:
            raise ValueError("The 'X_val' parameter needs 'y_val'. Got y_val=None.")
        if isinstance(method, LayerMethod):
            method.check()
            if isinstance(validation, str):
                refuse(self, "validation", "None, a float in the range (0.0, 1.0) or a splitter for models of weights")
            if self.refit_leaves:
                refuse(self, "refit_leaves", "False for models made of weights")
        elif validation is None and X_val is None and method.needs_rows:
            warn_of_growing_rows(method, "Set validation=, or give X_val and y_val.")

    def _route(self, sample_weight, fit_params):
        """Metadata for the inner estimator's fit and for the splitter."""
        has_splitter = _is_splitter(self.validation)
        if get_config()["enable_metadata_routing"]:
            given = fit_params | ({} if sample_weight is None else {"sample_weight": sample_weight})
            routed = process_routing(self, "fit", **given)
            return dict(routed.estimator.fit), dict(routed.splitter.split) if has_splitter else {}
        given = fit_params | weights_by_name(self.estimator, sample_weight)
        groups = {"groups": given.pop("groups")} if has_splitter and "groups" in given else {}
        return given, groups

    def _split(self, X, y, X_val, split_params):
        """Rows to grow by and rows to judge by, as indices; None: all rows, and no rows of their own."""
        if X_val is not None or self.validation is None or isinstance(self.validation, str):
            return None, None
        if _is_splitter(self.validation):
            return next(iter(self.validation.split(X, y, **split_params)))
        classes = y if self.shuffle and self.stratify and is_classifier(self.estimator) else None
        if classes is not None and np.ndim(classes) > 1 and np.shape(classes)[1] > 1:
            classes = None
        return train_test_split(
            np.arange(_num_samples(X)),
            test_size=self.validation,
            shuffle=self.shuffle,
            stratify=classes,
            random_state=self.random_state,
        )


def _refitted(tree_model, seen):
    """A tree model with the values of its leaves estimated on rows."""
    if getattr(tree_model, "monotonic_cst", None) is not None:
        raise ValueError("The 'refit_leaves' parameter must be False for trees with monotonic constraints.")
    adapter, rows = find_adapter(tree_model).with_rows(*seen)
    return adapter.prune(refit_plan(rows))


def _is_splitter(validation):
    return hasattr(validation, "split") and not isinstance(validation, str)
