"""The chosen tree as a static picture. The page's script draws the others the same way."""

from heapq import heappop, heappush
from math import floor
from typing import Any

from markupsafe import Markup

from .svg import element, mark, picture, shorten, text

#: Trees with more leaves are drawn folded, to `MOST_ENDS` ends: leaves, and branches that are left closed.
MOST_LEAVES = 60
MOST_ENDS = 12
_GAP, _LEAST_GAP, _ROW, _TOP, _SIDE = 84, 46, 74, 34, 50


def draw_tree(tree: dict[str, Any], place: int, features: list[str], classes: list[str] | None) -> Markup:
    """The tree at a place of the slider.

    Parameters
    ----------
    tree : dict
        Columns over its nodes in preorder, as in the report's figures.
    place : int
        Of the slider: nodes whose ``life`` is larger split there.
    features, classes : list of str
        Names.
    """
    return _Picture(tree, place, features, classes).drawn()


class _Picture:
    def __init__(self, tree, place, features, classes):
        self.tree, self.place, self.features, self.classes = tree, place, features, classes
        self.rows = tree.get("rows")
        self.leaves = self._leaves_below()
        self.open = self._opened() if self.leaves[0] > MOST_LEAVES else None
        self.order, self.parent, self.depth, self.x = self._layout()
        self.by_depth = {}
        for node in self.order:
            self.by_depth.setdefault(self.depth[node], []).append(node)
        widest = max(self.end_width(node) for node in self.order if not self.shows_children(node))
        self.gap = max(min(_GAP, max(_LEAST_GAP, widest)), min(130, 640 // self.n_ends))
        self.width = max(2 * _SIDE + (self.n_ends - 1) * self.gap, 240)

    def splits(self, node):
        return self.tree["life"][node] > self.place

    def shows_children(self, node):
        return self.splits(node) and (self.open is None or node in self.open)

    def _leaves_below(self):
        leaves = [1] * len(self.tree["right"])
        for node in range(len(leaves) - 1, -1, -1):
            if self.splits(node):
                leaves[node] = leaves[node + 1] + leaves[self.tree["right"][node]]
        return leaves

    def _opened(self):
        """The branches to open, always the one with the most rows next."""
        weight, opened = self.rows or self.leaves, set()
        waiting = [(-weight[0], 0)]
        while waiting and len(opened) < MOST_ENDS - 1:
            _, node = heappop(waiting)
            opened.add(node)
            for child in (node + 1, self.tree["right"][node]):
                if self.splits(child):
                    heappush(waiting, (-weight[child], child))
        return opened

    def _layout(self):
        order, parent, depth, x, ends = [], {0: None}, {0: 0}, {}, 0
        waiting = [0]
        while waiting:
            node = waiting.pop()
            order.append(node)
            if self.shows_children(node):
                for child in (self.tree["right"][node], node + 1):
                    parent[child], depth[child] = node, depth[node] + 1
                    waiting.append(child)
            else:
                x[node] = float(ends)
                ends += 1
        for node in reversed(order):
            if self.shows_children(node):
                x[node] = (x[node + 1] + x[self.tree["right"][node]]) / 2
        self.n_ends = ends
        return order, parent, depth, x

    def at(self, node):
        left = (self.width - (self.n_ends - 1) * self.gap) / 2
        return left + self.x[node] * self.gap, _TOP + self.depth[node] * _ROW

    def drawn(self):
        deepest = max(self.depth.values())
        height = _TOP + deepest * _ROW + 60
        n_leaves = self.leaves[0]
        label = f"Tree with {n_leaves} {'leaf' if n_leaves == 1 else 'leaves'}; its rules are listed below."
        edges = [self.edge(node) for node in self.order if self.parent[node] is not None]
        nodes = [self.split(node) if self.shows_children(node) else self.end(node) for node in self.order]
        return picture(self.width, height, label, *edges, *nodes, css="tree")

    def edge(self, node):
        (x0, y0), (x1, y1) = self.at(self.parent[node]), self.at(node)
        middle = (y0 + y1) / 2 - 8
        thick = 1.0 + 6.0 * (self.rows[node] / max(self.rows[0], 1)) ** 0.5 if self.rows else 1.5
        d = f"M{x0:.1f} {y0 + 6:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1 - 8:.1f}"
        return element("path", class_="edge", stroke_width=thick, d=d)

    def split(self, node):
        x, y = self.at(node)
        most = int(self.room(node) / 7)
        test, answers = self.test(node)
        if most - len(test) < 6:
            test, _ = self.test(node, digits=3)
        name = shorten(self.features[self.tree["feature"][node]], max(4, most - len(test)))
        parts = [element("circle", class_="split", cx=x, cy=y, r=5), text(x, y - 11, name + test)]
        if self.n_ends <= 16:
            for child, answer in zip((node + 1, self.tree["right"][node]), answers, strict=True):
                parts.append(text((x + self.at(child)[0]) / 2, y + 24, answer, css="answer"))
        return element("g", *parts)

    def test(self, node, digits=6):
        """The condition of a split, after the name of the feature, and the signs on its branches.

        Below an infinite threshold lies all that is not missing. Signs cannot be taken for classes, as "yes" could.
        """
        threshold = self.tree["threshold"][node]
        if isinstance(threshold, str):
            return (" not missing" if threshold == "Infinity" else " missing"), ("✓", "✗")
        signs = ("≤", ">") if self.tree["comparison"] == "<=" else ("<", "≥")
        return f" {signs[0]} {float(f'{threshold:.{digits}g}'):.6g}", signs

    def room(self, node):
        """Pixels for the label of a split: up to those beside it and to the edge; ends have theirs below."""
        row, (x, _) = self.by_depth[self.depth[node]], self.at(node)
        place, room = row.index(node), 2 * min(x, self.width - x) - 6
        for other in (*row[max(place - 1, 0) : place], *row[place + 1 : place + 2]):
            room = min(room, abs(self.at(other)[0] - x) * (1.0 if self.shows_children(other) else 1.7) - 10)
        return room

    def words_of_end(self, node):
        """The text under an end: how large the branch is, or what the leaf predicts."""
        if self.splits(node):
            return f"{self.leaves[node]:,} leaves"
        value = self.tree["value"][node]
        return str(value) if self.classes is None else self.classes[value]

    def rows_of(self, node):
        return f"n={self.rows[node]:,}" if self.rows else ""

    def share_of(self, node):
        """Of the training rows in a leaf, those of the class that it predicts."""
        shares = self.tree.get("share")
        return "" if shares is None or self.splits(node) else f"{floor(shares[node] + 0.5)}\xa0%"

    def end_width(self, node):
        return 7.6 * max(len(self.words_of_end(node)), len(self.rows_of(node))) + 8

    def end(self, node):
        (x, y), words = self.at(node), self.words_of_end(node)
        if self.splits(node):
            shape, css = element("path", class_="folded", d=f"M{x:.1f} {y - 7:.1f}l9 14h-18z"), None
        else:
            shape = mark(self.tree["value"][node] if self.classes is not None else 1, x, y, 7.0)
            words, css = shorten(words, int(min(self.gap - 6, 2 * min(x, self.width - x)) / 7.6)), "predicted"
        lines = [line for line in (self.share_of(node), self.rows_of(node)) if line]
        under = [text(x, y + 36 + 13.0 * place, line, css="soft") for place, line in enumerate(lines)]
        return element("g", shape, text(x, y + 22, words, css=css), *under)
