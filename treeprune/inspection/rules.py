"""The rules of a tree: as a table, as text, and as exact code in Python and SQL."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..adapters import find_adapter
from ..core.forest import Forest
from ..exceptions import UnsupportedModelError
from ..wrappers import earlier_steps, fitted_model
from .conditions import SQL, CategoryCondition, Condition, Language, Python, Quiet
from .encoded_columns import columns_behind, conditions_on_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of one tree, one per leaf, from left to right; each row fulfils exactly one.

    Parameters
    ----------
    conditions : list of dict of int to Condition or CategoryCondition
        For each rule, the conditions by column.
    values : list
        What each rule predicts: a label, or a number.
    feature_names : list of str
        Names of all columns.
    support : ndarray of shape (n_rules,), or None
        Training rows of each leaf, where the model stores that.
    confidence : ndarray of float64, shape (n_rules,), or None
        Share of the predicted class among a leaf's training rows; None: no classifier.
    impurity : ndarray of float64, shape (n_rules,), or None
        Training impurity of each leaf, where the model stores that.
    comparison : {"<=", "<"}
        The test that sends a row to the left, as the text shows it.
    mentions_missing : ndarray of bool, shape (n_features,), or None
        Columns for which the text says where missing values go; for the others only the code does. None: all columns.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from treeprune import rules
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    >>> found = rules(DecisionTreeRegressor(max_depth=2, random_state=0).fit(X, y))
    >>> found.to_frame()[["rule", "value", "support"]].round(1)
                                 rule  value  support
    0  s5 <= 4.60015 and bmi <= 26.95   96.3      171
    1   s5 <= 4.60015 and bmi > 26.95  159.7       47
    2   s5 > 4.60015 and bmi <= 27.75  162.7      116
    3    s5 > 4.60015 and bmi > 27.75  225.9      108
    >>> found.to_sql("progression").splitlines()[0::5]
    ['CASE', 'END AS "progression"']
    >>> namespace = {}
    >>> exec(found.to_python(), namespace)
    >>> namespace["predict"](X.iloc[0].tolist()) == found.values[3]
    True
    """

    conditions: list[dict[int, Condition | CategoryCondition]]
    values: list
    feature_names: list[str]
    support: NDArray | None = None
    confidence: NDArray[np.float64] | None = None
    impurity: NDArray[np.float64] | None = None
    comparison: str = "<="
    mentions_missing: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def texts(self) -> list[str]:
        """The conditions of each rule as text: to be read, with numbers rounded to six digits.

        Missing values are mentioned where `mentions_missing` says so; otherwise they go the way of most training rows.
        """
        shown = [{column: self._shown(c) for column, c in rule.items()} for rule in self.conditions]
        quiet = () if self.mentions_missing is None else np.flatnonzero(~self.mentions_missing)
        return self._write(shown, self.feature_names, Language(), "always", frozenset(quiet))

    def _shown(self, condition):
        """A condition whose bounds are as open as the splits say; those of the code are exact for rounded values."""
        if not isinstance(condition, Condition) or condition.empty:
            return condition
        low_open = condition.low_open if np.isinf(condition.low) else self.comparison == "<="
        high_open = condition.high_open if np.isinf(condition.high) else self.comparison == "<"
        return replace(condition, low_open=low_open, high_open=high_open)

    def to_frame(self) -> "pd.DataFrame":
        """The rules as a table.

        Returns
        -------
        DataFrame
            One row per rule: rule, value and, where known, support (training rows), share (of all training rows),
            confidence (share of the predicted class) and impurity.
        """
        import pandas as pd

        columns = {"rule": self.texts, "value": self.values}
        if self.support is not None:
            columns |= {"support": self.support, "share": self.support / max(self.support.sum(), 1)}
        optional = {"confidence": self.confidence, "impurity": self.impurity}
        return pd.DataFrame(columns | {name: array for name, array in optional.items() if array is not None})

    def to_text(self) -> str:
        """The rules as numbered lines, with their support and confidence."""
        lines = []
        for index, (text, value) in enumerate(zip(self.texts, self.values, strict=True)):
            notes = [] if self.confidence is None else [f"{self.confidence[index]:.0%}"]
            notes += [] if self.support is None else [f"n={self.support[index]:,}"]
            shown = f"{value:.6g}" if isinstance(value, float) else value
            lines.append(f"{index + 1}. {text} -> {shown}" + (f" ({', '.join(notes)})" if notes else ""))
        return "\n".join(lines) + "\n"

    def to_python(self, name: str = "predict") -> str:
        """A Python function of one row that predicts exactly what the tree does.

        The row is a sequence of all features in the model's order, missing ones NaN (or None, in columns of text),
        categories as `rules` says. Where the model knows no such value and one is asked for, the function returns None.

        Parameters
        ----------
        name : str, default="predict"
            Name of the function.
        """
        if not name.isidentifier():
            raise ValueError(f"The 'name' parameter must be a Python identifier. Got {name!r}.")
        used = sorted({column for rule in self.conditions for column in rule})
        comments = [f"    # x[{column}]: {self.feature_names[column]!a}" for column in used]
        columns = [f"x[{column}]" for column in range(len(self.feature_names))]
        lines = [f"def {name}(x):", *comments]
        for test, value in zip(self._write(self.conditions, columns, Python(), "True"), self.values, strict=True):
            lines += [f"    if {test}:", f"        return {value!r}"]
        return "\n".join(lines) + "\n"

    def to_sql(self, column: str | None = None) -> str:
        """A SQL expression over the columns of a table that gives exactly what the tree predicts.

        Columns hold double precision numbers (exactly what the model was given), missing ones NULL, and categories as
        `rules` says.

        Parameters
        ----------
        column : str, optional
            Name to give to the result (``AS``).
        """
        names = [_quoted(name) for name in self.feature_names]
        lines = ["CASE"]
        for test, value in zip(self._write(self.conditions, names, SQL(), "1 = 1"), self.values, strict=True):
            lines.append(f"  WHEN {test} THEN {SQL().value(value)}")
        return "\n".join([*lines, "END" if column is None else f"END AS {_quoted(column)}"]) + "\n"

    @staticmethod
    def _write(rules, names, language, always, quiet=frozenset()):
        """Each rule in a language. In text, some columns' missing values are not mentioned."""
        tests = (
            [c.write(names[column], Quiet() if column in quiet else language) for column, c in rule.items()]
            for rule in rules
        )
        return [language.both.join(test for test in of_rule if test) or always for of_rule in tests]

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(escape=True)


def rules(
    model: Any,
    *,
    tree: int | None = None,
    feature_names: "Sequence[str] | None" = None,
    class_names: "Sequence[str] | None" = None,
    missing: ArrayLike | None = None,
) -> Rules:
    """The rules of a tree: one per leaf, the conditions on the same feature merged.

    Code made of them predicts exactly what the model does: models round values to single precision before they
    compare, which is worked into the bounds, and missing values take their way. Splits on categories name them as
    the model was given them: of XGBoost and LightGBM the categories of a frame, or whole numbers if it was fitted on
    those. Categories that were not in training take the way that they take in the model, if it takes them.

    The rules of a Pipeline are over the columns that it is given. What `OrdinalEncoder`, `OneHotEncoder` and
    `TargetEncoder` make numbers of is written as the values themselves. Bounds on what `StandardScaler`,
    `MinMaxScaler`, `MaxAbsScaler` and `RobustScaler` give become bounds on what they take, to the last bit of numbers
    of double precision. What `SimpleImputer` puts in the place of missing values says where these go. All of that also
    within `ColumnTransformer`, `FeatureUnion` and other Pipelines, and behind selectors; other steps may be there if
    no split is on what they give.

    Parameters
    ----------
    model : object
        A fitted tree, or with `tree` an ensemble; a pruner, a Pipeline, a search or a FrozenEstimator that holds one.
    tree : int, optional
        Which tree of an ensemble; its rules give what this tree alone says, for boosted trees what it adds to the
        raw score.
    feature_names : sequence of str, optional
        Names of the columns; None: those that the model was fitted on, else x0, x1, ...
    class_names : sequence of str, optional
        Names for the classes, in the order of ``classes_``; None: the labels themselves.
    missing : bool or array-like of bool, shape (n_features,), optional
        Whether text says where missing values go (code always does), for all columns or each that reaches the tree.
        None: for the columns of which the model shows that it learned their way, which is not that of most training
        rows.

    Returns
    -------
    Rules
        With `to_frame`, `to_text`, `to_python` and `to_sql`.

    Raises
    ------
    UnsupportedModelError
        The model has several trees and `tree` is not given, or several targets; it was fitted on a frame with
        categories and does not store which they were; a split is on what a step of the Pipeline, which the message
        names, makes in another way; the model changes what the tree inside predicts, as a calibrated one does.
    ValueError
        A parameter is out of range.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from treeprune import rules
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    >>> print(rules(tree, class_names=["setosa", "versicolor", "virginica"]).to_text())
    1. petal width (cm) <= 0.8 -> setosa (100%, n=50)
    2. petal width (cm) > 0.8 and petal width (cm) <= 1.75 -> versicolor (91%, n=54)
    3. petal width (cm) > 1.75 -> virginica (98%, n=46)
    <BLANKLINE>
    """
    steps, model = earlier_steps(model), fitted_model(model)
    adapter = find_adapter(model)
    forest = _with_rules(one_tree(adapter.forest, tree, type(model).__name__), type(model).__name__)
    columns = columns_behind(steps, adapter.sparse_zeros_are_missing) if steps else None
    first = steps[0][1] if steps else model
    n_columns = getattr(first, "n_features_in_", forest.n_features) if steps else forest.n_features
    names = column_names(first, n_columns, feature_names)
    leaf = np.flatnonzero(forest.is_leaf)
    value, confidence = forest.value[leaf, 0], None
    if forest.task == "classification":
        classes = class_labels(model, class_names)
        total = value.sum(axis=1)
        confidence = value.max(axis=1) / np.where(total > 0, total, 1)
        values = [classes[code] for code in value.argmax(axis=1)]
    else:
        values = value[:, 0].tolist()
    stored = {} if _lacks_statistics(forest) else {"support": forest.n_node_samples, "impurity": forest.impurity}
    stored = {name: None if array is None else array[leaf] for name, array in stored.items()}
    if stored.get("impurity") is not None:
        stored["impurity"] = np.maximum(stored["impurity"], 0.0)  # below zero by rounding only
    found = leaf_conditions(forest, adapter.float_type, adapter.category_values)
    mentioned = learned_missing(forest) if missing is None else np.broadcast_to(missing, forest.n_features)
    if columns:
        found = conditions_on_table(found, columns)
        mentioned = _mentioned_on_table(mentioned, columns, n_columns, everywhere=missing is True)
    options = {"confidence": confidence, "comparison": forest.comparison, "mentions_missing": mentioned}
    return Rules(found, values, names, **options, **stored)


def _mentioned_on_table(mentioned, columns, n_columns, everywhere):
    """The columns of the table whose missing values text mentions."""
    if mentioned is None or everywhere:
        return None
    on_table = np.zeros(n_columns, bool)
    for column, learned in zip(columns, mentioned, strict=True):
        on_table[column.place] |= column.mentions_missing(bool(learned))
    return on_table


def _lacks_statistics(forest):
    """Whether a compact file left out what training rows said: all their counts are zero then."""
    return forest.n_node_samples is not None and not forest.n_node_samples.any()


def learned_missing(forest: Forest) -> NDArray[np.bool_] | None:
    """Columns whose splits learned where missing values go, shape (n_features,); None where the model does not show it.

    scikit-learn sends values that are missing, but were not in training, to the child with more rows. Where a split
    does otherwise, or tells missing values from all others, its column had missing values.
    """
    if forest.missing_go_to_left is None or forest.n_node_samples is None or _lacks_statistics(forest):
        return None
    nodes, rows = forest.internal, forest.n_node_samples
    by_default = rows[forest.children_left[nodes]] > rows[forest.children_right[nodes]]
    learned = (forest.missing_go_to_left[nodes] != by_default) | ~np.isfinite(forest.threshold[nodes])
    columns = np.zeros(forest.n_features, bool)
    columns[forest.feature[nodes[learned]]] = True
    return columns


def leaf_conditions(
    forest: Forest, float_type: type, category_values: dict[int, list] | None = None
) -> list[dict[int, Condition | CategoryCondition]]:
    """For each leaf of a single canonical tree, from left to right, the conditions on its way by column.

    Parameters
    ----------
    forest : Forest
        The tree.
    float_type : type
        Of the numbers that splits compare.
    category_values : dict of int to list, optional
        By column, the values of rows that stand for the codes 0, 1, ...; all others count as missing.
    """
    bound, is_open = exact_bound(forest.threshold, forest.comparison, float_type)
    category_values = category_values or {}
    found: list[dict[int, Condition | CategoryCondition]] = []
    waiting: list[tuple[int, dict[int, Any]]] = [(int(forest.root[0]), {})]
    while waiting:
        node, conditions = waiting.pop()
        if forest.is_leaf[node]:
            found.append(conditions)
            continue
        column = int(forest.feature[node])
        on_set = forest.category_set is not None and forest.category_set[node] >= 0
        here: Any = conditions.get(column) or (CategoryCondition() if on_set else Condition())
        for child, left in ((forest.children_right[node], False), (forest.children_left[node], True)):
            missing = forest.missing_go_to_left is not None and bool(forest.missing_go_to_left[node]) == left
            if on_set:
                side = here.split(*_side_of_set(forest, node, left, category_values.get(column)), missing)
            else:
                side = here.split(float(bound[node]), bool(is_open[node]), left, missing)
            waiting.append((int(child), conditions | {column: side}))
    return found


def _side_of_set(forest, node, left, known):
    """A set of categories, and whether a side of the split is within it.

    Where only some values are `known`, all others go with the missing ones: the set is that on the other side.
    """
    chosen = forest.category_sets[forest.category_set[node]].tolist()
    if known is None:
        return frozenset(chosen), left
    chosen = frozenset(known[code] for code in chosen if code < len(known))
    return (frozenset(known) - chosen, not left) if forest.missing_go_to_left[node] else (chosen, left)


def exact_bound(
    threshold: NDArray[np.float64], comparison: str, float_type: type
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Bounds in double precision that split as thresholds do on values rounded to `float_type`.

    A value rounds to at most ``p``, the largest float32 that goes left, if it lies below the middle between ``p`` and
    the next float32; in the middle, IEEE 754 rounds to the one of even significand.

    Returns
    -------
    bound : ndarray of float64, shape (n_nodes,)
        Up to here values go left.
    is_open : ndarray of bool, shape (n_nodes,)
        Whether the bound itself goes right.
    """
    if float_type is np.float64:
        return threshold, np.full(len(threshold), comparison == "<")
    last = threshold.astype(np.float32)
    above = last > threshold if comparison == "<=" else last >= threshold
    last = np.where(above, np.nextafter(last, np.float32(-np.inf)), last)
    after = np.nextafter(last, np.float32(np.inf))
    return (last.astype(np.float64) + after) / 2, last.view(np.uint32) % 2 == 1


def column_names(model: Any, n_features: int, given: "Sequence[str] | None" = None) -> list[str]:
    """Names of the columns: those given, else those that the model was fitted on, else x0, x1, ..."""
    names = given if given is not None else getattr(model, "feature_names_in_", None)
    names = [f"x{column}" for column in range(n_features)] if names is None else [str(name) for name in names]
    if len(names) != n_features:
        raise ValueError(f"The 'feature_names' parameter must have {n_features} names. Got {len(names)}.")
    return names


def class_labels(model: Any, given: "Sequence[str] | None" = None) -> list:
    """Names of the classes: those given, else the labels themselves."""
    classes = np.asarray(model.classes_).tolist()
    if given is None:
        return classes
    if len(given) != len(classes):
        raise ValueError(f"The 'class_names' parameter must have {len(classes)} names. Got {len(given)}.")
    return [str(name) for name in given]


def one_tree(forest: Forest, tree: int | None, name: str) -> Forest:
    """The only tree, or one of several by its index; `name` is that of the model, for errors."""
    if tree is None and forest.n_trees > 1:
        raise UnsupportedModelError(f"{name} has {forest.n_trees} trees: give 'tree' to have one of them.")
    if tree is not None and not 0 <= tree < forest.n_trees:
        raise ValueError(f"The 'tree' parameter must be in the range [0, {forest.n_trees}). Got {tree!r}.")
    return forest.tree(tree or 0)


def _with_rules(forest, name):
    if forest.n_outputs > 1:
        raise UnsupportedModelError(f"Rules are of one target; {name} predicts {forest.n_outputs}.")
    return forest


def _quoted(name):
    if "\0" in name:
        raise ValueError(f"SQL has no names with a null character: {name!r}.")
    return '"' + name.replace('"', '""') + '"'
