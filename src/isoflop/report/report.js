"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id), log = Math.log;

const shares = (C) => {
  const w = data.weighing;
  if (!w) return [1];
  const far = Math.max(Math.log10(C / data.largest), 0);
  const near = w.decades.map((d) => Math.exp(-Math.abs(d - far) / w.near));
  const total = near.reduce((a, b) => a + b, 0) + w.tests, finite = w.reach.some((r) => r < 1e9);
  const raw = w.squares.map((row, k) => {
    const mean = (row.reduce((sum, s, i) => sum + s * near[i], 0) + w.tests * w.expected) / total;
    return (finite ? Math.pow(10, -2 * Math.max(far - w.reach[k], 0)) : 1) / mean;
  });
  const all = raw.reduce((a, b) => a + b, 0);
  return raw.map((one) => one / all);
};
const lossAt = (N, D, weights, laws = LAWS) => Math.exp(laws.reduce((sum, law, k) => sum + weights[k] * log(law(N, D)), 0));
const best = (C) => {
  const weights = shares(C), f = (x) => { const y = lossAt(Math.exp(x), C / 6 / Math.exp(x), weights, SIZERS); return y > 0 ? y : Infinity; };
  const top = log(C / 6), steps = 300;
  let middle = 0;
  for (let i = 1; i <= steps; i++) if (f(top * i / steps) < f(top * middle / steps)) middle = i;
  let a = top * Math.max(middle - 1, 0) / steps, b = top * Math.min(middle + 1, steps) / steps;
  const gold = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 60; i++) {
    const c = b - gold * (b - a), d = a + gold * (b - a);
    if (f(c) < f(d)) b = d; else a = c;
  }
  const N = Math.exp((a + b) / 2);
  return { N, D: C / 6 / N, loss: lossAt(N, C / 6 / N, weights), weights };
};
const show = (x) => {
  if (x === null || !Number.isFinite(x)) return "–";
  for (const [limit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e4, "k"]])
    if (x >= limit && x < 1e15) return (x / (letter === "k" ? 1e3 : limit)).toPrecision(3) + letter;
  return x >= 1e-3 && x < 1e4 ? x.toPrecision(3) : x.toExponential(2).replace("e+", "e");
};
const ends = (key, C, value) => {
  const place = Math.max(0, Math.min(data.budgets.length - 2, data.budgets.findIndex((b) => b > C) - 1));
  const i = C >= data.budgets.at(-1) ? data.budgets.length - 2 : place;
  const t = log(C / data.budgets[i]) / log(data.budgets[i + 1] / data.budgets[i]);
  const side = (k) => value * Math.exp([i, i + 1].reduce((sum, j, n) => {
    const row = data.plans[key][j];
    return sum + (n ? t : 1 - t) * (row[k] === null ? NaN : log(row[k] / row[0]));
  }, 0));
  return [side(1), side(2)];
};

const draw = (svg, { xs, ys, marks, name }) => {
  const W = 460, H = 300, m = { l: 52, r: 12, t: 10, b: 40 };
  const X = (x) => m.l + (W - m.l - m.r) * log(x / xs[0]) / log(xs[1] / xs[0]);
  const Y = (y) => H - m.b - (H - m.t - m.b) * log(y / ys[0]) / log(ys[1] / ys[0]);
  const node = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const parts = [], decades = Math.log10(xs[1] / xs[0]), step = Math.max(1, Math.round(decades / 5));
  for (let p = Math.ceil(Math.log10(xs[0])); p <= Math.log10(xs[1]); p += step)
    parts.push(node("text", { x: X(10 ** p), y: H - 22, class: "tick mid" }, "1e" + p));
  for (let i = 0; i < 5; i++) {
    const y = ys[0] * (ys[1] / ys[0]) ** (i / 4);
    parts.push(node("line", { x1: m.l, x2: W - m.r, y1: Y(y), y2: Y(y), class: "grid" }));
    parts.push(node("text", { x: m.l - 6, y: Y(y) + 4, class: "tick end" }, y.toFixed(2)));
  }
  parts.push(node("text", { x: (W + m.l) / 2, y: H - 5, class: "tick mid" }, name));
  for (const { kind, points, said } of marks) {
    const kept = points.filter(([x, y]) => x >= xs[0] && x <= xs[1] && y >= ys[0] * 0.999 && y <= ys[1] * 1.001);
    const path = kept.map(([x, y], i) => (i ? "L" : "M") + X(x).toFixed(2) + " " + Y(y).toFixed(2)).join("");
    if (kind === "band" || kind === "curve") parts.push(node("path", { d: path + (kind === "band" ? "Z" : ""), class: kind }));
    else kept.forEach(([x, y, label]) => {
      const dot = node("circle", { cx: X(x), cy: Y(y), r: kind === "now" ? 6 : 3.2, class: kind });
      dot.addEventListener("pointerenter", () => { at("point").textContent = said(x, y, label); });
      parts.push(dot);
    });
  }
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
  svg.replaceChildren(...parts);
};

const losses = data.runs.map((run) => run.loss), P = data.plans.loss;
const floor = Math.min(...losses, ...P.map((row) => row[1] ?? row[0])) * 0.99, roof = Math.max(...losses) * 1.02;
const budgetAt = (t) => data.budgets[0] * (data.budgets.at(-1) / data.budgets[0]) ** (t / 1000);
const frontier = data.budgets.map((C) => [C, best(C).loss]);
const band = [...data.budgets.map((C, i) => [C, P[i][2]]), ...data.budgets.map((C, i) => [C, P[i][1]]).reverse()].filter((p) => p[1]);

const update = () => {
  const C = budgetAt(Number(at("budget").value)), found = best(C), x0 = found.N / 12, x1 = found.N * 12;
  at("flops").textContent = show(C).replace(/[kMBT]$/, "") === show(C) ? show(C) : C.toExponential(2).replace("e+", "e");
  at("budget").setAttribute("aria-valuetext", at("flops").textContent + " FLOPs");
  for (const key of ["N", "D", "loss"]) {
    const out = at(key), [low, high] = ends(key, C, found[key]), told = key === "loss" ? (x) => x.toFixed(4) : show;
    out.textContent = told(found[key]);
    out.dataset.value = found[key];
    out.nextElementSibling.textContent = Number.isFinite(low) ? `${Math.round(100 * data.level)}% interval ${told(low)} – ${told(high)}` : "no interval";
  }
  const far = Math.log10(C / data.largest);
  at("far").textContent = far > 0 ? `${far.toFixed(1)} decades beyond the largest run.` : "Within the compute of the runs.";
  draw(at("frontier"), { xs: [data.budgets[0] / 1.3, data.budgets.at(-1) * 1.3], ys: [floor, roof], name: "training FLOPs", marks: [
    { kind: "band", points: band }, { kind: "curve", points: frontier },
    { kind: "run", points: data.runs.map((r) => [r.C, r.loss, r.name]), said: (x, y, n) => `${n}: loss ${y.toFixed(4)} at ${x.toExponential(2)} FLOPs` },
    { kind: "now", points: [[C, found.loss]], said: () => "the chosen budget" }] });
  const curve = Array.from({ length: 121 }, (_, i) => x0 * (x1 / x0) ** (i / 120)).map((N) => [N, lossAt(N, C / 6 / N, found.weights)]);
  const top = Math.max(...curve.map((p) => p[1])) * 1.005;
  draw(at("valley"), { xs: [x0, x1], ys: [found.loss * 0.995, top], name: "parameters N", marks: [
    { kind: "curve", points: curve }, { kind: "now", points: [[found.N, found.loss]], said: (x, y) => `best: N ${show(x)}, loss ${y.toFixed(4)}` }] });
};
at("budget").value = Math.round(1000 * log(data.start / data.budgets[0]) / log(data.budgets.at(-1) / data.budgets[0]));
at("budget").addEventListener("input", update);
update();
