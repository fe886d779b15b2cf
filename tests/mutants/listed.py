"""The mutants: small faults, each caught by the test named beside it."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault.

    Parameters
    ----------
    file : str
        File of the package.
    old : str
        What stands there, exactly once in the file.
    new : str
        What the fault makes of it.
    test : str
        The test that must fail with it, as pytest names it.
    escapes : str, optional
        Why no test can tell the fault from the original.
    """

    file: str
    old: str
    new: str
    test: str
    escapes: str | None = None


MUTANTS = [
    # core: kernels and what calls them
    Mutant(
        "core/compilation.py",
        "self._impl.filename_base, source_stamp())",
        "self._impl.filename_base, self._impl.locator.get_source_stamp())",
        "tests/core/test_compilation.py::test_a_changed_helper_in_another_file_is_noticed",
    ),
    Mutant(
        "core/kernels.py",
        "    total, error = two_sum(high, other_high)\n",
        "    total, error = high + other_high, 0.0\n",
        "tests/core/test_kernels.py::test_pair_sum_keeps_a_hundred_bits",
    ),
    Mutant(
        "search/block_descent.py",
        "best_below = penalty * (2.0 + dearer)",
        "best_below = penalty * (3.0 + dearer)",
        "tests/search/test_block_descent.py::test_no_branch_that_could_pay_is_left_unseen",
    ),
    Mutant(
        "adapters/sklearn_gradient_boosting.py",
        "return -sums[0] / sums[1] * ((n - 1) / n if n > 1 else 1.0)",
        "return -sums[0] / sums[1]",
        "tests/adapters/test_sklearn_ensembles.py::test_a_root_worked_out_from_rows_is_the_leaf_that_scikit_learn_makes",
    ),
    Mutant(
        "adapters/lightgbm_models.py",
        "np.count_nonzero(iterations < best)",
        "np.count_nonzero(iterations <= best)",
        "tests/adapters/test_lightgbm.py::test_the_best_iteration_counts_the_iterations_that_are_left",
    ),
    Mutant(
        "cli/workflow.py",
        "1e-12 * np.abs(loss).max())[-1])",
        "1e-12 * np.abs(loss).max())[0])",
        "tests/cli/test_workflow.py",
    ),
    Mutant(
        "feature_selection/anomaly.py",
        "p = np.minimum(1.0, 2 * np.minimum(p,",
        "p = np.minimum(1.0, np.minimum(p,",
        "tests/feature_selection/test_anomaly.py::test_with_labels_each_column_is_tried_twice_and_p_is_doubled",
    ),
    Mutant(
        "compression/compress.py",
        "good = [c for c in others if c.loss <= unpruned.loss * (1 + budget.max_loss) and c.n_nodes < chosen.n_nodes]",
        "good = [c for c in others if c.n_nodes < chosen.n_nodes]",
        "tests/compression/test_compress.py::test_under_max_loss_a_smaller_rival_wins_if_its_loss_may_be",
    ),
    Mutant(
        "adapters/staged.py",
        "weight = np.where(forest.is_leaf, n_rows, 0.0)",
        "weight = np.where(forest.is_leaf, 1.0, 0.0)",
        "tests/adapters/test_sklearn_ensembles.py"
        "::test_nodes_that_no_row_reaches_take_the_mean_of_their_leaves_by_rows_of_training",
    ),
    Mutant(
        "methods/leaf_refit.py",
        "scale = forest.n_trees / np.bincount(row, minlength=n_rows).clip(1)",
        "scale = np.ones(n_rows)",
        "tests/methods/test_leaf_refit.py::test_rows_that_some_trees_have_grown_on_count_in_the_others_as_if_in_all",
    ),
    Mutant(
        "cli/tables.py",
        "n_distinct <= MOST_CLASSES",
        "n_distinct < MOST_CLASSES",
        "tests/cli/test_tables.py::test_whole_numbers_of_at_most_twenty_values_are_classes",
    ),
    Mutant(
        "cli/tables.py",
        "len(values) > max(MOST_CLASSES, len(X) // 2)",
        "len(values) >= max(MOST_CLASSES, len(X) // 2)",
        "tests/cli/test_tables.py::test_text_of_more_than_twenty_values_and_half_the_rows_is_left_out",
    ),
    Mutant(
        "cli/tables.py",
        "MOST_CLASSES = 20\n",
        "MOST_CLASSES = 19\n",
        "tests/cli/test_tables.py",
    ),
    Mutant(
        "feature_selection/lag_window.py",
        "if gap > 1.5:",
        "if gap > 2.5:",
        "tests/feature_selection/test_lag_window.py::test_rows_are_missing_from_one_and_a_half_steps_on",
    ),
    Mutant(
        "estimators/scoring.py",
        "    mean = np.average(rows.target, axis=0, weights=rows.sample_weight)\n",
        "    mean = np.average(rows.target, axis=0)\n",
        "tests/estimators/test_scoring.py::test_every_score_is_scikit_learns_at_every_step",
    ),
    Mutant(
        "estimators/scoring.py",
        "    by_class = np.bincount(codes, rows.sample_weight)\n",
        "    by_class = np.bincount(codes).astype(float)\n",
        "tests/estimators/test_scoring.py::test_every_score_is_scikit_learns_at_every_step",
    ),
    Mutant(
        "compression/scoring.py",
        "return float(np.average(of_row, weights=weight)), float(np.average(hits, weights=weight))",
        "return float(np.average(of_row)), float(np.average(hits, weights=weight))",
        "tests/compression/test_compress.py::test_scores_of_weighted_rows_are_those_of_repetitions",
    ),
    Mutant(
        "compression/scoring.py",
        "spread = np.average((self.y - center) ** 2, axis=0, weights=weight)",
        "spread = np.average((self.y - center) ** 2, axis=0)",
        "tests/compression/test_compress.py::test_scores_of_weighted_rows_are_those_of_repetitions",
    ),
    Mutant(
        "inspection/rules.py",
        "values = [classes[code] for code in value.argmax(axis=1)]",
        "values = [classes[-1 - code] for code in value[:, ::-1].argmax(axis=1)]",
        "tests/inspection/test_rules.py::test_of_classes_as_frequent_the_first_is_told_as_the_model_does",
    ),
    Mutant(
        "reporting/templates/sections/scores.html",
        "<td>{{ show(row.before, row.is_share) }}</td>",
        "<td>{{ show(row.after, row.is_share) }}</td>",
        "tests/reporting/test_report_sections.py::test_the_score_table_of_the_page_holds_the_measures_before_and_after",
    ),
    Mutant(
        "reporting/summary/scores.py",
        'row["before"] = None if before is None else plain([measure(y, before)])[0]',
        'row["before"] = None if before is None else plain([measure(y, after)])[0]',
        "tests/reporting/test_report_sections.py::test_the_score_table_of_the_page_holds_the_measures_before_and_after",
    ),
    Mutant(
        "feature_selection/nulls.py",
        "_DICKEY_FULLER = -2.86",
        "_DICKEY_FULLER = -2.9",
        "tests/feature_selection/test_survival.py",
    ),
]
