"""Encoders of categories."""

import numpy as np

from .base import Narrowed, Narrower, entries_of, with_columns

#: What encoders that join infrequent categories keep of each column besides its categories.
_INFREQUENT = ("_infrequent_indices", "_default_to_infrequent_mappings")


class OrdinalNarrower(Narrower):
    """Columns leave; the codes of those that stay are as they were."""

    models = ("sklearn.preprocessing._encoders.OrdinalEncoder",)

    def is_sparse(self, given):
        return False

    def narrowed(self, wanted, given):
        step = _with_categories(self.step, wanted)
        place = np.cumsum(wanted) - 1
        step._missing_indices = {
            int(place[column]): code for column, code in self.step._missing_indices.items() if wanted[column]
        }
        return Narrowed(step, wanted, wanted)


class OneHotNarrower(Narrower):
    """Categories leave. A value that is none of those left has zeros everywhere, as one that is ignored.

    So `handle_unknown` becomes "ignore": values that the encoder refused are taken then. A column with infrequent
    categories stays as it is while one of its categories is needed, for the others share in a column.
    """

    models = ("sklearn.preprocessing._encoders.OneHotEncoder",)

    def is_sparse(self, given):
        return bool(self.step.sparse_output)

    def narrowed(self, wanted, given):
        ends = np.cumsum(self.step._n_features_outs)
        of_column = np.split(wanted, ends[:-1])
        kept = np.array([chosen.any() for chosen in of_column])
        step = _with_categories(self.step, kept, "_n_features_outs", "drop_idx_", "_drop_idx_after_grouping")
        if self.step._infrequent_enabled or wanted.sum() == sum(len(c) for c in self.step.categories_):
            step.drop = entries_of(self.step.drop, kept) if np.ndim(self.step.drop) else self.step.drop
            return Narrowed(step, kept, np.repeat(kept, self.step._n_features_outs))
        if all(chosen.all() for chosen in of_column if chosen.any()) and self.step.drop is None:
            return Narrowed(step, kept, wanted)
        step.categories_ = [self._shown(column)[chosen] for column, chosen in enumerate(of_column) if chosen.any()]
        step._n_features_outs = [len(categories) for categories in step.categories_]
        step.drop = step.drop_idx_ = step._drop_idx_after_grouping = None
        step.handle_unknown = "ignore"
        if not isinstance(step.categories, str):
            step.categories = step.categories_
        return Narrowed(step, kept, wanted)

    def _shown(self, column):
        """The categories of a column that have columns of their own: all but the one that is dropped."""
        categories, dropped = self.step.categories_[column], self.step.drop_idx_
        if dropped is None or dropped[column] is None:
            return categories
        return np.delete(categories, dropped[column])


class TargetNarrower(Narrower):
    """Columns leave, of several classes each with the columns for all classes."""

    models = ("sklearn.preprocessing._target_encoder.TargetEncoder",)

    def is_sparse(self, given):
        return False

    def narrowed(self, wanted, given):
        n_per_column = len(wanted) // self.step.n_features_in_
        kept = wanted.reshape(-1, n_per_column).any(axis=1)
        gives = np.repeat(kept, n_per_column)
        step = _with_categories(self.step, kept)
        step.encodings_ = entries_of(self.step.encodings_, gives)
        return Narrowed(step, kept, gives)


def _with_categories(encoder, kept, *per_column):
    """An encoder of some of its columns."""
    step = with_columns(encoder, kept, "categories_", *_INFREQUENT, *per_column)
    if not isinstance(encoder.categories, str):
        step.categories = entries_of(list(encoder.categories), kept)
    return step
