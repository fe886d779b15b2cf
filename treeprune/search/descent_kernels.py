"""The loops of block descent over trees, rows and nodes; `descent_arrays` says what they share.

The rows of any node are a slice, so that a sum over them is the difference between two running sums. `block_descent`
says what the sums are for.
"""

import numpy as np

from ..core.compilation import kernel, part


@kernel
def cycle(trees, prunings, quadratic, options, scratch, penalty, within, first, last):
    """Give each tree from `first` to before `last` its best pruning; by how much the objective falls.

    With `within`, the best of the prunings of its present pruning only.
    """
    fall = 0.0
    for tree in range(first, last):
        if within and prunings.dropped[tree]:
            continue
        a, b, row_a, row_b = trees.start[tree], trees.start[tree + 1], trees.row_start[tree], trees.row_start[tree + 1]
        span, row, given, prices = trees.span[a:b], trees.row[row_a:row_b], trees.given[a:b], trees.split_price[a:b]
        at, past = prunings.start[tree], prunings.start[tree] + prunings.n_leaves[tree]
        leaf, value, model = prunings.leaf[at:past], prunings.value[at:past], trees.model[tree]
        gradient, hessian, constant = quadratic.gradient[model], quadratic.hessian[model], quadratic.constant[model]
        curvature = scratch.hessian[row_a + tree : row_b + tree + 1]
        if not scratch.summed[tree]:
            _sum_up(row, hessian, curvature)
            scratch.summed[tree] = True
        at_leaves = within and not options.layers
        if at_leaves:
            _sums_at_leaves(row, span, leaf, value, gradient, curvature, scratch.gradient)
        else:
            _running_sums(row, span, leaf, value, gradient, hessian, constant, scratch.gradient, scratch.most)
        prior = given if options.anchored else given[:0]
        before = 0.0
        if not prunings.dropped[tree]:
            before = _cost_of(span, leaf, value, scratch.gradient, curvature, options.ridge, prior)
            before += penalty * prunings.price[tree]
        bottom = leaf if at_leaves else leaf[:0]
        everything = at_leaves or options.layers
        size = _look_into(span, prices, curvature, given, prior, bottom, options, scratch, penalty, everything)
        if options.layers:
            after, n_leaves = _best_layer(span, trees.depth[a:b], prices, penalty, scratch)
        else:
            after, n_leaves = _best_pruning(span, prices, penalty, size, scratch)
        dropped = options.drop and after >= 0.0
        if dropped:
            after = 0.0
        if before - after > 0.0:
            fall += before - after
            n_leaves = _take(n_leaves, dropped, scratch)
            new = scratch.node[:n_leaves]
            _move(row, span, leaf, value, new, scratch.value, hessian, constant, gradient)
            prunings.price[tree] = 0.0 if dropped else _price(span, prices, new)
            _replace(prunings, tree, n_leaves, dropped, scratch)
    return fall


@part
def _take(n_leaves, dropped, scratch):
    """Bring the leaves of the best pruning to the front of ``scratch.node`` and ``scratch.value``; how many."""
    n_columns = scratch.value.shape[1]
    if dropped:
        scratch.node[0] = 0
        for k in range(n_columns):
            scratch.value[0, k] = 0.0
        return 1
    for i in range(n_leaves):
        scratch.node[i] = scratch.node[scratch.kept[i]]
        for k in range(n_columns):
            scratch.value[i, k] = scratch.value[scratch.kept[i], k]
    return n_leaves


@part
def _replace(prunings, tree, n_leaves, dropped, scratch):
    """Make the first leaves of `scratch` those of a tree."""
    at = prunings.start[tree]
    prunings.n_leaves[tree], prunings.dropped[tree] = n_leaves, dropped
    for i in range(n_leaves):
        prunings.leaf[at + i] = scratch.node[i]
        for k in range(scratch.value.shape[1]):
            prunings.value[at + i, k] = scratch.value[i, k]


@kernel
def exchange(trees, old, new, hessian, constant, gradient):
    """Take hessian times what prunings add more than the old ones off the gradients, in place."""
    for tree in range(len(trees.model)):
        if old.dropped[tree] and new.dropped[tree]:
            continue
        model, node, row = trees.model[tree], trees.start[tree], trees.row_start[tree]
        at, n = old.start[tree], old.n_leaves[tree]
        to, m = new.start[tree], new.n_leaves[tree]
        _move(
            trees.row[row : trees.row_start[tree + 1]], trees.span[node : trees.start[tree + 1]],
            old.leaf[at : at + n], old.value[at : at + n], new.leaf[to : to + m], new.value[to : to + m],
            hessian[model], constant[model], gradient[model],
        )  # fmt: skip


@part
def _sum_up(row, hessian, sums):
    """Sums of hessians over the rows before each."""
    sums[0] = 0.0
    for at in range(len(row)):
        sums[at + 1] = sums[at] + hessian[row[at]]


@part
def _running_sums(row, span, leaf, value, gradient, hessian, constant, sums, most):
    """Sums, over the rows before each, of gradients without the tree's own value, and of what each could win."""
    n_columns, h = gradient.shape[1], hessian[0]
    half = 0.5 / h if h > 0.0 else 0.0
    for i in range(len(leaf)):
        for at in range(span[leaf[i], 1], span[leaf[i], 2]):
            if not constant:
                h = hessian[row[at]]
                half = 0.5 / h if h > 0.0 else 0.0
            square = 0.0
            for k in range(n_columns):
                g = gradient[row[at], k] + h * value[i, k]
                sums[at + 1, k] = sums[at, k] + g
                square += g * g
            most[at + 1] = most[at] + half * square


@part
def _sums_at_leaves(row, span, leaf, value, gradient, hessian, sums):
    """The same sums of gradients, at the ends of the leaves only; `hessian` are running sums as well."""
    for i in range(len(leaf)):
        first, last = span[leaf[i], 1], span[leaf[i], 2]
        curvature = hessian[last] - hessian[first]
        for k in range(gradient.shape[1]):
            total = sums[first, k] + curvature * value[i, k]
            for at in range(first, last):
                total += gradient[row[at], k]
            sums[last, k] = total


@part
def _cost_of(span, leaf, value, sums, hessian, ridge, prior):
    """What a pruning with given values adds to the loss and the ridge penalty."""
    cost = 0.0
    for i in range(len(leaf)):
        first, last = span[leaf[i], 1], span[leaf[i], 2]
        curvature = hessian[last] - hessian[first]
        for k in range(value.shape[1]):
            away = value[i, k] - (prior[leaf[i], k] if len(prior) else 0.0)
            cost += value[i, k] * (0.5 * curvature * value[i, k] - (sums[last, k] - sums[first, k]))
            cost += 0.5 * ridge * away * away
    return cost


@part
def _look_into(span, split_price, hessian, given, prior, bottom, options, scratch, penalty, everything):
    """Fill ``node``, ``value`` and ``cost`` of `scratch` with what a best pruning may reach; how many nodes.

    No node below one of `bottom` (ascending, none below another) is looked at. Unless `everything` is set, a branch is
    also skipped where its rows, even if each had a value of its own, could not win what one more split and leaf cost.
    """
    sums, most, found, n_columns = scratch.gradient, scratch.most, scratch.value, scratch.value.shape[1]
    size, node, at_bottom = 0, 0, 0
    while node < len(span):
        first, last = span[node, 1], span[node, 2]
        curvature = hessian[last] - hessian[first]
        for k in range(n_columns):
            towards = prior[node, k] if len(prior) else 0.0
            if options.mode == 1:
                found[size, k] = given[node, k]
            elif curvature + options.ridge > 0.0:
                pull = sums[last, k] - sums[first, k] + options.ridge * towards
                found[size, k] = pull / (curvature + options.ridge)
            else:
                found[size, k] = towards
        if options.mode == 2:
            _project(found[size], options.low, options.total)
        cost = 0.0
        for k in range(n_columns):
            value = found[size, k]
            away = value - (prior[node, k] if len(prior) else 0.0)
            cost += value * (0.5 * curvature * value - (sums[last, k] - sums[first, k]))
            cost += 0.5 * options.ridge * away * away
        scratch.node[size], scratch.cost[size] = node, cost + penalty
        size += 1
        dearer = split_price[node] if len(split_price) else 0.0
        best_below = penalty * (2.0 + dearer) - (most[last] - most[first])
        deeper = everything or best_below < cost
        if len(bottom) and node == bottom[at_bottom]:
            deeper = False
        if deeper:
            node += 1
            continue
        node = span[node, 0]
        while at_bottom < len(bottom) - 1 and bottom[at_bottom] < node:
            at_bottom += 1
    return size


@part
def _project(x, low, total):
    """Nearest point with ``x >= low`` and ``sum(x - low) == total``, in place (Michelot 1986)."""
    if len(x) == 1:
        x[0] = min(max(x[0], low[0]), low[0] + total)
        return
    shift, n_before = -np.inf, len(x) + 1
    while True:
        above, n = -total, 0
        for k in range(len(x)):
            if x[k] - low[k] > shift:
                above += x[k] - low[k]
                n += 1
        if n == 0 or n >= n_before:  # fewer each time, but for rounding
            break
        shift, n_before = above / n, n
    for k in range(len(x)):
        x[k] = low[k] + max(x[k] - low[k] - shift, 0.0)


@part
def _best_pruning(span, split_price, penalty, size, scratch):
    """Cost of the cheapest pruning of the nodes looked into, `size` of them, and the number of its leaves; ties prune.

    ``kept`` is filled with their positions. In reverse preorder a node comes right after its two branches, whose best
    costs are then on top of the stack ``waiting``. ``stays``, scratch space, says where the split is worth its price;
    a second pass in preorder takes the topmost nodes where it is not.
    """
    node, waiting, stays, n_waiting = scratch.node, scratch.waiting, scratch.stays, 0
    for i in range(size - 1, -1, -1):
        best = scratch.cost[i]
        stays[i] = False
        if i + 1 < size and node[i + 1] < span[node[i], 0]:
            branch = (
                penalty * (1.0 + (split_price[node[i]] if len(split_price) else 0.0))
                + waiting[n_waiting - 1]
                + waiting[n_waiting - 2]
            )
            n_waiting -= 2
            if branch < best:
                best, stays[i] = branch, True
        waiting[n_waiting] = best
        n_waiting += 1
    n_leaves, past = 0, 0
    for i in range(size):
        if node[i] >= past and not stays[i]:
            scratch.kept[n_leaves] = i
            n_leaves += 1
            past = span[node[i], 0]
    return waiting[0], n_leaves


@part
def _best_layer(span, depth, split_price, penalty, scratch):
    """Cost of a whole tree cut at the depth where that is least, and the number of its leaves; ties: the shallower.

    ``kept`` is filled with them, ``waiting`` with what the cut's move down to each layer adds.
    """
    change, leaf_cost, n_layers = scratch.waiting, scratch.cost, 0
    for node in range(len(span)):
        n_layers = max(n_layers, depth[node] + 1)
    for d in range(n_layers + 1):
        change[d] = 0.0
    for node in range(len(span)):
        if node > 0:
            change[depth[node]] += leaf_cost[node]
        if span[node, 0] > node + 1:
            change[depth[node] + 1] += (
                penalty * (1.0 + (split_price[node] if len(split_price) else 0.0)) - leaf_cost[node]
            )
    cost = leaf_cost[0]
    layer, least = 0, cost
    for d in range(1, n_layers):
        cost += change[d]
        if cost < least:
            layer, least = d, cost
    n_leaves = 0
    for node in range(len(span)):
        if depth[node] == layer or (depth[node] < layer and span[node, 0] == node + 1):
            scratch.kept[n_leaves] = node
            n_leaves += 1
    return least, n_leaves


@part
def _price(span, split_price, leaf):
    """Number of nodes and prices of the splits of a pruning."""
    price, node = 2.0 * len(leaf) - 1.0, 0
    if len(split_price) == 0:
        return price
    for i in range(len(leaf)):
        while node < leaf[i]:  # in preorder, nodes between two leaves are splits above the second
            price += split_price[node]
            node += 1
        node = span[leaf[i], 0]
    return price


@part
def _move(row, span, old_leaf, old_value, leaf, value, hessian, constant, gradient):
    """Take hessian times what a pruning adds more than an earlier one off the gradients, in place.

    A row's gradient falls by its hessian times the difference between its new and its old value. Rows are sorted by
    leaf, so the leaves of each pruning cut them into consecutive slices. The two lists of slices are walked as in a
    merge: ``first:last`` is the longest run of rows that share both their old and their new leaf, and at its end the
    old leaf, the new one, or both give way to the next.
    """
    i, old, first = 0, 0, 0
    while i < len(leaf) and old < len(old_leaf):
        last = min(span[leaf[i], 2], span[old_leaf[old], 2])
        for at in range(first, last):
            scale = hessian[0] if constant else hessian[row[at]]
            for k in range(value.shape[1]):
                gradient[row[at], k] -= scale * (value[i, k] - old_value[old, k])
        first = last
        i, old = i + (last == span[leaf[i], 2]), old + (last == span[old_leaf[old], 2])
