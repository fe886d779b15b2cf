// What is selected, searched and filtered: shown in the picture, in the list and in the address.
function select(node) {
  state.node = node;
  if (node !== null && !drawn.groups.has(node)) { state.opened.add(parent[node]); drawTree(); }
  if (node !== null) makeCurrent(node, false);
  highlight();
  remember();
}

function highlight() {
  const on = new Set(state.node === null ? [] : way(state.node));
  for (const [i, group] of drawn.groups) {
    group.classList.toggle("selected", i === state.node);
    group.setAttribute("aria-selected", String(i === state.node));
    group.classList.toggle("found", drawn.at.isOpen(i) && usesFeature(i));
    group.classList.toggle("dim", !hasRows(i));
  }
  for (const [i, line] of drawn.edges) line.classList.toggle("on", on.has(i));
  for (const item of $("rule-list").children) {
    const leaf = Number(item.dataset.leaf), isOn = state.node !== null && (leaf === state.node || splits(state.node) && way(leaf).includes(state.node));
    item.classList.toggle("selected", isOn);
  }
  tellSelected();
}

function tellSelected() {
  const box = $("selected"), i = state.node;
  if (i === null) { box.replaceChildren(html("p", {}, "Click a node, or walk through the tree with the arrow keys and press Enter, to see which rows it holds.")); return; }
  const lines = [html("p", {}, html("b", {}, splits(i) ? `Asks: ${question(i)}` : `Predicts: ${label(i)}`))];
  const rule = conditions(i);
  lines.push(html("p", {}, rule === "always" ? "All rows come here." : "Rows come here if ", rule === "always" ? "" : html("code", {}, rule)));
  if (tree.rows) lines.push(html("p", {}, support(i)));
  if (splits(i)) lines.push(html("p", {}, `${plural(leavesBelow[i], "leaf", "leaves")} below; as a leaf it would predict ${label(i)}.`));
  const end = tree.life[i], at = end > 0 && end < steps.length ? `step ${end + 1} (${strengthOf(steps[end])})` : "";
  if (at) lines.push(html("p", {}, splits(i) ? `Becomes a leaf at ${at}.` : `A branch until ${at} pruned it.`));
  box.replaceChildren(...lines);
}

// The state in the address, so that it can be handed on.
function remember() {
  const at = new URLSearchParams();
  if (state.step !== data.chosen) at.set("step", state.step + 1);
  if (state.node !== null) at.set("node", state.node);
  if (state.search) at.set("search", state.search);
  if (state.support) at.set("support", state.support);
  try { history.replaceState(null, "", "#" + at); } catch { /* a frame has no address of its own */ }
}

function recall() {
  const at = new URLSearchParams(location.hash.slice(1));
  const whole = (name, low, high, otherwise) => { const n = Number(at.get(name)); return at.has(name) && Number.isInteger(n) && n >= low && n <= high ? n : otherwise; };
  state.step = whole("step", 1, steps.length, data.chosen + 1) - 1;
  setSearch(at.get("search") || "");
  state.support = whole("support", 0, Infinity, 0);
  const node = whole("node", 0, nNodes - 1, null);
  state.node = isThere(node) ? node : null;
}
