"""Transformers side by side: those of some columns each, and those of all columns."""

from copy import copy

import numpy as np

from .base import Narrowed, Narrower, names_of, with_columns
from .choosing import behind_choice, passing_on
from .narrow import is_sparse_after, narrow, narrow_steps, passes


class PipelineNarrower(Narrower):
    """Transformers one after the other."""

    models = ("sklearn.pipeline.Pipeline", "imblearn.pipeline.Pipeline")

    def is_sparse(self, given):
        return is_sparse_after(self.step.steps, given, self.exact)

    def narrowed(self, wanted, given):
        found = narrow_steps(self.step.steps, wanted, given, self.exact)
        step = copy(self.step)
        step.steps = found.step
        return found._replace(step=step)


class ColumnsNarrower(Narrower):
    """Transformers of some columns each. Those of which nothing is needed leave, and columns that none takes."""

    models = ("sklearn.compose._column_transformer.ColumnTransformer",)

    def is_sparse(self, given):
        return bool(self.step.sparse_output_)

    def narrowed(self, wanted, given):
        places, comes_out = self.step._transformer_to_input_indices, self.step.output_indices_
        needs, gives, left = np.zeros(self.step.n_features_in_, bool), np.zeros_like(wanted), []
        for name, step, columns in self.step.transformers_:
            out = comes_out[name]
            if not wanted[out].any():
                continue
            found = self._one(step, wanted[out], given)
            of_it = np.asarray(places[name])
            of_it = of_it if found.needs is None else of_it[found.needs]
            needs[of_it], gives[out] = True, found.gives
            left.append((name, found, columns, of_it))
        return Narrowed(self._of(left, needs), needs, gives)

    def _one(self, step, wanted, given):
        if isinstance(step, str):  # "passthrough"
            return Narrowed(step, wanted, wanted)
        return narrow(step, wanted, False if names_of(self.step) is not None else given, self.exact)

    def _of(self, left, needs):
        """A copy that holds narrowed transformers, each of columns at some places."""
        step, place, names = with_columns(self.step, needs), np.cumsum(needs) - 1, names_of(self.step)
        step.transformers_, step._transformer_to_input_indices, step.output_indices_, first = [], {}, {}, 0
        for name, found, columns, of_it in left:
            to = place[of_it].tolist()
            if np.isscalar(columns):  # one column, as a vector
                chosen = columns if isinstance(columns, str) else to[0]
            else:
                by_name = not isinstance(columns, slice) and all(isinstance(column, str) for column in columns)
                chosen = names[of_it].tolist() if by_name else to
            step.transformers_.append((name, found.step, chosen))
            step._transformer_to_input_indices[name] = to
            step.output_indices_[name] = slice(first, first := first + int(np.count_nonzero(found.gives)))
        step._transformer_to_input_indices.setdefault("remainder", [])
        step.output_indices_.setdefault("remainder", slice(0, 0))
        chosen = {name: columns for name, _, columns in step.transformers_}
        step.transformers = [(name, given, chosen[name]) for name, given, _ in self.step.transformers if name in chosen]
        step._columns = [columns for *_, columns in step.transformers]
        step.remainder = self.step.remainder if "remainder" in chosen else "drop"
        step._remainder = ("remainder", step.remainder, chosen.get("remainder", []))
        vars(step).pop("_transformers_feature_names_out", None)  # of the rows that were transformed last
        return step


class UnionNarrower(Narrower):
    """Transformers that all take the same columns: each gets those that one of them needs."""

    models = ("sklearn.pipeline.FeatureUnion",)

    def is_sparse(self, given):
        kinds = [is_sparse_after([part], given, self.exact) for part in self._parts]
        return True if True in kinds else None if None in kinds else False

    @property
    def _parts(self):
        return [
            (name, step) for name, step in self.step.transformer_list if not (isinstance(step, str) and step == "drop")
        ]

    def narrowed(self, wanted, given):
        found = self._each(wanted, given)
        tables = [part.needs for part in found if part is not None]
        needs = None if not tables or any(table is None for table in tables) else np.any(tables, axis=0)
        if not found or (needs is None and any(table is not None for table in tables)):
            return super().narrowed(wanted, given)
        step, gives = copy(self.step), []
        step.transformer_list = []
        for (name, original), part, size in zip(self._parts, found, self._sizes(len(wanted)), strict=True):
            gives.append(np.zeros(size, bool) if part is None else part.gives)
            if part is None:
                continue
            one = self._of_shared_columns(name, original, part, needs, given)
            if one is None:
                return super().narrowed(wanted, given)
            step.transformer_list.append((name, one))
        vars(step).pop("_transformers_feature_names_out", None)  # of the rows that were transformed last
        return Narrowed(step, needs, np.concatenate(gives))

    def _each(self, wanted, given):
        """Each part narrowed, None for those that leave; nothing if the columns of the parts cannot be told apart."""
        sizes = self._sizes(len(wanted))
        if sizes is None:
            return []
        kinds = [is_sparse_after([part], given, self.exact) for part in self._parts]
        of_parts = [mask.copy() for mask in np.split(wanted, np.cumsum(sizes)[:-1])]
        some_sparse = any(kind and mask.any() for kind, mask in zip(kinds, of_parts, strict=True))
        found = []
        for (_, step), kind, mask in zip(self._parts, kinds, of_parts, strict=True):
            if not mask.any() and (some_sparse or kind is False or not len(mask)):
                found.append(None)
                continue
            if not mask.any():  # without this part, rows that were sparse might be dense
                mask[0] = True
            found.append(Narrowed(step, mask, mask) if passes(step) else narrow(step, mask, given, self.exact))
        return found

    def _sizes(self, n_out):
        """How many columns each part gives; None: it cannot be told."""
        sizes = [_n_out(step) for _, step in self._parts]
        sizes = [
            self.step.n_features_in_ if passes(step) else size
            for (_, step), size in zip(self._parts, sizes, strict=True)
        ]
        if sizes.count(None) == 1:
            sizes[sizes.index(None)] = n_out - sum(size for size in sizes if size is not None)
        return None if None in sizes else sizes

    def _of_shared_columns(self, name, original, part, needs, given):
        """A part as it takes what one of the parts needs; None: it cannot be told whether its rows are sparse."""
        if part.needs is None or np.array_equal(part.needs, needs):
            return part.step
        within, names = part.needs[needs], names_of(self.step if passes(original) else original)
        names = None if names is None else names[needs]
        sparse = given if passes(original) else is_sparse_after([(name, original)], given, self.exact)
        if sparse is None:
            return None
        if passes(original):
            return passing_on(within, names, sparse, self.step)
        return behind_choice(name, part.step, within, names, sparse, int(np.count_nonzero(part.gives)))


def _n_out(step):
    """How many columns a transformer gives, or None."""
    if not hasattr(step, "get_feature_names_out"):
        return None
    try:
        return len(step.get_feature_names_out())
    except (AttributeError, ValueError):  # of a function that does not say
        return None
