// Where nodes stand. Large trees are folded: branches are opened by their rows until there are enough ends.
let leavesBelow = new Int32Array(0);

function countLeaves() {
  leavesBelow = new Int32Array(nNodes).fill(1);
  for (let i = nNodes - 1; i >= 0; i--) if (splits(i)) leavesBelow[i] = leavesBelow[i + 1] + leavesBelow[tree.right[i]];
}

// Trees of many leaves are folded; on a narrow screen also those that do not fit. At first there are as many ends as do.
const roomOfTree = () => $("tree").clientWidth - 12;
const firstEnds = () => Math.min(FIRST_ENDS, Math.max(3, 1 + Math.floor((roomOfTree() - 2 * SIDE) / GAP)));
function isFoldable() {
  if (leavesBelow[0] > MOST_LEAVES || roomOfTree() >= WIDE) return leavesBelow[0] > MOST_LEAVES;
  return widthOf(leavesBelow[0], Math.max(...leavesInOrder().map(endWidth))) > roomOfTree();
}
const nEnds = () => state.ends ?? firstEnds();

// The branches that are open: always the one with the most rows next, and those that the reader has opened.
function openBranches() {
  const weight = tree.rows || leavesBelow, open = new Set(), waiting = [0], ends = nEnds();
  while (waiting.length && open.size < ends - 1) {
    let at = 0;
    for (let j = 1; j < waiting.length; j++) {
      const more = weight[waiting[j]] - weight[waiting[at]];
      if (more > 0 || more === 0 && waiting[j] < waiting[at]) at = j;
    }
    const [node] = waiting.splice(at, 1);
    if (!splits(node)) continue;
    open.add(node);
    waiting.push(...children(node).filter(splits));
  }
  for (const node of state.opened) for (const i of way(node)) if (splits(i)) open.add(i);
  return open;
}

// The nodes that are drawn, parents first, with their depths and places from left to right.
function layout() {
  countLeaves();
  const open = isFoldable() ? openBranches() : null;
  const at = { order: [], depth: new Map([[0, 0]]), x: new Map(), ends: 0, rows: [], isOpen: (i) => splits(i) && (!open || open.has(i)) };
  const waiting = [0];
  while (waiting.length) {
    const i = waiting.pop();
    at.order.push(i);
    (at.rows[at.depth.get(i)] ??= []).push(i); // by depth, from left to right
    if (at.isOpen(i)) for (const c of children(i).reverse()) { at.depth.set(c, at.depth.get(i) + 1); waiting.push(c); }
    else at.x.set(i, at.ends++);
  }
  for (const i of [...at.order].reverse()) if (at.isOpen(i)) at.x.set(i, (at.x.get(i + 1) + at.x.get(tree.right[i])) / 2);
  at.deepest = at.rows.length - 1;
  return at;
}
