"""Transformers side by side: those of some columns each, and those of all columns."""

from copy import copy

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from .base import Narrowed, Narrower, names_of, same_steps, with_columns
from .choosing import as_sparse, behind_choice, is_filter, passing_on
from .narrow import comes_out_sparse, narrow, narrow_steps, passes


class PipelineNarrower(Narrower):
    """Transformers one after the other."""

    models = ("sklearn.pipeline.Pipeline", "imblearn.pipeline.Pipeline")

    def is_sparse(self, given):
        for _, step in self.step.steps:
            given = comes_out_sparse(step, given, self.exact)
        return given

    def narrowed(self, wanted, given):
        found = narrow_steps(self.step.steps, wanted, given, self.exact)
        step = copy(self.step)
        step.steps = found.step
        return found._replace(step=step)

    def is_unchanged(self, found):
        return same_steps(found.step.steps, self.step.steps)


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
        if self.step.sparse_output_ and not any(self._gives_sparse(name, given) for name, *_ in left):
            name, found, *where = left[0]
            left[0] = (name, found._replace(step=as_sparse(found.step, int(np.count_nonzero(found.gives)))), *where)
        return Narrowed(self._of(left, needs), needs, gives)

    def is_unchanged(self, found):
        return super().is_unchanged(found) and same_steps(found.step.transformers_, self.step.transformers_)

    def _one(self, step, wanted, given):
        if isinstance(step, str):  # "passthrough"
            return Narrowed(step, wanted, wanted)
        return narrow(step, wanted, self._given(given), self.exact)

    def _given(self, given):
        """Frames are not sparse."""
        return given if names_of(self.step) is None else False

    def _gives_sparse(self, name, given):
        return comes_out_sparse(self.step.named_transformers_[name], self._given(given), self.exact)

    def _of(self, left, needs):
        """A copy that holds narrowed transformers, each of columns at some places."""
        step, place, names = with_columns(self.step, needs), np.cumsum(needs) - 1, names_of(self.step)
        step.transformers_, step._transformer_to_input_indices, step.output_indices_, first = [], {}, {}, 0
        for name, found, columns, of_it in left:
            to = place[of_it].tolist()
            if np.isscalar(columns):  # one column, as a vector
                chosen = columns if isinstance(columns, str) else to[0]
            else:
                listed = name != "remainder" and not isinstance(columns, slice)
                by_name = listed and all(isinstance(column, str) for column in columns)
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
        kinds = self._kinds(given)
        return True if True in kinds else None if None in kinds else False

    @property
    def _parts(self):
        parts = self.step.transformer_list
        return [(name, step) for name, step in parts if not (isinstance(step, str) and step == "drop")]

    def _kinds(self, given):
        return [comes_out_sparse(step, given, self.exact) for _, step in self._parts]

    def narrowed(self, wanted, given):
        sizes, kinds = self._sizes(len(wanted)), self._kinds(given)
        if sizes is None:
            return super().narrowed(wanted, given)
        parts, gives = [], []
        for (name, step), kind, mask in zip(self._parts, kinds, np.split(wanted, np.cumsum(sizes)[:-1]), strict=True):
            if not mask.any() and (kind is False or True in kinds or not len(mask)):
                gives.append(mask)
                continue
            if not mask.any():  # it cannot be told: without this part, rows that were sparse might be dense
                mask = np.arange(len(mask)) == 0
            found = Narrowed(step, mask, mask) if passes(step) else narrow(step, mask, given, self.exact)
            parts.append((name, step, found))
            gives.append(found.gives)
        tables = [found.needs for *_, found in parts if found.needs is not None]
        if 0 < len(tables) < len(parts):
            return super().narrowed(wanted, given)
        needs = np.any(tables, axis=0) if tables else None
        left = [(name, self._of_shared_columns(step, found, needs, given), found) for name, step, found in parts]
        if True in kinds and not any(comes_out_sparse(step, given, self.exact) for _, step, _ in parts):
            name, step, found = left[0]
            left[0] = (name, as_sparse(step, int(np.count_nonzero(found.gives))), found)
        union = copy(self.step)
        union.transformer_list = [(name, step) for name, step, _ in left]
        vars(union).pop("_transformers_feature_names_out", None)  # of the rows that were transformed last
        return Narrowed(union, needs, np.concatenate(gives))

    def is_unchanged(self, found):
        return super().is_unchanged(found) and same_steps(found.step.transformer_list, self.step.transformer_list)

    def _sizes(self, n_out):
        """How many columns each part gives; None: it cannot be told."""
        n_in = next((getattr(step, "n_features_in_", None) for _, step in self._parts if not passes(step)), None)
        sizes = [n_in if passes(step) else _n_out(step) for _, step in self._parts]
        if sizes.count(None) == 1:
            sizes[sizes.index(None)] = n_out - sum(size for size in sizes if size is not None)
        return None if None in sizes else sizes

    def _of_shared_columns(self, original, part, needs, given):
        """A part as it takes what one of the parts needs."""
        if part.needs is None or np.array_equal(part.needs, needs):
            return part.step
        if needs.all() and part.gives.all() and _chooses(original):
            return original
        within, names = part.needs[needs], names_of(self.step if passes(original) else original)
        names = None if names is None else names[needs]
        sparse = comes_out_sparse(original, given, self.exact)
        if passes(original):
            return passing_on(within, names, sparse, self.step)
        return behind_choice(part.step, within, names, sparse, int(np.count_nonzero(part.gives)))


def _chooses(step):
    """Whether a part takes its own of all columns already."""
    return isinstance(step, ColumnTransformer) or (isinstance(step, Pipeline) and is_filter(step.steps[0][1]))


def _n_out(step):
    """How many columns a transformer gives, or None."""
    if not hasattr(step, "get_feature_names_out"):
        return None
    try:
        return len(step.get_feature_names_out())
    except (AttributeError, ValueError):  # of a function that does not say
        return None
