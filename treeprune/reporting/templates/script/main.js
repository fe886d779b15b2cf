// The controls, and the start.
function drawFigures() {
  const step = steps[state.step];
  $("leaves").textContent = comma(step.n_leaves);
  $("depth").textContent = comma(step.depth);
  $("used").textContent = comma(step.n_used);
  if ($("score") && data.score_name) $("score").textContent = showWithError(step);
  $("step").textContent = `${strengthOf(step)}, step ${state.step + 1} of ${steps.length}` + (state.step === data.chosen ? ", chosen" : "");
  $("slider").value = state.step;
  $("slider").setAttribute("aria-valuetext", plural(step.n_leaves, "leaf", "leaves"));
  for (const button of document.querySelectorAll("button[data-step]")) button.setAttribute("aria-pressed", String(Number(button.dataset.step) === state.step));
  moveAlongCurve();
}

// The curve is drawn; its marker moves along it. Steps without a score have no point.
function moveAlongCurve() {
  const line = $("curve-line"), here = $("curve-here");
  if (!line || !here) return;
  here.toggleAttribute("hidden", steps[state.step].score === null);
  if (steps[state.step].score === null) return;
  let place = 0;
  for (let k = 0; k < state.step; k++) if (steps[k].score !== null) place++;
  const point = line.points.getItem(place);
  here.setAttribute("cx", point.x);
  here.setAttribute("cy", point.y);
}

function draw() {
  if (state.node !== null && !isThere(state.node)) state.node = null;
  drawFigures();
  drawTree();
  makeCurrent(state.node === null ? current : state.node, false);
  listRules();
  highlight();
  $("folded-note").hidden = !isFoldable();
  $("fold").parentElement.hidden = !isFoldable();
  $("unfold").disabled = nEnds() >= Math.min(MOST_ENDS, leavesBelow[0]);
}

let waiting = false;
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function go(step) {
  state.step = Number(step);
  remember();
  soon();
}

function filter() {
  setSearch($("search").value.trim());
  state.support = Math.max(0, Math.floor(Number($("support").value)) || 0);
  remember();
  listRules();
  highlight();
}

function fold(ends) {
  state.ends = ends && Math.min(ends, MOST_ENDS);
  if (!ends) state.opened.clear();
  draw();
}

async function copy(button) {
  const source = $(button.dataset.copy), name = button.textContent;
  try { await navigator.clipboard.writeText(source.textContent); button.textContent = "Copied"; }
  catch { getSelection().selectAllChildren(source); button.textContent = "Selected: press Ctrl+C"; }
  setTimeout(() => { button.textContent = name; }, 2000);
}

function listen() {
  $("slider").addEventListener("input", () => go($("slider").value));
  for (const button of document.querySelectorAll("button[data-step]")) button.addEventListener("click", () => go(button.dataset.step));
  for (const button of document.querySelectorAll("button.copy")) button.addEventListener("click", () => copy(button));
  $("tree").addEventListener("keydown", onKey);
  $("tree").addEventListener("click", (event) => { const group = event.target.closest("[data-node]"); if (group) activate(Number(group.dataset.node)); });
  $("rule-list").addEventListener("click", (event) => { const item = event.target.closest("[data-leaf]"); if (item && getSelection().isCollapsed) select(Number(item.dataset.leaf)); });
  $("search").addEventListener("input", filter);
  $("support").addEventListener("input", filter);
  $("unfold").addEventListener("click", () => fold(2 * nEnds()));
  $("fold").addEventListener("click", () => fold(null));
  addEventListener("resize", soon);
  addEventListener("hashchange", start);
}

function start() {
  if (document.getElementById(location.hash.slice(1)) && drawn) return; // a link to a section
  recall();
  $("search").value = state.search;
  $("support").value = state.support;
  draw();
}

for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
$("tree").removeAttribute("tabindex");
for (const row of document.querySelectorAll(".scroll tr.chosen")) { // into the middle of a long table
  const box = row.closest(".scroll");
  if (row.offsetTop > box.clientHeight - 40) box.scrollTop = row.offsetTop - box.clientHeight / 2;
}
listen();
start();
