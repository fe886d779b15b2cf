"""The report: a page that shows what was pruned, and what the model now says."""

import base64
import hashlib
import json
import os
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ..extras import import_extra
from .summary import MOST_RULES, show_score, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEMPLATES = Path(__file__).parent / "templates"
#: Most rows of the static table of steps; the slider has all.
_MOST_STEPS = 60


class Report:
    """A report on a pruned model.

    Parameters
    ----------
    summary : dict
        Its figures.
    """

    def __init__(self, summary: dict[str, Any]):
        self.summary = summary

    def to_dict(self) -> dict[str, Any]:
        """The figures: text, numbers, lists and dicts only, ready for JSON."""
        return json.loads(self.to_json())

    def to_json(self) -> str:
        """The figures as JSON."""
        return json.dumps(self.summary, allow_nan=False)

    @cached_property
    def html(self) -> str:
        """The page: one file, which loads nothing and may run only the script that it brings.

        Raises
        ------
        MissingExtraError
            Jinja2 is not installed.
        """
        jinja = import_extra("jinja2", "report")
        markup = import_extra("markupsafe", "report").Markup
        environment = jinja.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        style, script = ((_TEMPLATES / name).read_text("utf-8") for name in ("report.css", "report.js"))
        drawn = ("tree", "steps", "classes", "features", "chosen", "marks", "is_share", "score_name")
        data = json.dumps(
            {name: self.summary[name] for name in drawn} if "tree" in self.summary else None, separators=(",", ":")
        )
        return environment.from_string((_TEMPLATES / "report.html").read_text("utf-8")).render(
            self.summary,
            style=markup(style),
            script=markup(script),
            data=markup(data.replace("<", "\\u003c")),
            style_hash=_hash(style),
            script_hash=_hash(script),
            listed=self._listed_steps(),
            most_rules=MOST_RULES,
            show=show_score,
        )

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

    def _listed_steps(self):
        """Positions in the static table: all, or evenly spread ones and those that are marked."""
        steps = range(len(self.summary.get("steps", ())))
        if len(steps) <= _MOST_STEPS:
            return list(steps)
        marked = {self.summary["chosen"], len(steps) - 1, *self.summary["marks"].values()}
        return sorted(marked | set(steps[:: -(-len(steps) // _MOST_STEPS)]))


def report(
    model: Any,
    X: Any = None,
    y: ArrayLike | None = None,
    *,
    title: str | None = None,
    feature_names: "Sequence[str] | None" = None,
    class_names: "Sequence[str] | None" = None,
) -> Report:
    """A report on a fitted tree, a fitted TreePruner or TreePrunerCV, or an ensemble.

    A TreePrunerCV is shown with its cross-validated scores; a tree alone with its cost-complexity path; of an
    ensemble, the sizes of its trees.

    Parameters
    ----------
    model : object
        A fitted model, or a Pipeline that ends in one.
    X : array-like or DataFrame of shape (n_rows, n_features), optional
        Rows to score the model on; held-out ones, if the score is to mean anything.
    y : array-like of shape (n_rows,), optional
        Their targets.
    title : str, optional
        Heading of the page.
    feature_names : sequence of str, optional
        Names of the columns; None: those that the model was fitted on, else x0, x1, ...
    class_names : sequence of str, optional
        Names for the classes, in the order of ``classes_``.

    Returns
    -------
    Report
        With `save`, `to_dict` and `to_json`; a notebook shows it.

    Raises
    ------
    UnsupportedModelError
        No adapter takes the model, or its trees are not nested or have several targets.
    ValueError
        Only one of X and y is given, or the names do not fit the model.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import TreePrunerCV, report
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> report(TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y))
    Report(22 leaves → 3 leaves; CV accuracy 91.7 % → 92.4 % ± 1.1)
    """
    if (X is None) != (y is None):
        raise ValueError(f"Give X and y together. Got {'y' if X is None else 'X'} only.")
    return Report(summarise(model, X, y, title, feature_names, class_names))


def _hash(text):
    """What a content-security policy names an inline script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
