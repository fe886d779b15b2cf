// The keyboard walks the tree: down to the left branch, up to the parent, sideways at the same depth.
let current = 0; // the node that the tab key reaches

function makeCurrent(node, focus) {
  drawn.groups.get(current)?.setAttribute("tabindex", "-1");
  current = drawn.groups.has(node) ? node : 0;
  const group = drawn.groups.get(current);
  group.setAttribute("tabindex", "0");
  if (!focus) return;
  group.focus({ preventScroll: true });
  scrollTo(current);
}

function neighbour(node, direction) {
  const { at } = drawn, row = at.rows[at.depth.get(node)];
  return row[row.indexOf(node) + direction];
}

function target(node, key) {
  const { at } = drawn;
  if (key === "ArrowDown") return at.isOpen(node) ? node + 1 : undefined;
  if (key === "ArrowUp") return parent[node] >= 0 ? parent[node] : undefined;
  if (key === "ArrowLeft") return neighbour(node, -1);
  if (key === "ArrowRight") return neighbour(node, 1);
  if (key === "Home") return 0;
  if (key === "End") return at.order[at.order.length - 1];
}

function onKey(event) {
  const group = event.target.closest("[data-node]");
  if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
  const node = Number(group.dataset.node);
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); activate(node); return; }
  if (event.key === "Escape") { select(null); return; }
  const next = target(node, event.key);
  if (next === undefined && !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  if (next !== undefined) makeCurrent(next, true);
}

// A folded branch opens; anything else is selected.
function activate(node) {
  const folded = splits(node) && !drawn.at.isOpen(node);
  if (folded) {
    state.opened.add(node);
    drawTree();
    makeCurrent(node, true);
  }
  select(node);
}
