// The picture of the tree; drawing/tree.py draws the one that the page comes with in the same way.
const GAP = 84, LEAST_GAP = 46, ROW = 74, TOP = 34, SIDE = 50;
let drawn = null; // what stands on the page: its layout, and the group of each node

const MARKS = [
  (x, y, r) => `M${x - .88 * r} ${y - .88 * r}h${1.76 * r}v${1.76 * r}h${-1.76 * r}z`,
  (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (x, y, r) => `M${x} ${y - 1.15 * r}l${1.15 * r} ${1.95 * r}h${-2.3 * r}z`,
  (x, y, r) => `M${x} ${y - 1.2 * r}l${1.2 * r} ${1.2 * r}l${-1.2 * r} ${1.2 * r}l${-1.2 * r} ${-1.2 * r}z`,
  (x, y, r) => `M${x} ${y + 1.15 * r}l${1.15 * r} ${-1.95 * r}h${-2.3 * r}z`,
  (x, y, r) => `M${x - 1.2 * r} ${y - .5 * r}h${2.4 * r}v${r}h${-2.4 * r}z`,
];

const gapFor = (widest) => Math.min(GAP, Math.max(LEAST_GAP, widest));
const widthOf = (ends, widest) => 2 * SIDE + (ends - 1) * gapFor(widest);

function drawTree() {
  const at = layout(), room = roomOfTree();
  const widest = Math.max(...at.order.filter((i) => !at.isOpen(i)).map(endWidth));
  const gap = Math.max(gapFor(widest), Math.min(170, (room - 2 * SIDE) / Math.max(at.ends - 1, 1)));
  const width = Math.max(room, 2 * SIDE + (at.ends - 1) * gap), height = TOP + at.deepest * ROW + 60;
  const left = (width - (at.ends - 1) * gap) / 2;
  at.gap = gap;
  at.width = width;
  at.px = (i) => left + at.x.get(i) * gap;
  at.py = (i) => TOP + at.depth.get(i) * ROW;
  const name = `Tree with ${plural(leavesBelow[0], "leaf", "leaves")}. Arrow keys walk through it, Enter selects.`;
  const picture = svg("svg", { class: "tree", role: "tree", "aria-label": name, width, height, viewBox: `0 0 ${width} ${height}` });
  const edges = at.order.filter((i) => i > 0).map((i) => edge(i, at));
  const groups = new Map(at.order.map((i) => [i, nodeGroup(i, at)]));
  picture.append(svg("g", { role: "presentation", "aria-hidden": "true" }, ...edges), ...groups.values());
  $("tree").replaceChildren(picture);
  drawn = { at, groups, edges: new Map(edges.map((e) => [Number(e.dataset.node), e])) };
  scrollTo(state.node !== null && groups.has(state.node) ? state.node : 0);
}

// What is out of sight comes to the middle; else nothing moves, and a wide tree begins at its left edge.
function scrollTo(node) {
  const box = $("tree"), { at } = drawn, x = at.px(node) - box.scrollLeft, y = at.py(node) - box.scrollTop;
  if (x < SIDE || x > box.clientWidth - SIDE) box.scrollLeft += x - box.clientWidth / 2;
  if (y < TOP || y > box.clientHeight - ROW) box.scrollTop += y - box.clientHeight / 2;
}

function edge(i, at) {
  const p = parent[i], middle = (at.py(p) + at.py(i)) / 2 - 8;
  const thick = tree.rows ? 1 + 6 * Math.sqrt(tree.rows[i] / Math.max(tree.rows[0], 1)) : 1.5;
  const d = `M${at.px(p)} ${at.py(p) + 6}C${at.px(p)} ${middle} ${at.px(i)} ${middle} ${at.px(i)} ${at.py(i) - 8}`;
  return svg("path", { class: "edge", "stroke-width": thick.toFixed(1), d, "data-node": i });
}

function nodeGroup(i, at) {
  const x = at.px(i), y = at.py(i), isOpen = at.isOpen(i);
  const group = svg("g", {
    role: "treeitem", tabindex: "-1", "data-node": i, "aria-level": at.depth.get(i) + 1,
    "aria-label": describe(i, isOpen), "aria-selected": "false", "aria-expanded": splits(i) ? String(isOpen) : null,
  });
  group.append(svg("title", {}, describe(i, isOpen)), svg("circle", { class: "ring", cx: x, cy: y, r: 13 }));
  if (isOpen) group.append(...splitMarks(i, at, x, y));
  else group.append(...endMarks(i, at, x, y));
  return group;
}

// What stands under an end: how large the branch is, or what the leaf predicts; and its rows.
const wordsOfEnd = (i) => splits(i) ? plural(leavesBelow[i], "leaf", "leaves") : label(i);
const rowsOf = (i) => tree.rows ? `n=${comma(tree.rows[i])}` : "";
const shareOf = (i) => tree.share && !splits(i) ? `${Math.round(tree.share[i])}\u00a0%` : "";
const endWidth = (i) => 7.6 * Math.max([...wordsOfEnd(i)].length, rowsOf(i).length) + 8;

function endMarks(i, at, x, y) {
  const lines = [shareOf(i), rowsOf(i)].filter(Boolean);
  const rows = lines.map((line, place) => words(x, y + 36 + 13 * place, line, "soft"));
  if (splits(i)) return [svg("path", { class: "folded", d: `M${x} ${y - 7}l9 14h-18z` }), words(x, y + 22, wordsOfEnd(i)), ...rows];
  const room = Math.floor(Math.min(at.gap - 6, 2 * Math.min(x, at.width - x)) / 7.6);
  return [svg("path", { class: "c" + mark(i), d: MARKS[mark(i)](x, y, 7) }), words(x, y + 22, cut(label(i), room), "predicted"), ...rows];
}

function splitMarks(i, at, x, y) {
  const most = Math.floor(roomFor(i, at) / 7), whole = " " + test(i);
  const asked = most - whole.length < 6 ? " " + test(i, 3) : whole; // the title has all digits
  const name = cut(features[tree.feature[i]], Math.max(4, most - asked.length));
  const marks = [svg("circle", { class: "split", cx: x, cy: y, r: 5 }), words(x, y - 11, name + asked)];
  const [yes, no] = branches(i);
  if (at.ends <= 16) for (const [c, answer] of [[i + 1, yes], [tree.right[i], no]]) marks.push(words((x + at.px(c)) / 2, y + 24, answer, "answer"));
  return marks;
}

// Pixels for the label of a split: up to those beside it and to the edge of the picture; ends have theirs below.
function roomFor(i, at) {
  const row = at.rows[at.depth.get(i)], place = row.indexOf(i);
  let room = 2 * Math.min(at.px(i), at.width - at.px(i)) - 6;
  for (const other of [row[place - 1], row[place + 1]]) {
    if (other !== undefined) room = Math.min(room, Math.abs(at.px(other) - at.px(i)) * (at.isOpen(other) ? 1 : 1.7) - 10);
  }
  return room;
}

const words = (x, y, text, css = null) => svg("text", { x, y, "text-anchor": "middle", class: css }, text);

function describe(i, isOpen) {
  const rows = tree.rows ? `, ${plural(tree.rows[i], "row", "rows")}` : "";
  if (!splits(i)) return `Leaf: ${label(i)}${rows}`;
  return `${isOpen ? "Split" : `Folded branch of ${plural(leavesBelow[i], "leaf", "leaves")}`}: ${question(i)}${rows}`;
}
