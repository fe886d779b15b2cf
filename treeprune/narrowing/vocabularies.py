"""Vectorizers of texts and of dicts, and what weighs the terms of a text."""

from copy import copy

import numpy as np

from .base import Narrowed, Narrower, with_columns


class CountNarrower(Narrower):
    """Terms leave the vocabulary, and are not counted any more."""

    models = ("sklearn.feature_extraction.text.CountVectorizer",)

    def is_sparse(self, given):
        return True

    def narrowed(self, wanted, given):
        step = copy(self.step)
        place = np.where(wanted, np.cumsum(wanted) - 1, -1).tolist()
        step.vocabulary_ = {term: place[i] for term, i in self.step.vocabulary_.items() if place[i] >= 0}
        if step.vocabulary is not None:
            step.vocabulary = step.vocabulary_
        vars(step).pop("stop_words_", None)  # of old versions: the terms that were too rare, for inspection only
        return Narrowed(step, None, wanted)


class TfidfNarrower(CountNarrower):
    """Terms leave unless the text's norm is over all of them: then only if predictions may differ."""

    models = ("sklearn.feature_extraction.text.TfidfVectorizer",)

    def narrowed(self, wanted, given):
        if self.exact and self.step.norm is not None:
            return Narrowed(self.step, None, np.ones_like(wanted))
        found = super().narrowed(wanted, given)
        found.step._tfidf = _weights_of(self.step._tfidf, wanted)
        return found


class WeightsNarrower(Narrower):
    """Weights of counted terms: as `TfidfNarrower`."""

    models = ("sklearn.feature_extraction.text.TfidfTransformer",)

    def is_sparse(self, given):
        return True

    def narrowed(self, wanted, given):
        kept = np.ones_like(wanted) if self.exact and self.step.norm is not None else wanted
        return Narrowed(_weights_of(self.step, kept), kept, kept)


class DictNarrower(Narrower):
    """Names leave the vocabulary, and are not looked up any more."""

    models = ("sklearn.feature_extraction._dict_vectorizer.DictVectorizer",)

    def is_sparse(self, given):
        return bool(self.step.sparse)

    def narrowed(self, wanted, given):
        step = copy(self.step)
        step.feature_names_ = [name for name, kept in zip(self.step.feature_names_, wanted, strict=True) if kept]
        step.vocabulary_ = {name: place for place, name in enumerate(step.feature_names_)}
        return Narrowed(step, None, wanted)


def _weights_of(transformer, kept):
    return with_columns(transformer, kept, "idf_")
