"""LightGBM's models in compact files."""

import numpy as np

from .lightgbm_format import ModelText, parse, read_forest
from .lightgbm_text import booster_from, render, tree_arrays
from .storage import LOST_FUNCTION, Storage, StoredModel, without_functions


class LightGBMStorage(Storage):
    """The skeleton is the model text without the arrays of its trees."""

    format_name = "lightgbm"
    parts = (
        *(f"lightgbm.sklearn.LGBM{name}" for name in ("Model", "Regressor", "Classifier", "Ranker")),
        "sklearn.preprocessing._label.LabelEncoder",
        LOST_FUNCTION,
    )
    unused = frozenset(
        {"split_gain", "internal_value", "internal_weight", "internal_count", "leaf_weight", "leaf_count"}
    )

    def stored(self, full):
        wrapper = None if self.booster is self.model else without_functions(self.model)
        if wrapper is not None:
            wrapper._Booster = None
        whole = self._saved()
        bare, trees = _taken_apart(whole.trees)
        text = {"header": whole.header, "trees": bare, "tail": whole.tail}
        state = {name: getattr(self.booster, name) for name in ("params", "best_iteration", "best_score")}
        forest = read_forest(whole, as_stored=True).canonical()
        return StoredModel({"wrapper": wrapper, "text": text, "booster": state}, trees, forest)

    @classmethod
    def arrays_of(cls, skeleton, forest):
        return tree_arrays(forest)

    @classmethod
    def assembled(cls, skeleton, trees):
        text, wrapper = skeleton["text"], skeleton["wrapper"]
        whole = [bare | arrays for bare, arrays in zip(text["trees"], trees, strict=True)]
        rendered = render(ModelText(text["header"], whole, text["tail"]), whole)
        model = parse(rendered.encode())
        read_forest(model)
        booster = booster_from(model)
        for name in ("params", "best_iteration", "best_score"):
            setattr(booster, name, skeleton["booster"][name])
        if wrapper is None:
            return booster
        wrapper._Booster = booster
        return wrapper


def _taken_apart(trees: list[dict]) -> tuple[list[dict], list[dict]]:
    """Trees in the form of `ModelText.trees` without their arrays, and the arrays."""
    arrays = [{name: item for name, item in tree.items() if isinstance(item, np.ndarray)} for tree in trees]
    return [
        {name: item for name, item in tree.items() if name not in a} for tree, a in zip(trees, arrays, strict=True)
    ], arrays
