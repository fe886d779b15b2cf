"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { tree, steps, features, classes } = data;
  const $ = (id) => document.getElementById(id);
  const slider = $("slider");
  const n = tree.right.length;
  const parent = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i++) if (tree.right[i]) { parent[i + 1] = i; parent[tree.right[i]] = i; }

  const cut = (text, most) => { const c = [...text]; return c.length > most ? c.slice(0, most - 1).join("") + "…" : text; };
  const le = tree.comparison === "<=" ? "≤" : "<";
  // As Python writes six digits: an exponent, of two figures at least, for what is very small or large.
  const number = (x) => x === 0 || Math.abs(x) >= 1e-4 && Math.abs(x) < 1e6 ? String(x)
    : x.toExponential().replace(/([+-])(\d)$/, (_, sign, digit) => sign + "0" + digit);
  const label = (i) => classes ? classes[tree.value[i]] : number(tree.value[i]);
  const show = (x) => x === null ? "unknown" : data.is_share ? (100 * x).toFixed(1) + " %" : String(+x.toPrecision(4));

  function el(name, attributes, text) {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    if (text !== undefined) e.textContent = text;
    return e;
  }

  function titled(e, text) { e.append(el("title", {}, text)); return e; }

  // The nodes that are left at a step, parents first; depth, and places of leaves from left to right.
  function layout(k) {
    const order = [], depth = new Int32Array(n), x = new Float64Array(n), todo = [0], leaves = [];
    while (todo.length) {
      const i = todo.pop();
      order.push(i);
      if (tree.life[i] > k) {
        for (const c of [tree.right[i], i + 1]) { depth[c] = depth[i] + 1; todo.push(c); }
      } else { x[i] = leaves.length; leaves.push(i); }
    }
    for (let j = order.length - 1; j >= 0; j--) {
      const i = order[j];
      if (tree.life[i] > k) x[i] = (x[i + 1] + x[tree.right[i]]) / 2;
    }
    return { order, depth, x, leaves };
  }

  const SHAPES = [
    (x, y) => el("rect", { x: x - 5, y: y - 5, width: 10, height: 10 }),
    (x, y) => el("circle", { cx: x, cy: y, r: 6 }),
    (x, y) => el("path", { d: `M${x} ${y - 7}l7 12h-14z` }),
    (x, y) => el("path", { d: `M${x} ${y - 7}l7 7l-7 7l-7 -7z` }),
    (x, y) => el("path", { d: `M${x} ${y + 7}l7 -12h-14z` }),
    (x, y) => el("path", { d: `M${x - 7} ${y - 3}h14v6h-14z` }),
  ];

  function drawTree(k, at) {
    const room = $("tree").clientWidth - 2;
    const many = at.leaves.length > 60;
    const gap = Math.max(many ? 1.5 : 78, (room - 60) / at.leaves.length); // many: an overview, labelled where there is room
    const size = Math.min(1, Math.max(.2, gap / 14)), row = many ? 40 : 66;
    const width = Math.max(room, gap * at.leaves.length + 60), left = (width - gap * (at.leaves.length - 1)) / 2;
    let deepest = 0;
    for (const i of at.leaves) deepest = Math.max(deepest, at.depth[i]);
    const px = (i) => left + at.x[i] * gap, py = (i) => 30 + at.depth[i] * row;
    const name = `Tree with ${at.leaves.length} leaves and depth ${deepest}; its rules are listed below.`;
    const svg = el("svg", { width, height: 30 + deepest * row + 50, role: "img", "aria-label": name });
    const total = tree.rows ? tree.rows[0] : 1;
    for (const i of at.order) {
      const p = parent[i];
      if (p < 0) continue;
      const thick = tree.rows ? Math.max(1, 5 * Math.sqrt(tree.rows[i] / total)) : 1;
      svg.append(el("path", { class: "edge", "stroke-width": thick, d: `M${px(p)} ${py(p) + 6}L${px(i)} ${py(i) - 16}V${py(i) - 6 * size}` }));
    }
    for (const i of at.order) {
      const x = px(i), y = py(i), g = el("g", {}), rows = tree.rows ? `n=${tree.rows[i].toLocaleString("en")}` : "";
      if (tree.life[i] > k) {
        const test = ` ${le} ${number(Number(tree.threshold[i]))}`, full = features[tree.feature[i]];
        titled(g, full + test + (rows && ", " + rows));
        g.append(el("circle", { class: "split", cx: x, cy: y, r: 5 * size }));
        const most = Math.max(10, Math.floor((px(tree.right[i]) - px(i + 1) + gap) / 7.2) - test.length);
        if (!many || px(tree.right[i]) - px(i + 1) > 150) g.append(text(x, y - 10, cut(full, most) + test));
      } else {
        const code = classes ? tree.value[i] % SHAPES.length : 1;
        titled(g, label(i) + (rows && ", " + rows));
        const shape = SHAPES[code](x, y);
        shape.setAttribute("class", "c" + code);
        if (size < 1) shape.setAttribute("transform", `translate(${x} ${y}) scale(${size}) translate(${-x} ${-y})`);
        g.append(shape);
        if (!many) g.append(text(x, y + 20, cut(label(i), Math.floor(gap / 6.6))), text(x, y + 33, rows));
      }
      svg.append(g);
    }
    $("tree").replaceChildren(svg);
    $("tree").scrollLeft = px(0) - room / 2;
  }

  function text(x, y, words) {
    return el("text", { x, y, "text-anchor": "middle", "paint-order": "stroke", stroke: "var(--back)", "stroke-width": 3 }, words);
  }

  // As treeprune.rules writes it: conditions in the order of the way down, one interval per feature.
  function ruleOf(leaf) {
    const way = [], at = new Map();
    for (let i = leaf; parent[i] >= 0; i = parent[i]) way.push(i);
    for (const i of way.reverse()) {
      const p = parent[i], f = tree.feature[p], left = i === p + 1, t = Number(tree.threshold[p]);
      const [low, high, missing] = at.get(f) || [-Infinity, Infinity, true];
      const also = missing && tree.missing !== null && (tree.missing[p] === 1) === left;
      at.set(f, left ? [low, Math.min(high, t), also] : [Math.max(low, t), high, also]);
    }
    const tests = [...at].map(([f, [low, high, missing]]) => {
      const name = features[f], [below, above] = tree.comparison === "<=" ? ["<=", ">"] : ["<", ">="];
      const parts = [low > -Infinity && `${name} ${above} ${number(low)}`, high < Infinity && `${name} ${below} ${number(high)}`].filter(Boolean);
      if (missing && low >= high) return `${name} is missing`;
      if (!parts.length) return missing ? "" : `${name} is not missing`;
      return parts.join(" and ") + (missing ? " (or missing)" : "");
    });
    const notes = [tree.share && tree.share[leaf] + "%", tree.rows && "n=" + tree.rows[leaf].toLocaleString("en")].filter(Boolean);
    return `${tests.filter(Boolean).join(" and ") || "always"} -> ${label(leaf)}` + (notes.length ? ` (${notes.join(", ")})` : "");
  }

  function listRules(at) {
    const shown = at.leaves.length <= 100 || !tree.rows ? at.leaves.slice(0, 100)
      : [...at.leaves].sort((a, b) => tree.rows[b] - tree.rows[a]).slice(0, 100);
    $("rules").replaceChildren(...shown.map((leaf) => {
      const li = document.createElement("li");
      li.textContent = ruleOf(leaf);
      return li;
    }));
    if ($("most")) $("most").hidden = true; // the heading says it
    const n_leaves = at.leaves.length;
    $("rules-title").textContent = `Rules of the tree with ${n_leaves} ${n_leaves === 1 ? "leaf" : "leaves"}` +
      (n_leaves > 100 ? ": the 100 with the most rows" : "");
  }

  function drawCurve(k) {
    if (!$("curve")) return;
    const width = Math.max(260, $("curve").clientWidth), height = 190, l = 52, r = 12, t = 22, b = 26;
    const known = steps.map((s, i) => [i, s.score, s.standard_error || 0]).filter(([, score]) => score !== null);
    const low = Math.min(...known.map((s) => s[1] - s[2])), high = Math.max(...known.map((s) => s[1] + s[2]));
    const x = (i) => l + (width - l - r) * (steps.length > 1 ? i / (steps.length - 1) : .5);
    const y = (s) => t + (height - t - b) * (high > low ? (high - s) / (high - low) : .5);
    const svg = el("svg", { width, height, role: "img", "aria-label": "Score by pruning strength; the figures are in the table of all strengths." });
    const upper = known.map(([i, s, e]) => `${x(i)} ${y(s + e)}`), lower = known.map(([i, s, e]) => `${x(i)} ${y(s - e)}`).reverse();
    svg.append(el("path", { class: "band", d: "M" + [...upper, ...lower].join("L") + "z" }));
    svg.append(el("path", { class: "line", d: "M" + known.map(([i, s]) => `${x(i)} ${y(s)}`).join("L") }));
    const { best, "1-SE": one } = data.marks;
    for (const [name, i, anchor] of best === one ? [["best, 1-SE", best, "middle"]] : [["best", best, "end"], ["1-SE", one, "start"]]) {
      svg.append(el("line", { class: "rule", x1: x(i), x2: x(i), y1: t - 4, y2: height - b }));
      svg.append(el("text", { x: Math.min(Math.max(x(i), l + 20), width - 34), y: 12, "text-anchor": anchor }, name));
    }
    svg.append(el("text", { x: l - 6, y: t + 8, "text-anchor": "end" }, show(high)), el("text", { x: l - 6, y: height - b, "text-anchor": "end" }, show(low)));
    svg.append(el("text", { x: l, y: height - 6 }, "unpruned"), el("text", { x: width - r, y: height - 6, "text-anchor": "end" }, "strongest"));
    if (steps[k].score !== null) svg.append(el("circle", { class: "here", cx: x(k), cy: y(steps[k].score), r: 5 }));
    $("curve").replaceChildren(svg);
  }

  let moved = false;

  function draw() {
    const k = Number(slider.value), step = steps[k], at = layout(k);
    $("leaves").textContent = step.n_leaves;
    $("depth").textContent = step.depth;
    $("used").textContent = step.n_used;
    if ($("score")) $("score").textContent = `${show(step.score)} ± ${show(step.standard_error)}`;
    $("step").textContent = `step ${k + 1}/${steps.length}, α = ${+step.alpha.toPrecision(4)}`;
    slider.setAttribute("aria-valuetext", `${step.n_leaves} leaves`);
    for (const b of document.querySelectorAll("button[data-step]")) b.setAttribute("aria-pressed", String(Number(b.dataset.step) === k));
    drawTree(k, at);
    drawCurve(k);
    if (moved) listRules(at); // the page comes with the rules of the chosen tree
  }

  let waiting = false;
  const to = (k) => {
    slider.value = k;
    moved = true;
    try { history.replaceState(null, "", "#step=" + (Number(slider.value) + 1)); } catch { /* a frame has no address of its own */ }
    soon();
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  $("drawing").hidden = false;
  slider.addEventListener("input", () => to(slider.value));
  for (const b of document.querySelectorAll("button[data-step]")) b.addEventListener("click", () => to(b.dataset.step));
  addEventListener("resize", soon);
  const asked = /^#step=(\d+)$/.exec(location.hash);
  moved = asked !== null;
  slider.value = asked ? asked[1] - 1 : data.chosen;
  draw();
})();
