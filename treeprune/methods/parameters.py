"""Nested parameters of estimators that hold pruning methods, as objects or by alias."""

from typing import Any, Self

from sklearn.base import BaseEstimator

from ..core.method import Method


class NestedMethods(BaseEstimator):
    """An estimator that holds methods: ``method__alpha`` works whether `method` is a method or an alias.

    As in scikit-learn, `get_params` lists nested parameters, and `set_params` sets a method before its parameters. An
    alias stands for its method with default parameters. Setting one of them replaces the alias by the method.
    """

    method: Method | str

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters; with `deep`, those of the methods too, under ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether nested parameters are listed.

        Returns
        -------
        dict of str to object
        """
        from . import ALIASES, LAYER_ALIASES, as_any_method

        params = super().get_params(deep=deep)
        if deep:
            for name, method in self._methods().items():
                params[name] = method
                if isinstance(method, str) and method in {*ALIASES, *LAYER_ALIASES}:
                    method = as_any_method(method)
                if isinstance(method, Method):
                    params |= {f"{name}__{key}": value for key, value in method.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the methods too.

        Parameters
        ----------
        **params : dict
            Values by name; ``method__alpha`` is the parameter ``alpha`` of the method.

        Returns
        -------
        object
            Itself.

        Raises
        ------
        ValueError
            There is no such parameter, or a string whose parameter is set is no alias.
        """
        from . import as_any_method

        own = params.keys() & set(self._get_param_names())
        super().set_params(**{name: params[name] for name in own})
        rest = {name: value for name, value in params.items() if name not in own}
        for name in self._methods():
            if name in rest:
                self._put(name, rest.pop(name))
        for name, method in self._methods().items():
            if isinstance(method, str) and any(key.startswith(f"{name}__") for key in rest):
                self._put(name, as_any_method(method))
        return super().set_params(**rest)

    def _methods(self) -> dict[str, Method | str]:
        """The methods by the names that nested parameters begin with."""
        return {"method": self.method}

    def _put(self, name, method):
        """Put another method in the place of one of `_methods`."""
        setattr(self, name, method)
