"""Compiled loops that grow histogram trees. Imported only inside the functions that need them."""

from typing import NamedTuple

import numpy as np

from ..core.compilation import kernel, part

#: A split must win more than this share of its node's sum of squares: less is rounding.
_LEAST_GAIN = 1e-10
#: Features whose histograms are filled in one pass over a node's rows.
_TOGETHER = 4
#: Fewest steps of a target of size 1 that is made a whole number: sums of such are as good as those of floats.
_FEWEST_STEPS = 2.0**16


class Target(NamedTuple):
    """What the trees are to predict: one number for each row, in one of the channels.

    Channel 0 holds numbers, and two classes as 0 and 1; of more classes each has a channel, where ``y`` is 1.

    Attributes
    ----------
    channel : ndarray of int32, shape (n_rows,)
    y, weight : ndarray of float64, shape (n_rows,)
    packed : ndarray of int64, shape (n_rows,) or (0,)
        Where there is one channel and rows have the weight 1: a row, and its target in steps, in one number, so that
        one addition counts both. The count stands above the lowest `bits`.
    bits : int
    step : float
        Size of a step.
    n_codes : int
        Codes of features are below this.
    """

    channel: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    packed: np.ndarray
    bits: int
    step: float
    n_codes: int


def target_of(channel, y, weight, n_codes, n_channels):
    """The `Target` of rows, packed if nothing is lost: whole numbers as they are, others in steps of 2e-5 or less."""
    bits = 62 - len(y).bit_length()
    largest, whole = np.abs(y).max(initial=0.0), bool((y == np.rint(y)).all())
    steps = 1.0 if whole else 2.0 ** np.floor(np.log2(2.0 ** (bits - 1) / (len(y) * max(largest, 1.0))))
    fits = largest * steps * len(y) < 2.0 ** (bits - 1)
    packs = n_channels == 1 and bool((weight == 1.0).all()) and fits and (whole or steps >= _FEWEST_STEPS)
    packed = np.int64(1 << bits) + np.rint(y * steps).astype(np.int64) if packs else np.empty(0, np.int64)
    return Target(channel, y, weight, packed, bits, 1.0 / steps, n_codes)


class GrownTree(NamedTuple):
    """The arrays that `grow_tree` fills. Nodes are in preorder.

    Attributes
    ----------
    nodes : ndarray of int32, shape (3, max_nodes)
        Feature, code (rows with a code up to it go left) and number of rows. Comes with -1, which stays where a node
        is not split.
    statistics : ndarray of float64, shape (2 + n_channels, max_nodes)
        Weight, weighted sum of squares, and mean of each channel.
    leaf : ndarray of int32, shape (n_rows,)
        Where each row to judge by ends; the entries of other rows stay.
    """

    nodes: np.ndarray
    statistics: np.ndarray
    leaf: np.ndarray


class Workspace(NamedTuple):
    """Space that `grow_tree` works in; `workspace` makes it.

    Attributes
    ----------
    pool : ndarray of int, shape (n_features,)
        All features; those that a node tries are moved to the front.
    rows : ndarray of uint32, shape (max(n_grow, n_judge),)
        Rows on their way to the right of a cut.
    row_channel, row_moment, row_weight, row_packed : ndarray, shape (n_grow,)
        Channel, weight times target, weight, and packed target of a node's rows, side by side.
    histogram : ndarray of float64, shape (256, 1 + n_channels)
        Weight and sums of the rows with each code. All zeros between uses.
    packed : ndarray of int64, shape (4, 256)
        Sums of packed targets of the rows with each code, of several features. All zeros between uses.
    sums : ndarray of float64, shape (2, n_channels)
        Sum of each channel in the node, and left of a cut.
    waiting : ndarray of int64, shape (max_depth + 2, 5)
        Stack of the nodes to grow: first and last of its slices of the rows to grow and to judge by, and its depth.
    """

    pool: np.ndarray
    rows: np.ndarray
    row_channel: np.ndarray
    row_moment: np.ndarray
    row_weight: np.ndarray
    row_packed: np.ndarray
    histogram: np.ndarray
    packed: np.ndarray
    sums: np.ndarray
    waiting: np.ndarray


def workspace(n_grow, n_judge, n_features, n_channels, max_depth):
    """The `Workspace` of one tree."""
    waiting = np.empty((max_depth + 2, 5), np.int64)
    waiting[0] = (0, n_grow, 0, n_judge, 0)
    return Workspace(
        pool=np.arange(n_features),
        rows=np.empty(max(n_grow, n_judge), np.uint32),
        row_channel=np.empty(n_grow, np.int32),
        row_moment=np.empty(n_grow),
        row_weight=np.empty(n_grow),
        row_packed=np.empty(n_grow, np.int64),
        histogram=np.zeros((256, 1 + n_channels)),
        packed=np.zeros((_TOGETHER, 256), np.int64),
        sums=np.empty((2, n_channels)),
        waiting=waiting,
    )


@kernel
def grow_tree(codes, target, grow, judge, uniform, n_try, max_depth, tree, space):
    """Grow one tree on the rows `grow`, depth first, and send the rows `judge` down with them; its number of nodes.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n_features, n_rows)
        Values of the features.
    target : Target
    grow, judge : ndarray of uint32
        Row numbers, best in ascending order: memory is then read from near to far, which takes half the time. Both are
        reordered, so that the rows of a node are a slice.
    uniform : ndarray of float64, shape (n_above * n_try,)
        Random numbers in [0, 1), for as many nodes as there may be above the depth limit.
    n_try, max_depth : int
        Features tried at each node; depth limit.
    tree : GrownTree
        Filled.
    space : Workspace
    """
    nodes, statistics, leaf = tree
    pool, waiting, n_channels = space.pool, space.waiting, space.sums.shape[1]
    size, n_nodes, drawn = 1, 0, 0
    while size:
        size -= 1
        first, last, depth = waiting[size, 0], waiting[size, 1], waiting[size, 4]
        judge_first, judge_last = waiting[size, 2], waiting[size, 3]
        node, n_nodes = n_nodes, n_nodes + 1
        rows, n = grow[first:last], last - first
        total, square = _gather_packed(rows, target, space) if len(target.packed) else _gather(rows, target, space)
        nodes[2, node], statistics[0, node], statistics[1, node] = n, total, square
        square_of_sums = 0.0
        for k in range(n_channels):
            statistics[2 + k, node] = space.sums[0, k] / total
            square_of_sums += space.sums[0, k] ** 2
        # The score of a cut is compared with that of none, and must be larger by more than rounding.
        least = square_of_sums / total + _LEAST_GAIN * square
        n_tried = n_try if depth < max_depth and least < square else 0
        for i in range(n_tried):
            j = i + int(uniform[drawn] * (len(pool) - i))  # features at random, none twice
            pool[i], pool[j], drawn = pool[j], pool[i], drawn + 1
        if len(target.packed):
            _best_of_packed(codes, pool[:n_tried], rows, target, least, nodes[:, node], space)
            n_tried = 0
        for f in pool[:n_tried]:
            if n_channels == 1:
                cut = _best_cut_of_one(codes[f], rows, total, space)
            else:
                cut = _best_cut(codes[f], rows, total, space)
            if cut[0] > least:
                least, nodes[0, node], nodes[1, node] = cut[0], f, cut[1]
        feature, code = nodes[0, node], nodes[1, node]
        if feature < 0:
            for i in range(judge_first, judge_last):
                leaf[judge[i]] = node
            continue
        middle = _partition(codes[feature], code, grow, first, last, space.rows)
        judge_middle = _partition(codes[feature], code, judge, judge_first, judge_last, space.rows)
        _wait(waiting, size, middle, last, judge_middle, judge_last, depth + 1)
        _wait(waiting, size + 1, first, middle, judge_first, judge_middle, depth + 1)
        size += 2
    return n_nodes


@part
def _wait(waiting, place, first, last, judge_first, judge_last, depth):
    waiting[place, 0], waiting[place, 1], waiting[place, 4] = first, last, depth
    waiting[place, 2], waiting[place, 3] = judge_first, judge_last


@part
def _gather(rows, target, space):
    """Put the targets and weights of a node's rows side by side, and sum them; their weight and sum of squares."""
    channel, y, weight = target.channel, target.y, target.weight
    row_channel, row_moment, row_weight, sums = space.row_channel, space.row_moment, space.row_weight, space.sums
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
def _gather_packed(rows, target, space):
    """`_gather` for packed targets."""
    y, packed, total, square = target.y, target.packed, 0.0, 0.0
    for i in range(len(rows)):
        row = rows[i]
        space.row_packed[i] = packed[row]
        total += y[row]
        square += y[row] * y[row]
    space.sums[0, 0] = total
    return float(len(rows)), square


@part
def _best_cut(values, rows, total, space):
    """The largest sum over both sides of ``|sum of targets|^2 / weight``, and the code to cut after.

    The sum of squares less that is the squared error for numbers, the Gini impurity for classes.
    """
    channel, moment, weight = space.row_channel, space.row_moment, space.row_weight
    sums, histogram = space.sums, space.histogram
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
def _best_cut_of_one(values, rows, total, space):
    """`_best_cut` for one channel, faster.

    Sums stay in registers. A code without rows has the score of the code before it, so it needs no branch.
    """
    moment, weight, histogram, moments = space.row_moment, space.row_weight, space.histogram, space.sums[0, 0]
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
def _best_of_packed(codes, tried, rows, target, least, node, space):
    """Enter the best cut by any of the features tried into a node, if it scores more than `least`: `_best_cut_of_one`.

    Several histograms are filled in one pass, of one addition for each row and feature.
    """
    packed, n = space.row_packed, len(rows)
    half, base, whole = 1 << (target.bits - 1), 0, 0
    for i in range(n):
        whole += packed[i]
    moments = (whole - (((whole + half) >> target.bits) << target.bits)) * target.step
    while base < len(tried):
        last = len(tried) - 1  # the last stands in for what is missing from a full group
        f0, f1 = tried[base], tried[min(base + 1, last)]
        f2, f3 = tried[min(base + 2, last)], tried[min(base + 3, last)]
        _fill(codes[f0], codes[f1], codes[f2], codes[f3], rows, packed, space.packed)
        for place in range(_TOGETHER):
            score, cut = _cut_of_packed(space.packed[place], n, moments, half, target)
            if base + place <= last and score > least:
                least, node[0], node[1] = score, tried[base + place], cut
        base += _TOGETHER


@part
def _fill(a, b, c, d, rows, packed, histogram):
    """Add the packed targets of rows to the histograms of four features."""
    ha, hb, hc, hd = histogram[0], histogram[1], histogram[2], histogram[3]
    for i in range(len(rows)):
        row, x = rows[i], packed[i]
        ha[a[row]] += x
        hb[b[row]] += x
        hc[c[row]] += x
        hd[d[row]] += x


@part
def _cut_of_packed(histogram, n, moments, half, target):
    """Score and code of the best cut by one feature, whose histogram is left with zeros."""
    best, cut, left, left_rows = -1.0, -1, 0, 0
    for code in range(target.n_codes):
        value = histogram[code]
        if value == 0:
            continue
        histogram[code] = 0
        rows = (value + half) >> target.bits
        left_rows += rows
        left += value - (rows << target.bits)
        if left_rows == n:
            continue
        on_left = left * target.step
        score = on_left**2 / left_rows + (moments - on_left) ** 2 / (n - left_rows)
        if score > best:
            best, cut = score, code
    return best, cut


@part
def _partition(values, code, rows, first, last, spare):
    """Reorder a slice of `rows` so that those with a value up to `code` come first; where the others begin.

    Rows stay in their order on each side.
    """
    middle, n_right = first, 0
    for i in range(first, last):  # without a branch, which would be guessed wrong half the time
        row = rows[i]
        goes_left = values[row] <= code
        rows[middle], spare[n_right] = row, row
        middle += goes_left
        n_right += not goes_left
    for i in range(n_right):
        rows[middle + i] = spare[i]
    return middle
