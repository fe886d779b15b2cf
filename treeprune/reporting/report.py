"""The report: a page that shows what was pruned, and what the model now says."""

import json
import os
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from .page import render
from .summary import LayersSubject, Subject, best_of_parameter_search, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skops.card import Card


class Report:
    """A report on a pruned model. Made by `treeprune.report`.

    Parameters
    ----------
    summary : dict
        Its figures.
    model : object, optional
        The model that it is about, for `to_model_card`.
    """

    def __init__(self, summary: dict[str, Any], model: Any = None):
        self.summary = summary
        self._model = model

    def to_dict(self) -> dict[str, Any]:
        """The figures: text, numbers, lists and dicts only, ready for JSON."""
        return json.loads(self.to_json())

    def to_json(self) -> str:
        """The figures as JSON."""
        return json.dumps(self.summary, allow_nan=False)

    def to_model_card(self) -> "Card":
        """The figures as a model card, whose `save` writes Markdown.

        Returns
        -------
        skops.card.Card

        Raises
        ------
        MissingExtraError
            skops is not installed.
        """
        from .model_card import model_card

        return model_card(self.summary, self._model)

    @cached_property
    def html(self) -> str:
        """The page: one file, which loads nothing and may run only the script that it brings.

        Raises
        ------
        MissingExtraError
            Jinja2 is not installed.
        """
        return render(self.summary)

    def save(self, path: str | os.PathLike) -> None:
        """Write the page to a file."""
        Path(path).write_text(self.html, encoding="utf-8")

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.summary["title"])}" srcdoc="{escape(self.html)}" '
            'sandbox="allow-scripts" width="100%" height="900"></iframe>'
        )

    def __repr__(self) -> str:
        return f"Report({self.summary['sentence']})"


def report(
    model: Any,
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    base_margin: ArrayLike | None = None,
    init_score: ArrayLike | None = None,
    before: Any = None,
    subgroup: str | int | ArrayLike | None = None,
    held_out: bool = False,
    title: str | None = None,
    feature_names: "Sequence[str] | None" = None,
    class_names: "Sequence[str] | None" = None,
) -> Report:
    """A report on a pruned model, on an ensemble, on selected features or on what `compress` found.

    Its first sentence says whether pruning helped: by rows known to be held out, else by the folds that chose, else by
    the rows given, with a 95 % interval for the change of the score. A loss is marked.

    A PrunerCV of a tree is shown with its cross-validated scores, a tree alone with its cost-complexity path. Of an
    ensemble the page shows the sizes of its trees, what other sizes were tried and, of an isolation forest, how its
    scores are spread; of a linear model or a network, its layers, the scores of other amounts and the largest weights;
    of a selector, what each feature was judged by. A search over parameters is shown by its best model and a table of
    what it tried. No row of X or y is in the report, only counts and scores.

    Parameters
    ----------
    model : object
        A fitted model, Pruner, PrunerCV, one of treeprune's selectors, a GridSearchCV or RandomizedSearchCV
        over any model, a Pipeline that ends in one, or the result of `compress`.
    X : array-like or DataFrame of shape (n_rows, n_features), optional
        Rows to score the model on; held-out ones, if the score is to mean anything.
    y : array-like of shape (n_rows,), optional
        Their targets (none for isolation forests).
    base_margin, init_score : array-like of shape (n_rows,) or (n_rows, n_columns), optional
        Their offsets, for a model that was fitted with such, as in `prune`.
    before : object, optional
        The fitted model before pruning, in the same form (for a Pipeline, a Pipeline). A pruner with a path knows its
        own.
    subgroup : str, int or array-like of shape (n_rows,), optional
        By what scores are split: a column of X, or values of a row each, which the model need not know. Many distinct
        numbers are cut into four parts.
    held_out : bool, default=False
        Say True if X and y had no part in making the model: the page then calls them so, and warns of nothing.
    title : str, optional
        Heading of the page.
    feature_names : sequence of str, optional
        Names of the columns that reach the model; None: those that it was fitted on, else x0, x1, ...
    class_names : sequence of str, optional
        Names for the classes, in the order of ``classes_``.

    Returns
    -------
    Report
        With `save`, `to_dict`, `to_json` and `to_model_card`; a notebook shows it.

    Raises
    ------
    UnsupportedModelError
        No adapter takes the model, or its trees are not nested or have several targets.
    NotFittedError
        The model is not fitted, or a search not with ``refit``.
    ValueError
        Only one of X and y is given, `before` is a model of another kind, `subgroup` is neither a column of X nor as
        long as it, or the names or the offsets do not fit the model.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import TreePrunerCV, report
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> report(TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y))  # doctest: +NORMALIZE_WHITESPACE
    Report(Smaller, with no clear change in score: 22 leaves → 3 leaves;
    CV accuracy 91.7 % → 92.4 % (+0.7 points, 95 % interval −2.6 to +4.1))
    """
    search, model = best_of_parameter_search(model)
    offsets = {"base_margin": base_margin, "init_score": init_score}
    kind = LayersSubject if LayersSubject.takes(model) else Subject
    subject = kind(model, X, y, before, subgroup, held_out, feature_names, class_names, search, offsets)
    return Report(summarise(subject, title), subject.predictor)
