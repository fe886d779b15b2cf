// What the page shows: the figures it came with, and the place of the slider, the node selected, the filters.
const data = JSON.parse(document.getElementById("data").textContent);
const { tree, features, classes } = data;
const steps = data.steps.strength.map((_, k) => Object.fromEntries(Object.entries(data.steps).map(([name, column]) => [name, column[k]])));
const short = (x) => inThousands(Number.isInteger(x) ? x : +x.toPrecision(4));
const inThousands = (x) => Math.abs(x) >= 1000 && Math.abs(x) < 1e15 ? x.toLocaleString("en") : String(x);
const strengthOf = (step) => `${data.knob === "alpha" ? "α" : data.knob} = ${short(step.strength)}`;
const $ = (id) => document.getElementById(id);
const nNodes = tree.right.length;
const parent = new Int32Array(nNodes).fill(-1);
for (let i = 0; i < nNodes; i++) if (tree.right[i]) { parent[i + 1] = i; parent[tree.right[i]] = i; }

const MOST_LEAVES = 60; // larger trees are drawn folded
const FIRST_ENDS = 12;
const WIDE = 560; // pixels for the tree from which on it is not folded further
const MOST_ENDS = 512;

const state = { step: data.chosen, node: null, search: "", wanted: new Set(), support: 0, ends: null, opened: new Set() };

const splits = (i) => tree.life[i] > state.step;
const children = (i) => [i + 1, tree.right[i]];
const usesFeature = (i) => splits(i) && state.wanted.has(tree.feature[i]);
const hasRows = (i) => !tree.rows || tree.rows[i] >= state.support;

// The node and those above it, from the root down.
function way(node) {
  const nodes = [];
  for (let i = node; i >= 0; i = parent[i]) nodes.push(i);
  return nodes.reverse();
}

// Whether a node is there at the step of the slider.
const isThere = (i) => Number.isInteger(i) && i >= 0 && i < nNodes && (parent[i] < 0 || tree.life[parent[i]] > state.step);

function setSearch(words) {
  state.search = words;
  const fits = (name) => words !== "" && name.toLowerCase().includes(words.toLowerCase());
  state.wanted = new Set(features.flatMap((name, f) => fits(name) ? [f] : []));
}
