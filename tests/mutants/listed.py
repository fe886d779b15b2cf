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
    Mutant(
        "narrowing/encoders.py",
        "return np.delete(categories, dropped[column])",
        "return categories",
        "tests/slimming/test_every_kind.py",
    ),
    Mutant(
        "narrowing/encoders.py",
        "place = np.cumsum(wanted) - 1",
        "place = np.arange(len(wanted))",
        "tests/slimming/test_every_kind.py",
    ),
    Mutant(
        "slimming/slim.py",
        "np.abs(before - after).max(initial=0.0)",
        "np.abs(before - after).mean()",
        "tests/slimming/test_slim.py",
    ),
    Mutant(
        "compression/choice.py",
        "if loss(small) <= chosen.loss + _WORSE * abs(chosen.loss):",
        "if True:",
        "tests/compression/test_compress.py::test_models_that_come_out_worse_than_judged_are_not_given",
    ),
    Mutant(
        "reporting/summary/branches.py",
        "subject.adapter_before.without_class_weights()",
        "subject.adapter_before",
        "tests/reporting/test_report_sections.py::test_errors_of_branches_on_rows_given_are_numbers_of_rows",
    ),
    Mutant(
        "feature_selection/draws.py",
        '.fitted_on(y[grow], weights.get("sample_weight"))',
        "",
        "tests/feature_selection/test_draws.py::test_rows_count_by_weights_of_classes_as_in_growing",
    ),
    Mutant(
        "adapters/class_weights.py",
        "training.sample_weight if by_weight else None",
        "training.sample_weight",
        "tests/test_class_weights.py::test_weights_of_classes_and_of_rows_multiply",
    ),
    Mutant(
        "adapters/base.py",
        "        trained.weighs_classes = True\n",
        "",
        "tests/test_class_weights.py::test_values_that_a_model_does_not_store_are_those_of_its_training",
    ),
    Mutant(
        "adapters/lightgbm_objectives.py",
        "max(n_positive, n_others)",
        "len(positive)",
        "tests/test_class_weights.py::test_weights_of_classes_are_those_of_rows",
    ),
    Mutant(
        "core/losses.py",
        "np.where(own == 1, *np.array(self.weights)[:, ::-1].T)",
        "np.where(own == 1, *np.array(self.weights)[0, ::-1])",
        "tests/test_class_weights.py::test_sums_of_training_rows_give_the_leaves_that_the_library_grew",
    ),
    Mutant(
        "compression/rivals.py",
        "boosted.fit(X, np.ravel(y), weight)",
        "boosted.fit(X, np.ravel(y), data[2])",
        "tests/test_class_weights.py::TestCompress::test_rivals_are_fitted_with_the_same_weights",
    ),
    Mutant(
        "estimators/scoring.py",
        "    adapter = adapter.without_class_weights()\n",
        "",
        "tests/estimators/test_tree_pruner_cv.py::TestEqualsGridSearch::test_class_weights_weigh_growing_and_not_scores",
    ),
    Mutant(
        "adapters/base.py",
        "margin - self.base(X) + offset",
        "margin + offset",
        "tests/test_offsets.py::test_the_margin_of_xgboost_is_its_own",
    ),
    Mutant(
        "adapters/offsets.py",
        "values.reshape(n_rows, -1, order=order)",
        "values.reshape(n_rows, -1)",
        "tests/test_offsets.py::test_flat_offsets_are_read_as_the_library_does",
    ),
    Mutant(
        "estimators/stepwise.py",
        "base if offset is None else offset.astype(base.dtype)",
        "base",
        "tests/test_offsets.py::test_tree_pruner_cv_scores_from_offsets",
    ),
    Mutant(
        "composites/multiclass.py",
        "(y == high).astype(int)",
        "(y == low).astype(int)",
        "tests/composites/test_composites.py::test_parts_see_what_they_were_fitted_on",
    ),
    Mutant(
        "composites/exchange.py",
        "    done.add(id(model))\n",
        "",
        "tests/composites/test_composites.py::test_model_that_stands_twice_is_pruned_once_and_shared_still",
    ),
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
        "search/descent_kernels.py",
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
        "new.best_iteration = n_iterations if",
        "new.best_iteration = n_iterations - 1 if",
        "tests/adapters/test_early_stopping.py::test_a_pruned_model_predicts_with_all_that_is_left",
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
        "compression/choice.py",
        "smaller = [c for c in allowed_by_loss(trials, within, budget) if c.n_nodes < chosen.n_nodes]",
        "smaller = [c for c in within if c.n_nodes < chosen.n_nodes]",
        "tests/compression/test_compress.py::test_under_max_loss_a_smaller_rival_wins_if_its_loss_may_be",
    ),
    Mutant(
        "adapters/unstored_values.py",
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
        "times/steps.py",
        "steps.max()))\n    return Step(1.5 * length",
        "steps.max()))\n    return Step(2.5 * length",
        "tests/feature_selection/test_lag_window.py::test_rows_are_missing_from_one_and_a_half_steps_on",
    ),
    Mutant(
        "times/steps.py",
        "once + (twice - once) / 2",
        "once",
        "tests/times/test_spans_and_steps.py::test_gaps",
    ),
    Mutant(
        "times/instants.py",
        'index.tz_convert("UTC").as_unit',
        "index.tz_localize(None).as_unit",
        "tests/times/test_instants.py::test_dates",
    ),
    Mutant(
        "times/instants.py",
        "if None in zones and len(zones) > 1:",
        "if False:",
        "tests/times/test_instants.py::test_refused",
    ),
    Mutant(
        "times/spans.py",
        "    return np.minimum(_moved(times, span, -1), times.values)",
        "    return _moved(times, span, -1)",
        "tests/times/test_spans_and_steps.py::test_clock_changes_never_lead_ahead",
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
        "return Judged(float(np.average(of_row, weights=self.rows.sample_weight)), score, of_row)",
        "return Judged(float(np.average(of_row)), score, of_row)",
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
    Mutant(
        "core/kernels.py",
        "            if visited[child]:\n",
        "            if visited[child] and not is_left:\n",
        "tests/core/test_kernels.py::test_structure_fault_finds_exactly_the_unsound",
    ),
    Mutant(
        "core/kernels.py",
        "end[node] = end[children_right[node]] if",
        "end[node] = children_right[node] + 1 if",
        "tests/core/test_kernels.py::test_subtree_end_and_depth",
    ),
    Mutant(
        "core/kernels.py",
        "    return high, (a - (high - shifted)) + (b - shifted)",
        "    return high, b - shifted",
        "tests/core/test_kernels.py::test_two_sum_and_two_product_are_exact",
    ),
    Mutant(
        "core/kernels.py",
        "strength[parent[node]] <= alphas[step]:",
        "strength[parent[node]] < alphas[step]:",
        "tests/core/test_kernels.py::test_add_pruned_values",
    ),
    Mutant(
        "core/kernels.py",
        "                stack[size] = children_right[node]\n                stack[size + 1] = children_left[node]\n",
        "                stack[size] = children_left[node]\n                stack[size + 1] = children_right[node]\n",
        "tests/core/test_kernels.py::test_preorder",
    ),
    Mutant(
        "core/graft.py",
        "weight[kept], **changes)",
        "weight[: len(kept)], **changes)",
        "tests/core/test_graft.py",
    ),
    Mutant(
        "core/graft.py",
        "value=grafted.value + deeper[:, None, None]",
        "value=grafted.value - deeper[:, None, None]",
        "tests/core/test_graft.py::test_a_raised_branch_has_shorter_paths",
    ),
    Mutant(
        "core/losses.py",
        "(np.abs(distance) <= self.delta).astype(np.float64)",
        "(np.abs(distance) <= 2 * self.delta).astype(np.float64)",
        "tests/core/test_losses.py::test_gradients_and_hessians_are_derivatives",
    ),
    Mutant(
        "core/losses.py",
        "return (margin > y) - self.level * (margin != y),",
        "return (margin > y) - self.level,",
        "tests/core/test_losses.py::test_a_row_that_is_met_has_no_gradient",
    ),
    Mutant(
        "core/losses.py",
        "weight = weight * (distance if loss.is_linear else 1.0)",
        "weight = weight * 1.0",
        "tests/core/test_losses.py::test_the_unit_of_the_target_does_not_matter",
    ),
    Mutant(
        "core/rows.py",
        "moved[:, forest.tree_class[tree]] += output",
        "moved[:, forest.tree_class[tree]] -= output",
        "tests/core/test_losses.py::test_risks_of_robust_losses_are_what_they_change",
    ),
    Mutant(
        "core/path.py",
        'int(np.searchsorted(self.alphas, alpha, side="right")) - 1',
        'int(np.searchsorted(self.alphas, alpha, side="left")) - 1',
        "tests/core/test_path.py",
    ),
    Mutant(
        "core/path.py",
        "np.diff(strengths) > self.resolution",
        "np.diff(strengths) > 0",
        "tests/core/test_path.py::test_strengths_within_the_resolution_share_a_step",
    ),
    Mutant(
        "core/path.py",
        "int(np.argmax(self.n_leaves <= n_leaves))",
        "int(np.argmax(self.n_leaves < n_leaves))",
        "tests/core/test_path.py::test_the_largest_tree_with_at_most_so_many_leaves",
    ),
    Mutant(
        "core/statistics.py",
        "        index[leaf < 0] = -1\n",
        "        index[leaf < 0] = 0\n",
        "tests/adapters/test_out_of_bag.py::test_out_of_bag_statistics_are_those_of_each_trees_own_rows",
    ),
    Mutant(
        "core/losses.py",
        "return gradient * weight[:, None], curvature * weight[:, None]",
        "return gradient * weight[:, None], curvature",
        "tests/core/test_losses.py::test_weights_of_rows_are_repetitions_of_their_derivatives",
    ),
    Mutant(
        "core/rows.py",
        "return self.forest.tree_weight[tree] * self.forest.value[leaf, 0, 0]",
        "return self.forest.value[leaf, 0, 0]",
        "tests/core/test_losses.py",
    ),
    Mutant(
        "search/weakest_link.py",
        "            n_leaves[node] += n_leaves[top] - 1\n",
        "            n_leaves[node] += n_leaves[top]\n",
        "tests/search/test_weakest_link.py::test_exact_at_every_alpha",
    ),
    Mutant(
        "search/bottom_up.py",
        "best[node] <= branch + tolerance",
        "best[node] < branch + tolerance",
        "tests/search/test_bottom_up.py::test_cheapest_of_all_prunings_and_smallest_of_those",
    ),
    Mutant(
        "search/bottom_up.py",
        "branch = split_cost[node] + best",
        "branch = best",
        "tests/search/test_bottom_up.py",
    ),
    Mutant(
        "inference/error_limit.py",
        "if errors + 0.5 >= n:",
        "if errors >= n:",
        "tests/methods/test_error_based.py::test_limits_of_broken_numbers_of_errors",
    ),
    Mutant(
        "inference/error_limit.py",
        "return none + errors * (_normal_limit(n, 1.0, z) - none)",
        "return none",
        "tests/methods/test_error_based.py::test_limits_of_broken_numbers_of_errors",
    ),
    Mutant(
        "inference/exact_test.py",
        "if log_ways <= 1e-7:",
        "if log_ways < -1e-7:",
        "tests/inference/test_exact_test.py::test_fisher_equals_scipy",
    ),
    Mutant(
        "passes/averages.py",
        "split = log_split + log_weight[left] + log_weight[right]",
        "split = log_split + log_weight[left]",
        "tests/methods/test_all_prunings_average.py",
    ),
    Mutant(
        "search/optimal.py",
        "min(r_size, cap - a) + 1):",
        "min(r_size, cap - a)):",
        "tests/methods/test_optimal_subtree.py::test_equals_the_best_of_all_prunings_of_each_size",
    ),
    Mutant(
        "search/raising.py",
        "large, small = (left, right) if _total(counts, left) > _total(counts, right)",
        "large, small = (left, right) if _total(counts, left) < _total(counts, right)",
        "tests/methods/test_error_based.py::test_raising_equals_its_recursive_twin",
    ),
    Mutant(
        "search/newton_descent.py",
        "            if change <= 0.0:\n",
        "            if change <= 1e9:\n",
        "tests/search/test_block_descent.py::test_newton_cycles_never_raise_a_loss_that_is_no_square",
    ),
    Mutant(
        "search/tree_orders.py",
        "np.where(waiting, total + 2.0 * with_chosen + own, np.inf)",
        "np.where(waiting, total + with_chosen + own, np.inf)",
        "tests/methods/test_tree_selection.py::test_reduced_error",
    ),
    Mutant(
        "search/descent_kernels.py",
        "            if branch < best:\n",
        "            if branch <= best:\n",
        "tests/search/test_block_descent.py::test_of_prunings_that_cost_as_much_the_smallest_is_taken",
    ),
    Mutant(
        "search/descent_kernels.py",
        "                h = hessian[row[at]]\n",
        "                h = 3.0 * hessian[row[at]]\n",
        "tests/search/test_block_descent.py::test_a_step_finds_the_best_of_all_prunings",
    ),
    Mutant(
        "methods/minimum_error.py",
        "expected = share * (n + self.m -",
        "expected = share * (n -",
        "tests/methods/test_estimates_of_error.py::test_minimum_error_is_the_least_of_all_prunings",
    ),
    Mutant(
        "methods/pessimistic_error.py",
        "np.where(forest.is_leaf, errors + 0.5, 0)",
        "np.where(forest.is_leaf, errors, 0)",
        "tests/methods/test_estimates_of_error.py::test_pessimistic_by_hand",
    ),
    Mutant(
        "methods/hierarchical_shrinkage.py",
        "/ (n[above[below]] + self.reg)",
        "/ (n[below] + self.reg)",
        "tests/methods/test_hierarchical_shrinkage.py",
    ),
    Mutant(
        "methods/min_samples.py",
        "(smaller < self.leaf)",
        "(smaller <= self.leaf)",
        "tests/methods/test_all_methods.py::test_paths_are_nested_and_say_what_the_method_does",
    ),
    Mutant(
        "methods/significance.py",
        "freedom = np.maximum((share > 0).sum(axis=2) - 1, 0)",
        "freedom = np.maximum((share > 0).sum(axis=2), 0)",
        "tests/methods/test_significance.py::test_chi2_equals_scipy",
    ),
    Mutant(
        "methods/minimum_description_length.py",
        "(k - 1) / 2 * np.log2(safe / 2) + constant",
        "k / 2 * np.log2(safe / 2) + constant",
        "tests/methods/test_minimum_description_length.py",
    ),
    Mutant(
        "methods/max_depth.py",
        "(forest.depth >= self.max_depth)",
        "(forest.depth > self.max_depth)",
        "tests/methods/test_check_method.py::test_every_method_keeps_the_contract",
    ),
    Mutant(
        "methods/selected_nodes.py",
        "            raise ValueError(f\"The 'nodes' parameter of SelectedNodes must be a list.",
        "            raise TypeError(f\"The 'nodes' parameter of SelectedNodes must be a list.",
        "tests/methods/test_check_method.py::test_every_method_keeps_the_contract",
    ),
    Mutant(
        "estimators/cv_results.py",
        "return scores.std(axis=0, ddof=1) / np.sqrt(len(scores))",
        "return scores.std(axis=0) / np.sqrt(len(scores))",
        "tests/estimators/test_tree_pruner_cv.py::TestRules::test_standard_error_of_folds",
    ),
    Mutant(
        "estimators/cv_results.py",
        "np.flatnonzero(score >= score[best] - (error",
        "np.flatnonzero(score > score[best] - 2 * (error",
        "tests/estimators/test_tree_pruner_cv.py::TestRules::test_one_standard_error",
    ),
    Mutant(
        "estimators/candidates.py",
        "np.clip(root[:-1] * root[1:], alphas[:-1]",
        "np.clip((alphas[:-1] + alphas[1:]) / 2, alphas[:-1]",
        "tests/estimators/test_tree_pruner_cv.py::TestCandidates::test_midpoints",
    ),
    Mutant(
        "estimators/grown.py",
        "training.sample_weight if weighed else None) if found.exactly else adapter",
        "training.sample_weight if weighed else None) if False else adapter",
        "tests/estimators/test_tree_pruner.py::TestWeights::test_class_weights_apply_to_held_out_rows",
    ),
    Mutant(
        "feature_selection/survival.py",
        "p[units] = (1 + len(pool) - np.searchsorted(pool, mean)) / (1 + len(pool))",
        "p[units] = (len(pool) - np.searchsorted(pool, mean)) / len(pool)",
        "tests/feature_selection/test_survival.py::TestPValues::test_are_ranks_among_all_shadows",
    ),
    Mutant(
        "feature_selection/survival.py",
        "level[shadow_unit] >= one",
        "level[shadow_unit] == one",
        "tests/feature_selection/test_survival.py::TestPValues::test_are_ranks_among_shadows_of_their_level_and_above",
    ),
    Mutant(
        "feature_selection/nulls.py",
        "least = max(n // 10, min(1, n - 1))",
        "least = 0",
        "tests/feature_selection/test_survival.py::TestOrders::test_circular_keeps_neighbours_and_shifts_far",
    ),
    Mutant(
        "inspection/rules.py",
        'above = last > threshold if comparison == "<=" else last >= threshold',
        "above = last > threshold",
        "tests/inspection/test_rules.py::test_a_bound_splits_doubles_as_the_threshold_splits_them_rounded",
    ),
    Mutant(
        "inspection/conditions.py",
        "(self.low == self.high and (self.low_open or self.high_open))",
        "(self.low == self.high and self.low_open)",
        "tests/inspection/test_rules.py::test_an_interval_of_one_number_holds_it_if_both_ends_do",
    ),
    Mutant(
        "reporting/summary/intervals.py",
        "middle = (share + _Z95**2 / (2 * n))",
        "middle = (share + _Z95**2 / n)",
        "tests/reporting/test_report_sections.py::test_leaves_tell_their_rows_and_the_interval_of_wilson",
    ),
    Mutant(
        "reporting/summary/intervals.py",
        "half = stdtrit(k - 1, 0.975) * np.sqrt((1 / k + 1 / (k - 1)) * gain.var(ddof=1))",
        "half = stdtrit(k - 1, 0.975) * np.sqrt((1 / k) * gain.var(ddof=1))",
        "tests/reporting/test_verdict.py::test_the_change_over_folds_is_a_paired_t_interval_made_wider",
    ),
    Mutant(
        "reporting/summary/verdict.py",
        'return "gain" if low > 0 else "loss"',
        'return "gain"',
        "tests/reporting/test_verdict.py::test_the_first_sentence_says_whether_pruning_helped",
    ),
    Mutant(
        "reporting/summary/selection.py",
        'return summary["fdr"] is not None and summary["n_kept"] > 0',
        'return summary["fdr"] is not None',
        "tests/reporting/test_verdict.py::test_a_selector_that_keeps_none_promises_nothing",
    ),
    Mutant(
        "reporting/summary/scores.py",
        'columns["precision"] = plain([_share(y[after == label] == label)',
        'columns["precision"] = plain([_share(after[y == label] == label)',
        "tests/reporting/test_report_sections.py::test_scores_by_class_and_in_groups_are_scikit_learns",
    ),
    Mutant(
        "compact/packing.py",
        "return np.where(near > threshold,",
        "return np.where(near >= threshold,",
        "tests/compact/test_files.py::test_rounding_thresholds_down_sends_float32_rows_the_same_way",
    ),
    Mutant(
        "compact/archive.py",
        "if not unpacker.eof or unpacker.unused_data:",
        "if not unpacker.eof:",
        "tests/compact/test_files.py::test_files_that_are_cut_or_changed_anywhere_are_refused",
    ),
    Mutant(
        "adapters/sklearn_adaboost.py",
        "(raw - (weight.sum() - raw) / max(n_classes - 1, 1))",
        "(raw - (weight.sum() - raw))",
        "tests/estimators/test_stepwise.py::test_stand_ins_of_scikit_learn_say_what_pruned_models_say",
    ),
    Mutant(
        "adapters/sklearn_isolation_forest.py",
        "value = (forest.depth + average_path_length(forest.n_node_samples))",
        "value = (forest.depth + average_path_length(forest.n_node_samples) + 1)",
        "tests/adapters/test_sklearn_ensembles.py::test_adapters_keep_their_contract",
    ),
    Mutant(
        "adapters/base.py",
        "        grafted, _ = graft(self.forest, plan)\n        self.check_known(grafted, grafted.is_leaf)\n",
        "        grafted, _ = graft(self.forest, plan)\n",
        "tests/adapters/test_sklearn_ensembles.py::test_values_that_are_not_stored_need_rows",
    ),
    Mutant(
        "model_selection.py",
        "self._n_before(cut) - span",
        "self._n_before(cut) - span + 1",
        "tests/test_model_selection.py::test_panels_of_any_times",
    ),
    Mutant(
        "model_selection.py",
        "self._n_before(cut) + span",
        "self._n_before(cut)",
        "tests/test_model_selection.py::test_panels_of_any_times",
    ),
    Mutant(
        "model_selection.py",
        "early & (self.times.values < earlier",
        "early & (self.times.values <= earlier",
        "tests/test_model_selection.py::test_panels_of_any_times",
    ),
    Mutant(
        "model_selection.py",
        "late & (self.times.values > later",
        "late & (self.times.values >= later",
        "tests/test_model_selection.py::test_panels_of_any_times",
    ),
    Mutant(
        "model_selection.py",
        "            if not train.any():",
        "            if False:",
        "tests/test_model_selection.py::test_panels_of_any_times",
    ),
    Mutant(
        "links.py",
        "return _softmax(score / temperature, axis=1)",
        "return _softmax(score * temperature, axis=1)",
        "tests/test_link_functions.py::test_softmax_divides_by_the_temperature",
    ),
    Mutant(
        "links.py",
        "n_kept = np.count_nonzero(falling > shift, axis=1)",
        "n_kept = np.count_nonzero(falling > 0, axis=1)",
        "tests/test_link_functions.py::test_the_nearest_probabilities_are_the_scores_less_one_number_cut_off_at_zero",
    ),
    Mutant(
        "io.py",
        "    if size > max_bytes:\n",
        "    if size >= 2 * max_bytes:\n",
        "tests/test_io.py::test_size_limit",
    ),
    Mutant(
        "cli/comparison.py",
        "of_rows.std(ddof=1) / np.sqrt(len(of_rows))",
        "of_rows.std() / np.sqrt(len(of_rows))",
        "tests/cli/test_comparison.py::test_unpruned_trees_score_what_scikit_learn_says",
    ),
    Mutant(
        "cli/comparison.py",
        "if not (method.needs_parameters or method.for_ensembles) and",
        "if not method.needs_parameters and",
        "tests/methods/test_all_methods.py::test_breast_cancer_by_every_method_beats_the_root",
    ),
    Mutant(
        "testing/methods.py",
        "    assert (np.diff(path.n_leaves) < 0).all(),",
        "    assert True,",
        "tests/methods/test_check_method.py",
    ),
    Mutant(
        "testing/methods.py",
        "    assert (strength[below] <= above).all(),",
        "    assert True,",
        "tests/methods/test_check_method.py",
    ),
    Mutant(
        "wrappers.py",
        "        X = part.sees(Given(X)).X\n",
        "",
        "tests/test_wrappers.py::test_rows_go_through_the_steps_before_the_tree",
    ),
    Mutant(
        "extras.py",
        "        if error.name != name:\n            raise\n",
        "",
        "tests/test_wrappers.py::test_what_a_library_itself_lacks_is_not_put_down_to_the_extra",
    ),
    Mutant(
        "compression/budget.py",
        "    return min(times[0][1]) / min(times[1][1])",
        "    return min(times[0][1]) / max(times[1][1])",
        "tests/compression/test_compress.py::test_the_least_time_of_each_model_counts",
    ),
    Mutant(
        "pruning.py",
        "    model = adapter.prune(first.plan(adapter.forest, rows))\n",
        "    model = adapter.prune(first.plan(adapter.forest, None))\n",
        "tests/test_pruning.py::test_one_class_among_the_rows",
    ),
    Mutant(
        "estimators/pruner.py",
        "needs_rows = method.needs_rows or method.needs_training_rows",
        "needs_rows = method.needs_rows",
        "tests/test_every_pair.py::test_tree_pruner_does_what_prune_does",
    ),
    Mutant(
        "compression/wholes.py",
        "trials.holds_back = self.learns",
        "trials.holds_back = False",
        "tests/composites/test_compress.py::TestWhatWasFittedOnPredictions::test_held_out_rows_set_no_leaves_and_calibrate",
    ),
    Mutant(
        "compression/whole_look.py",
        "if not comparison.no_worse[0]:",
        "if False:",
        "tests/composites/test_whole_look.py::test_the_last_before_the_first_failure",
    ),
    Mutant(
        "compression/whole_look.py",
        "np.setdiff1d(np.arange(_num_samples(rows.data.X)), rows.use_at[part])",
        "np.arange(_num_samples(rows.data.X))",
        "tests/composites/test_whole_look.py::test_comparisons_are_as_by_hand",
    ),
    Mutant(
        "compression/shares.py",
        "sorted(steps, key=lambda step: -step[0])",
        "sorted(steps, key=lambda step: step[0])",
        "tests/composites/test_compress.py::test_one_rate_is_the_best_of_all_allocations",
    ),
    Mutant(
        "compression/choice.py",
        "method.alpha / growth))",
        "method.alpha))",
        "tests/compression/test_no_worse.py::test_the_strength_falls_as_rows_grow",
    ),
    Mutant(
        "layers/least_squares.py",
        "bias=layer.bias + change.bias), ridge",
        "bias=layer.bias), ridge",
        "tests/layers/test_least_squares.py",
    ),
    Mutant(
        "layers/surgery.py",
        "np.eye(len(moments)) * damping * (diagonal.mean() or 1.0)",
        "0.0",
        "tests/layers/test_surgery.py",
    ),
    Mutant(
        "layers/dead_units.py",
        "bias=behind.bias + given @ behind.weights[same]",
        "bias=behind.bias",
        "tests/layers/test_dead_units.py::test_a_unit_that_nothing_leads_to_goes_into_biases",
    ),
    Mutant(
        "estimators/cv_results.py",
        'SIZES = ("n_leaves", "n_weights")',
        'SIZES = ("n_leaves", "n_units")',
        "tests/estimators/test_pruners_of_layers.py::test_the_fewest_weights_within_a_standard_error",
    ),
    Mutant(
        "compression/layer_trials.py",
        "self._prune(self.model, trial.method, self.data)",
        "self._prune(self.grown, trial.method, self.data)",
        "tests/compression/test_layer_trials.py::TestCarriedOut::test_on_the_model_that_was_given_by_all_its_rows",
    ),
    Mutant(
        "compression/layer_trials.py",
        "else 1.0 / comparison.n_units for",
        "else 0.0 for",
        "tests/compression/test_layer_trials.py::"
        "test_labels_that_are_the_same_on_all_rows_do_not_show_that_none_gets_worse",
    ),
]
