"""Compiled loops that grow histogram trees. Imported only inside the functions that need them."""

import numpy as np

from ..core.kernels import kernel

#: A split must win more than this share of its node's sum of squares: less is rounding.
_LEAST_GAIN = 1e-10


@kernel
def grow_tree(codes, column, order, orders, channel, y, weight, grow, judge, uniform, n_try, max_depth, nodes, stats):
    """Grow one tree on the rows `grow`, depth first, and send the rows `judge` down with them.

    Feature ``f`` of row ``r`` is ``codes[column[f], orders[order[f], r]]``: a permuted column needs no copy. A
    row's target is `y` in one of the channels: channel 0 for numbers and for two classes (0 and 1), one channel
    per class, with ``y`` 1, for more classes.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n_columns, n_rows)
    column, order : ndarray of int32, shape (n_features,)
    orders : ndarray of uint32, shape (n_orders, n_rows)
        The first is the rows' own.
    channel : ndarray of int32, shape (n_rows,)
    y, weight : ndarray of float64, shape (n_rows,)
    grow, judge : ndarray of uint32
        Row numbers; both are reordered.
    uniform : ndarray of float64, shape (n_above * n_try,)
        Random numbers in [0, 1), for as many nodes as there may be above the depth limit.
    n_try, max_depth : int
        Features tried at each node; depth limit.
    nodes : ndarray of int32, shape (5, max_nodes)
        Filled with left child, right child, feature, code (rows with a code up to it go left), number of rows.
    stats : ndarray of float64, shape (2 + n_channels, max_nodes)
        Filled with weight, weighted sum of squares, and mean of each channel.

    Returns
    -------
    n_nodes : int
    leaf : ndarray of int32, shape (n_rows,)
        Where each row of `judge` ends, -1 for other rows.
    """
    leaf = np.full(codes.shape[1], -1, np.int32)
    pool = np.arange(len(column))
    row_weight, row_moment, row_channel = np.empty(len(grow)), np.empty(len(grow)), np.empty(len(grow), np.int32)
    shuffled = np.empty(len(grow), np.uint32)  # the rows of a node in the order last asked for
    histogram = np.zeros((256, stats.shape[0] - 1))
    sums = np.empty((2, stats.shape[0] - 2))  # of each channel: in the node, and left of a cut
    waiting = np.empty((max_depth + 2, 6), np.int64)  # slices of `grow` and `judge`, depth, parent
    waiting[0] = (0, len(grow), 0, len(judge), 0, -1)
    size, n_nodes, drawn = 1, 0, 0
    while size:
        size -= 1
        first, last, judge_first, judge_last, depth, parent = waiting[size]
        node, n_nodes = n_nodes, n_nodes + 1
        if parent >= 0:
            nodes[1 if nodes[0, parent] >= 0 else 0, parent] = node
        rows, n = grow[first:last], last - first
        total, square = _gather(rows, channel, y, weight, row_channel, row_moment, row_weight, sums[0])
        nodes[:4, node], nodes[4, node] = -1, n
        stats[0, node], stats[1, node], stats[2:, node] = total, square, sums[0] / total
        feature, code = -1, -1
        least = (sums[0] ** 2).sum() / total + _LEAST_GAIN * square
        if depth < max_depth and least < square:
            _draw(pool, uniform[drawn : drawn + n_try])
            drawn += n_try
            held = 0
            for f in pool[:n_try]:
                if order[f] not in (0, held):
                    held = order[f]
                    _look_up(orders[held], rows, shuffled)
                at = rows if order[f] == 0 else shuffled[:n]
                values = codes[column[f]]
                if stats.shape[0] == 3:
                    score, cut = _best_cut_of_one(values, at, row_weight, row_moment, total, sums[0, 0], histogram)
                else:
                    score, cut = _best_cut(values, at, row_channel, row_weight, row_moment, total, sums, histogram)
                if score > least:
                    least, feature, code = score, f, cut
        if feature < 0:
            leaf[judge[judge_first:judge_last]] = node
            continue
        nodes[2, node], nodes[3, node] = feature, code
        middle = first + _partition(codes[column[feature]], orders[order[feature]], code, rows)
        judge_rows = judge[judge_first:judge_last]
        judge_middle = judge_first + _partition(codes[column[feature]], orders[order[feature]], code, judge_rows)
        waiting[size] = (middle, last, judge_middle, judge_last, depth + 1, node)
        waiting[size + 1] = (first, middle, judge_first, judge_middle, depth + 1, node)
        size += 2
    return n_nodes, leaf


@kernel
def _gather(rows, channel, y, weight, row_channel, row_moment, row_weight, sums):
    """Targets and weights of a node's rows side by side; their weight, sum of squares and sums by channel."""
    total, square = 0.0, 0.0
    sums[:] = 0.0
    for i in range(len(rows)):
        row = rows[i]
        moment = weight[row] * y[row]
        row_channel[i], row_moment[i], row_weight[i] = channel[row], moment, weight[row]
        total += weight[row]
        square += moment * y[row]
        sums[channel[row]] += moment
    return total, square


@kernel
def _draw(pool, uniform):
    """Bring as many random members of `pool` to its front as there are random numbers."""
    for i in range(len(uniform)):
        j = i + int(uniform[i] * (len(pool) - i))
        pool[i], pool[j] = pool[j], pool[i]


@kernel
def _look_up(order, rows, shuffled):
    """The rows whose values stand at `rows` in another order."""
    for i in range(len(rows)):
        shuffled[i] = order[rows[i]]


@kernel
def _best_cut(values, rows, channel, weight, moment, total, sums, histogram):
    """The largest sum over both sides of ``|sum of targets|^2 / weight``, and the code to cut after.

    For numbers that falls short of the sum of squares by the squared error, for classes by the Gini impurity.
    """
    low, high = 255, 0
    for i in range(len(rows)):
        code = values[rows[i]]
        histogram[code, 0] += weight[i]
        histogram[code, 1 + channel[i]] += moment[i]
        low, high = min(low, code), max(high, code)
    best, cut = -1.0, -1
    left, left_weight = sums[1], 0.0
    left[:] = 0.0
    for code in range(low, high):
        if histogram[code, 0] == 0.0:
            continue
        left_weight += histogram[code, 0]
        left_square, right_square = 0.0, 0.0
        for k in range(len(left)):
            left[k] += histogram[code, 1 + k]
            left_square += left[k] ** 2
            right_square += (sums[0, k] - left[k]) ** 2
        score = left_square / left_weight + right_square / max(total - left_weight, _LEAST_GAIN * total)
        if score > best:
            best, cut = score, code
    histogram[low : high + 1] = 0.0
    return best, cut


@kernel
def _best_cut_of_one(values, rows, weight, moment, total, moments, histogram):
    """`_best_cut` of one channel, faster: sums stay in registers, and a code without rows, whose score is that of the
    code before it, needs no branch."""
    low, high = 255, 0
    for i in range(len(rows)):
        code = values[rows[i]]
        histogram[code, 0] += weight[i]
        histogram[code, 1] += moment[i]
        low, high = min(low, code), max(high, code)
    best, cut = -1.0, -1
    left, left_weight = 0.0, 0.0
    for code in range(low, high):
        left_weight += histogram[code, 0]
        left += histogram[code, 1]
        score = left**2 / left_weight + (moments - left) ** 2 / max(total - left_weight, _LEAST_GAIN * total)
        if score > best:
            best, cut = score, code
    histogram[low : high + 1] = 0.0
    return best, cut


@kernel
def _partition(values, order, code, rows):
    """Reorder `rows` so that those with a value up to `code` come first; their number."""
    first, last = 0, len(rows)
    while first < last:
        if values[order[rows[first]]] <= code:
            first += 1
        else:
            last -= 1
            rows[first], rows[last] = rows[last], rows[first]
    return first
