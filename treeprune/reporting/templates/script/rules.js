// The list of rules of the tree at the slider's step.
function leavesInOrder() {
  const found = [], waiting = [0];
  while (waiting.length) {
    const i = waiting.pop();
    if (splits(i)) waiting.push(tree.right[i], i + 1);
    else found.push(i);
  }
  return found;
}

function listRules() {
  const leaves = leavesInOrder();
  let shown = leaves.map((leaf, place) => [leaf, place + 1]).filter(([leaf]) => hasRows(leaf) && asksFor(leaf));
  const nFit = shown.length;
  if (nFit > data.most_rules && tree.rows) shown.sort((a, b) => tree.rows[b[0]] - tree.rows[a[0]]);
  shown = shown.slice(0, data.most_rules);
  $("rule-list").replaceChildren(...shown.map(([leaf, place]) => ruleItem(leaf, place)));
  const many = nFit > data.most_rules ? `, of which the ${data.most_rules} with the most rows are listed` : "";
  const all = leaves.length === 1 ? "One rule, that of the only leaf" : `One rule for each of the ${comma(leaves.length)} leaves`;
  $("rules-what").textContent = nFit < leaves.length ? `${comma(nFit)} of ${plural(leaves.length, "rule", "rules")} fit the filter${many}` : all + many;
  $("found").textContent = nFit < leaves.length ? `${comma(nFit)} of ${plural(leaves.length, "leaf", "leaves")}` : "";
  if ($("code")) $("code").hidden = state.step !== data.chosen;
}

// Whether the way to a leaf asks for the feature that is searched.
const asksFor = (leaf) => state.search === "" || way(leaf).slice(0, -1).some(usesFeature);

function ruleItem(leaf, place) {
  const rule = conditions(leaf), item = html("li", { value: place, "data-leaf": leaf });
  const key = svg("svg", { class: "key", "aria-hidden": "true" }, svg("use", { href: "#key" + mark(leaf) }));
  item.append(html("span", { class: "if" }, rule === "always" ? "Always" : "If " + rule), " ", html("span", { class: "then" }, "→ ", key, " ", html("b", {}, label(leaf))));
  if (tree.rows) {
    const meta = html("span", { class: "meta" }, shareBar(tree.rows[leaf] / Math.max(tree.rows[0], 1)), " ", support(leaf));
    if (tree.rows[leaf] < data.few_rows) meta.append(" ", html("em", { class: "few" }, "⚠ few rows"));
    item.append(" ", meta);
  }
  return item;
}

function shareBar(share) {
  return svg("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "bars", width: (100 * share).toFixed(1), height: 10 }));
}
