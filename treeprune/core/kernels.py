"""Compiled loops over nodes and rows. Imported only inside the functions that need them: numba loads slowly.

Every kernel takes plain arrays, fills those that its docstring names, and has a slow, obvious twin in
``tests/naive.py``. Node arrays are in preorder unless a kernel says otherwise, so ``for node in reversed(range(n))``
visits children first.

The first use of a kernel compiles it while the user waits. So kernels avoid what takes long to compile
(``python -m benchmarks.first_use`` measures it):

- allocations,
- assignments of slices and whole rows, for which numba also compiles checks and their error texts,
- numpy's sorts and sums,
- calls with several types of arguments, because each is compiled by itself. A variable that starts as the literal 0 or
  -1 has a type of its own, too.
"""

from .compilation import kernel

#: What `structure_fault` found, by its code.
STRUCTURE_FAULTS = {
    1: "{side} child {child} outside 0..{last}",
    2: "{side} child {child} reached twice",
    3: "one child only ({side} child missing)",
}


@kernel
def structure_fault(root, start, children_left, children_right, visited, stack):
    """First structural fault of trees in any node order, as ``(code, tree, node, is_left)``; code 0: none.

    ``visited`` (uint8, zeros) is filled with 1 at each node reached from a root; ``stack`` (int32), as long, is
    scratch space. ``start`` has the first node of each tree and, last, the number of nodes: children must lie within
    their tree. A cycle shows as a node that is reached twice.
    """
    for tree in range(len(root)):
        low, high = start[tree], start[tree + 1]
        if root[tree] < low or root[tree] >= high:
            return 1, tree, root[tree], True
        stack[0] = root[tree]
        visited[root[tree]] = 1
        size = 1
        while size:
            size -= 1
            node = stack[size]
            left, right = children_left[node], children_right[node]
            if left == -1 and right == -1:
                continue
            if left == -1 or right == -1:
                return 3, tree, node, left == -1
            for child, is_left in ((right, False), (left, True)):
                if child < low or child >= high:
                    return 1, tree, node, is_left
                if visited[child]:
                    return 2, tree, node, is_left
                visited[child] = 1
                stack[size] = child
                size += 1
    return 0, 0, 0, False


@kernel
def preorder(root, children_left, children_right, collapse, source, order, split, new_root, stack):
    """Fill ``order`` with the nodes that remain of all trees, in preorder; their number.

    ``source[node]`` takes the place of ``node`` (itself unless a subtree is raised); a node whose ``collapse`` is
    set becomes a leaf. ``split`` is filled with whether each remaining node splits, ``new_root`` with the position of
    each root in ``order``. ``stack`` is scratch space of ``n_nodes + 1``. The structure must be sound.
    """
    position = 0
    for tree in range(len(root)):
        new_root[tree] = position
        stack[0] = root[tree]
        size = 1
        while size:
            size -= 1
            node = source[stack[size]]
            order[position] = node
            split[position] = children_left[node] >= 0 and not collapse[node]
            if split[position]:
                stack[size] = children_right[node]
                stack[size + 1] = children_left[node]
                size += 2
            position += 1
    return position


@kernel
def preorder_children(split, left, right, waiting):
    """Fill in the children of nodes in preorder, given which of them split.

    ``left`` and ``right`` come with -1 everywhere; ``waiting`` is scratch space. If ``split`` is not that of a whole
    tree, the result is malformed, which `Forest.validate` finds.
    """
    size = 0  # splits that still lack their right child
    for node in range(len(split)):
        if node and not split[node - 1] and size:
            size -= 1
            right[waiting[size]] = node
        if split[node]:
            left[node] = node + 1
            waiting[size] = node
            size += 1


@kernel
def subtree_end(children_right, end):
    """Fill in where each node's subtree ends: in preorder, it is the slice ``node:end[node]``."""
    for node in range(len(children_right) - 1, -1, -1):
        end[node] = end[children_right[node]] if children_right[node] >= 0 else node + 1


@kernel
def node_depth(parent, depth):
    """Fill in the depth of each node; a root has depth 0."""
    for node in range(len(parent)):
        depth[node] = depth[parent[node]] + 1 if parent[node] >= 0 else 0


# Sums in double-double arithmetic (Dekker 1971; Knuth, TAOCP vol. 2, 4.2.2): a float64 pair high + low with about
# 106 significant bits. Sums of rows then do not depend on their order, and an integer weight is worth exactly as
# much as that many repetitions of its row.


@kernel
def two_sum(a, b):
    """``a + b`` as a rounded sum and its exact error (Knuth)."""
    high = a + b
    shifted = high - a
    return high, (a - (high - shifted)) + (b - shifted)


@kernel
def two_product(a, b):
    """``a * b`` as a rounded product and its exact error (Dekker, Veltkamp splitting)."""
    high = a * b
    scaled = 134217729.0 * a  # 2**27 + 1
    a_high = scaled - (scaled - a)
    a_low = a - a_high
    scaled = 134217729.0 * b
    b_high = scaled - (scaled - b)
    b_low = b - b_high
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


@kernel
def pair_sum(high, low, other_high, other_low):
    """Sum of two double-double numbers."""
    total, error = two_sum(high, other_high)
    return two_sum(total, error + (low + other_low))


@kernel
def sums_by_index(index, weight, x, high, low):
    """Add ``weight * x`` of each row to the double-double sum ``high + low`` at ``index``; -1: to none."""
    for row in range(len(index)):
        i = index[row]
        if i >= 0:
            product, error = two_product(weight[row], x[row])
            high[i], low[i] = pair_sum(high[i], low[i], product, error)


@kernel
def add_pruned_values(leaf, of_leaf, parent, strength, alphas, value, column, total):
    """Add to ``total`` what each row gets from a tree that is pruned at one strength after another, in rising order.

    A row starts at its ``leaf`` (-1: it does not count) and climbs whenever the node above collapses. At the leaf it
    gets its row of ``of_leaf``, shape (n_rows, n_values); at a node above, that node's ``value``, shape (n_nodes,
    n_values). ``total`` has the shape (n_rows, n_strengths, n_columns), and the tree's values begin at ``column``.
    """
    for row in range(len(leaf)):
        node = leaf[row]
        if node < 0:
            continue
        for step in range(len(alphas)):
            while parent[node] >= 0 and strength[parent[node]] <= alphas[step]:
                node = parent[node]
            for k in range(value.shape[1]):
                total[row, step, column + k] += of_leaf[row, k] if node == leaf[row] else value[node, k]


@kernel
def accumulate(parent, high, low):
    """Turn sums over the rows of each leaf into sums over the rows of each node, in place: one reverse pass."""
    for node in range(len(parent) - 1, -1, -1):
        if parent[node] >= 0 and high[node] != 0.0:  # most nodes of a large tree see no row of a small sample
            above = parent[node]
            high[above], low[above] = pair_sum(high[above], low[above], high[node], low[node])


@kernel
def add_leaf_values(span, row, column, value, score):
    """Add the values of leaves to the scores of their rows, ``row[span[leaf, 0]:span[leaf, 1]]``, from a column on."""
    for leaf in range(len(span)):
        for at in range(span[leaf, 0], span[leaf, 1]):
            for k in range(value.shape[1]):
                score[row[at], column[leaf] + k] += value[leaf, k]
