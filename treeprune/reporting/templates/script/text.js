// Words and numbers, as the static page has them.
const sign = tree.comparison === "<=" ? "≤" : "<";
const cut = (text, most) => { const c = [...text]; return c.length > most ? c.slice(0, Math.max(most - 1, 1)).join("") + "…" : text; };
const comma = (n) => n.toLocaleString("en");
const plural = (n, one, many) => `${comma(n)} ${n === 1 ? one : many}`;
const minus = (text) => text.replaceAll("-", "−");
const show = (x) => x === null ? "unknown" : data.is_share ? (100 * x).toFixed(1) + "\u00a0%" : minus(String(+x.toPrecision(4)));
function showWithError({ score, standard_error: error }) {
  if (score === null || error === null) return show(score);
  return data.is_share ? `${(100 * score).toFixed(1)}\u00a0±\u00a0${(100 * error).toFixed(1)}\u00a0%` : `${minus(String(+score.toPrecision(4)))}\u00a0±\u00a0${+error.toPrecision(2)}`;
}
const label = (i) => classes ? classes[tree.value[i]] : number(tree.value[i]);
const mark = (i) => classes ? tree.value[i] % 6 : 1;

// As Python writes six digits: an exponent, of two figures at least, for what is very small or large.
function number(x) {
  if (x === 0 || Math.abs(x) >= 1e-4 && Math.abs(x) < 1e6) return String(x);
  return x.toExponential().replace(/([+-])(\d)$/, (_, plus, digit) => plus + "0" + digit);
}

// What a split asks, after the name of the feature: below an infinite threshold lies all that is not missing.
const hasThreshold = (i) => Number.isFinite(Number(tree.threshold[i]));
const test = (i, digits = 6) => hasThreshold(i) ? `${sign} ${number(Number(Number(tree.threshold[i]).toPrecision(digits)))}` : tree.threshold[i] === "Infinity" ? "not missing" : "missing";
const question = (i) => `${features[tree.feature[i]]} ${test(i)}`;
// The signs on the branches of a split; they cannot be taken for classes, as "yes" and "no" could.
const branches = (i) => hasThreshold(i) ? (sign === "≤" ? ["≤", ">"] : ["<", "≥"]) : ["✓", "✗"];

// The conditions of a node as treeprune.rules writes them: in the order of the way down, one interval per feature.
function conditions(node) {
  const intervals = new Map();
  for (const i of way(node)) {
    const p = parent[i];
    if (p < 0) continue;
    const f = tree.feature[p], left = i === p + 1, t = Number(tree.threshold[p]);
    const [low, high, missing] = intervals.get(f) || [-Infinity, Infinity, true];
    const also = missing && tree.missing !== null && (tree.missing[p] === 1) === left;
    intervals.set(f, left ? [low, Math.min(high, t), also] : [Math.max(low, t), high, also]);
  }
  return [...intervals].map(condition).filter(Boolean).join(" and ") || "always";
}

function condition([f, [low, high, missing]]) {
  const name = features[f], [below, above] = tree.comparison === "<=" ? ["<=", ">"] : ["<", ">="];
  const parts = [];
  if (low > -Infinity) parts.push(`${name} ${above} ${number(low)}`);
  if (high < Infinity) parts.push(`${name} ${below} ${number(high)}`);
  const mentioned = tree.mentions_missing.includes(f); // else missing values are no part of the story
  if (missing && low >= high) return `${name} is missing`;
  if (!parts.length) return missing || !mentioned ? "" : `${name} is not missing`;
  return parts.join(" and ") + (missing && mentioned ? " (or missing)" : "");
}

// Bounds of a share of n rows, in per cent, that hold with 95 % (Wilson 1927).
function bounds(share, n) {
  const z = 1.959964, middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const half = z / (1 + z * z / n) * Math.sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return [Math.round(100 * Math.max(middle - half, 0)), Math.round(100 * Math.min(middle + half, 1))];
}

// Training rows of a node and how sure it is.
function support(i) {
  if (!tree.rows) return "";
  const n = tree.rows[i], text = `${plural(n, "row", "rows")} (${(100 * n / Math.max(tree.rows[0], 1)).toFixed(1)}\u00a0%)`;
  if (tree.spread) return `${text} (${+(tree.value[i] - tree.spread[i]).toPrecision(4)} to ${+(tree.value[i] + tree.spread[i]).toPrecision(4)})`;
  if (!tree.share) return text;
  const [low, high] = bounds(tree.share[i] / 100, Math.max(n, 1));
  return `${text}, ${Math.round(tree.share[i])}\u00a0% of them ${label(i)} (${low} to ${high}\u00a0%)`;
}

function html(name, attributes, ...inside) { return filled(document.createElement(name), attributes, inside); }
function svg(name, attributes, ...inside) { return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, inside); }
function filled(element, attributes, inside) {
  for (const key in attributes) if (attributes[key] !== null) element.setAttribute(key, attributes[key]);
  element.append(...inside);
  return element;
}
