"""Compiled loops that grow histogram trees. Imported only inside the functions that need them."""

import numpy as np

from ..core.compilation import kernel, part

#: A split must win more than this share of its node's sum of squares: less is rounding.
_LEAST_GAIN = 1e-10


@kernel
def grow_tree(
    codes, column, order, orders, channel, y, weight, grow, judge, uniform, n_try, max_depth, nodes, stats, leaf,
    pool, shuffled, row_channel, row_moment, row_weight, histogram, sums, waiting,
):  # fmt: skip
    """Grow one tree on the rows `grow`, depth first, and send the rows `judge` down with them; its number of nodes.

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
    nodes : ndarray of int32, shape (3, max_nodes)
        In preorder, filled with feature, code (rows with a code up to it go left) and number of rows. Comes with -1,
        which stays where a node is not split.
    stats : ndarray of float64, shape (2 + n_channels, max_nodes)
        Filled with weight, weighted sum of squares, and mean of each channel.
    leaf : ndarray of int32, shape (n_rows,)
        Filled with where each row of `judge` ends; other rows stay.
    pool, shuffled, row_channel, row_moment, row_weight, histogram, sums, waiting
        What `scratch` gives.
    """
    size, n_nodes, drawn = 1, 0, 0
    while size:
        size -= 1
        first, last, depth = waiting[size, 0], waiting[size, 1], waiting[size, 4]
        judge_first, judge_last = waiting[size, 2], waiting[size, 3]
        node, n_nodes = n_nodes, n_nodes + 1
        rows, n = grow[first:last], last - first
        total, square = _gather(rows, channel, y, weight, row_channel, row_moment, row_weight, sums)
        nodes[2, node], stats[0, node], stats[1, node] = n, total, square
        of_sums = 0.0
        for k in range(sums.shape[1]):
            stats[2 + k, node] = sums[0, k] / total
            of_sums += sums[0, k] ** 2
        least, held = of_sums / total + _LEAST_GAIN * square, 0
        for i in range(n_try if depth < max_depth and least < square else 0):
            j = i + int(uniform[drawn] * (len(pool) - i))  # features at random, none twice
            pool[i], pool[j], drawn = pool[j], pool[i], drawn + 1
            f = pool[i]
            if order[f] != 0 and order[f] != held:
                held = order[f]
                _look_up(orders[held], rows, shuffled)
            at = rows if order[f] == 0 else shuffled[:n]
            if sums.shape[1] == 1:
                cut = _best_cut_of_one(codes[column[f]], at, row_weight, row_moment, total, sums[0, 0], histogram)
            else:
                cut = _best_cut(codes[column[f]], at, row_channel, row_weight, row_moment, total, sums, histogram)
            if cut[0] > least:
                least, nodes[0, node], nodes[1, node] = cut[0], f, cut[1]
        feature, code = nodes[0, node], nodes[1, node]
        if feature < 0:
            for i in range(judge_first, judge_last):
                leaf[judge[i]] = node
            continue
        values, in_order = codes[column[feature]], orders[order[feature]]
        middle = _partition(values, in_order, code, grow, first, last)
        judge_middle = _partition(values, in_order, code, judge, judge_first, judge_last)
        _wait(waiting, size, middle, last, judge_middle, judge_last, depth + 1)
        _wait(waiting, size + 1, first, middle, judge_first, judge_middle, depth + 1)
        size += 2
    return n_nodes


def scratch(n_grow, n_judge, n_features, n_channels, max_depth):
    """Space for `grow_tree`, in its order, for one tree."""
    waiting = np.empty((max_depth + 2, 5), np.int64)  # slices of `grow` and `judge`, depth
    waiting[0] = (0, n_grow, 0, n_judge, 0)
    return (
        np.arange(n_features),
        np.empty(n_grow, np.uint32),  # the rows of a node in the order last asked for
        np.empty(n_grow, np.int32),
        np.empty(n_grow),
        np.empty(n_grow),
        np.zeros((256, 1 + n_channels)),
        np.empty((2, n_channels)),  # of each channel: in the node, and left of a cut
        waiting,
    )


@part
def _wait(waiting, place, first, last, judge_first, judge_last, depth):
    waiting[place, 0], waiting[place, 1], waiting[place, 4] = first, last, depth
    waiting[place, 2], waiting[place, 3] = judge_first, judge_last


@part
def _gather(rows, channel, y, weight, row_channel, row_moment, row_weight, sums):
    """Targets and weights of a node's rows side by side; their weight, sum of squares and sums by channel."""
    total, square = 0.0, 0.0
    for k in range(sums.shape[1]):
        sums[0, k] = 0.0
    for i in range(len(rows)):
        row = rows[i]
        moment = weight[row] * y[row]
        row_channel[i], row_moment[i], row_weight[i] = channel[row], moment, weight[row]
        total += weight[row]
        square += moment * y[row]
        sums[0, channel[row]] += moment
    return total, square


@part
def _look_up(order, rows, shuffled):
    """The rows whose values stand at `rows` in another order."""
    for i in range(len(rows)):
        shuffled[i] = order[rows[i]]


@part
def _best_cut(values, rows, channel, weight, moment, total, sums, histogram):
    """The largest sum over both sides of ``|sum of targets|^2 / weight``, and the code to cut after.

    For numbers that falls short of the sum of squares by the squared error, for classes by the Gini impurity. The
    histogram comes and leaves with zeros.
    """
    low, high = 255, 0
    for i in range(len(rows)):
        code = values[rows[i]]
        histogram[code, 0] += weight[i]
        histogram[code, 1 + channel[i]] += moment[i]
        low, high = min(low, code), max(high, code)
    best, cut, left_weight = -1.0, -1, 0.0
    for k in range(sums.shape[1]):
        sums[1, k] = 0.0
    for code in range(low, high):
        if histogram[code, 0] == 0.0:
            continue
        left_weight += histogram[code, 0]
        histogram[code, 0] = 0.0
        left_square, right_square = 0.0, 0.0
        for k in range(sums.shape[1]):
            sums[1, k] += histogram[code, 1 + k]
            histogram[code, 1 + k] = 0.0
            left_square += sums[1, k] ** 2
            right_square += (sums[0, k] - sums[1, k]) ** 2
        score = left_square / left_weight + right_square / max(total - left_weight, _LEAST_GAIN * total)
        if score > best:
            best, cut = score, code
    for k in range(histogram.shape[1]):
        histogram[high, k] = 0.0
    return best, cut


@part
def _best_cut_of_one(values, rows, weight, moment, total, moments, histogram):
    """`_best_cut` of one channel, faster: sums stay in registers, and a code without rows, whose score is that of the
    code before it, needs no branch."""
    low, high = 255, 0
    for i in range(len(rows)):
        code = values[rows[i]]
        histogram[code, 0] += weight[i]
        histogram[code, 1] += moment[i]
        low, high = min(low, code), max(high, code)
    best, cut, left, left_weight = -1.0, -1, 0.0, 0.0
    for code in range(low, high):
        left_weight += histogram[code, 0]
        left += histogram[code, 1]
        histogram[code, 0], histogram[code, 1] = 0.0, 0.0
        score = left**2 / left_weight + (moments - left) ** 2 / max(total - left_weight, _LEAST_GAIN * total)
        if score > best:
            best, cut = score, code
    histogram[high, 0], histogram[high, 1] = 0.0, 0.0
    return best, cut


@part
def _partition(values, order, code, rows, first, last):
    """Reorder a slice of `rows` so that those with a value up to `code` come first; where the others begin."""
    while first < last:
        if values[order[rows[first]]] <= code:
            first += 1
        else:
            last -= 1
            rows[first], rows[last] = rows[last], rows[first]
    return first
