// The figures of a page, drawn by Observable Plot. Each is drawn again when what it shows changes; the chosen budget is
// a dot that only moves.
import { along, inspect, SVG } from "./inspect.js";
import { linesOf } from "./levels.js";
import { replaced } from "./typing.js";
import { power, show, showFlops, showLoss } from "./units.js";

const HEIGHT = 290, ROOM = 56, AXIS = 11;
const HIGHEST = 2.5; // times the least loss, up to which losses are drawn
const LABEL = [110, 22]; // pixels that a model's name takes
const EDGE = 1.5, CELL = 10; // times beyond the frame that lines of equal loss reach, pixels between their points
export const DIGITS = 3; // of the losses of these lines
const INK = { law: "var(--law)", quiet: "var(--quiet)", second: "var(--second)", line: "var(--line)" };

// Round numbers between two ends, for a logarithmic axis that spans less than a decade or two.
export const round = (low, high, count = 5) => {
  const rough = (high - low) / count, unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((one) => one * unit >= rough) ?? 10);
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
};
const decades = (low, high, most = 6) => {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / most));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / every) + 1) }, (_, i) => 10 ** (first + i * every));
};
const logarithmic = (domain, label) => {
  const ticks = decades(...domain);
  return ticks.length > 1
    ? { type: "log", domain, label, ticks, tickFormat: power }
    : { type: "log", domain, label, ticks: round(...domain, 4), tickFormat: (x) => show(x, 2) };
};
const losses = (domain) => ({
  type: "log", domain, label: "loss", ticks: round(...domain), grid: true,
  tickFormat: (y) => y.toFixed(domain[1] - domain[0] < 0.25 ? 3 : 2),
});
export const padded = (values, share) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low * (high / low) ** -share * (1 - 1e-3), high * (high / low) ** share * (1 + 1e-3)];
};

// Draw into a box, as wide as it is, and give { move }: where the dots of the chosen budget stand.
export const figure = (box, said, { x, y, marks, ...learnt }) => {
  const drawn = Plot.plot({
    className: "plot", width: Math.max(box.clientWidth, 260), height: HEIGHT, marginLeft: ROOM, marginBottom: 38, marginRight: 14,
    style: { fontSize: `${AXIS}px`, background: "transparent", overflow: "visible" }, ariaLabel: said, x, y, marks,
  });
  drawn.setAttribute("role", "img"); // one picture, described by its label; its numbers stand in tables
  for (const part of drawn.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  replaced(box, drawn, ...(learnt.series ? inspect(drawn, box, learnt) : []));
  const across = drawn.scale("x"), up = drawn.scale("y"), dots = [];
  const move = (...points) => points.forEach(([at, height], i) => {
    dots[i] ??= drawn.appendChild(Object.assign(document.createElementNS(SVG, "circle"), {}));
    const inside = at >= across.domain[0] && at <= across.domain[1] && height >= up.domain[0] && height <= up.domain[1];
    const place = { class: "now", r: inside ? 6 : 0, cx: inside ? across.apply(at) : 0, cy: inside ? up.apply(height) : 0 };
    for (const [key, value] of Object.entries(place)) dots[i].setAttribute(key, value);
  });
  return { move };
};
const readable = (name, points, x, y, written = showLoss) => { const at = along(points, x, y); return { name, at: (value) => { const found = at(value); return found > 0 ? written(found) : ""; } }; };

const runTip = (run) => `${run.name}\n${show(run.N)} parameters, D = ${show(run.D)}\n${showFlops(run.C)} FLOPs, loss ${showLoss(run.loss)}`;
const dots = (runs, key) => Plot.dot(runs, {
  x: "C", y: key, r: 3, fill: INK.quiet, fillOpacity: 0.6, title: runTip, tip: true, clip: true,
});

// The least loss at each budget, with the interval, beside the runs. path: rows of { C, loss, low, high, each }.
export const frontier = (box, { runs, path, laws, acts }) => {
  const seen = [...runs.map((one) => one.loss), ...path.flatMap((one) => [one.loss, one.low, one.high])].filter((y) => y > 0);
  const top = Math.min(Math.max(...seen), HIGHEST * Math.min(...seen));
  const thin = laws.length < 2 ? [] : laws.map((_, k) =>
    Plot.line(path, { x: "C", y: (one) => one.each[k], stroke: INK.law, strokeOpacity: 0.35, strokeWidth: 1, clip: true }));
  return figure(box, "Loss against compute: the runs, the best loss at each budget and its interval", {
    x: logarithmic(padded(path.map((one) => one.C), 0.02), "training FLOPs →"), y: losses(padded([Math.min(...seen), top], 0.04)),
    marks: [
      Plot.areaY(path.filter((one) => one.low > 0), { x: "C", y1: "low", y2: "high", fill: INK.law, fillOpacity: 0.16, clip: true }),
      ...thin, Plot.line(path, { x: "C", y: "loss", stroke: INK.law, strokeWidth: 2.4, clip: true }), dots(runs, "loss"),
    ],
    series: [readable("loss", path, "C", "loss"), readable("from", path, "C", "low"), readable("to", path, "C", "high"),
      ...(laws.length < 2 ? [] : laws.map((one, k) => readable(one.name, path.map(({ C, each }) => ({ C, y: each[k] })), "C", "y")))],
    runs, key: "loss", acts,
  });
};

// Loss against size at the chosen budget. curves: one list of { N, loss } for each law, the last of all together.
export const valley = (box, { curves, best, laws }) => {
  const all = curves.at(-1), top = Math.max(...all.map((one) => one.loss).filter(Number.isFinite));
  return figure(box, "Loss against parameters at the chosen budget", {
    x: logarithmic([all[0].N, all.at(-1).N], "parameters N →"), y: losses([best.loss * 0.992, Math.min(top, best.loss * 1.25)]),
    marks: curves.map((points, k) => Plot.line(points, {
      x: "N", y: "loss", stroke: INK.law, strokeWidth: k === curves.length - 1 ? 2.4 : 1,
      strokeOpacity: k === curves.length - 1 ? 1 : 0.35, clip: true,
    })),
    series: curves.map((points, k) => readable(k === curves.length - 1 ? "loss" : laws[k].name, points, "N", "loss")).reverse(), named: "N",
  });
};

// The best N and D at each budget, beside published models where they lie in the range.
export const allocation = (box, { path, models }) => {
  const x = padded(path.map((one) => one.C), 0.02), near = models.filter((one) => one.C >= x[0] && one.C <= x[1]);
  const both = [...path.flatMap((one) => [one.N, one.D]), ...near.map((one) => one.N)].filter((y) => y > 0), y = padded(both, 0.03);
  const share = ([low, high], value) => Math.log(value / low) / Math.log(high / low), shown = [];
  const apart = (one, other) => Math.abs(share(x, one.C) - share(x, other.C)) * (box.clientWidth - ROOM) > LABEL[0]
    || Math.abs(share(y, one.N) - share(y, other.N)) * HEIGHT > LABEL[1];
  const roomy = near.filter((one) => share(x, one.C) < 0.8).sort((a, b) => b.C - a.C);
  for (const one of roomy) if (shown.every((other) => apart(one, other))) shown.push(one);
  const told = (one) => `${one.name} (${one.year})\n${show(one.N)} parameters, ${show(one.D)} tokens\n${showFlops(one.C)} FLOPs`;
  const end = path.at(-1), band = { fill: INK.law, fillOpacity: 0.14, clip: true };
  return figure(box, "The best number of parameters and of tokens at each budget", {
    x: logarithmic(x, "training FLOPs →"), y: { ...logarithmic(y, "parameters, tokens"), grid: true },
    marks: [
      Plot.areaY(path.filter((one) => one.N_low > 0 && Number.isFinite(one.N_high)), { x: "C", y1: "N_low", y2: "N_high", ...band }),
      Plot.line(path, { x: "C", y: "N", stroke: INK.law, strokeWidth: 2.4, clip: true }),
      Plot.line(path, { x: "C", y: "D", stroke: INK.second, strokeWidth: 2.4, clip: true }),
      Plot.text([end], { x: "C", y: "N", text: () => "N", dx: -8, dy: -10, fill: INK.law, fontWeight: 700, fontSize: 13 }),
      Plot.text([end], { x: "C", y: "D", text: () => "D", dx: -8, dy: -10, fill: INK.second, fontWeight: 700, fontSize: 13 }),
      Plot.dot(near, { x: "C", y: "N", r: 3, stroke: INK.quiet, strokeWidth: 1.2, title: told, tip: true, clip: true }),
      Plot.text(shown, {
        x: "C", y: "N", text: "name", dx: 6, dy: 7, textAnchor: "start", fill: INK.quiet, stroke: "var(--page)", strokeWidth: 4, fontSize: 10,
      }),
    ],
    series: [readable("N", path, "C", "N", show), readable("from", path, "C", "N_low", show), readable("to", path, "C", "N_high", show), readable("D", path, "C", "D", show)],
  });
};

// A place on each line for its value: in the frame, off the curve and the other labels, near the middle of what lies above
// the line's tip. lines: lists of { x, y }; pixels gives where a point stands in a frame of this width and height.
const CLEAR = [38, 15], MARGIN = 20; // pixels that a label takes, and from its middle to the frame
export const labelled = (lines, curve, pixels, [width, height]) => {
  const shown = [], apart = ([x, y], share) => ([u, v]) => Math.abs(x - u) > CLEAR[0] * share || Math.abs(y - v) > CLEAR[1] * share;
  for (const line of lines) {
    const places = line.map((one) => ({ one, at: pixels(one) })).filter(({ at: [x, y] }) => x > MARGIN && x < width - MARGIN && y > MARGIN / 2 && y < height - MARGIN / 2);
    if (line[0].y > line.at(-1).y) places.reverse();
    const tip = places.reduce((least, { at }, i) => (at[0] < places[least].at[0] ? i : least), 0), middle = (tip + places.length) / 2;
    const free = places.filter(({ at }) => curve.every(apart(at, 0.6)) && shown.every((other) => apart(at, 1)(other.at))), away = (one) => Math.abs(places.indexOf(one) - middle);
    if (free.length) shown.push(free.reduce((best, one) => (away(one) < away(best) ? one : best)));
  }
  return shown.map(({ one }) => one);
};

// Lines of equal loss over compute and size, and the cheapest way down. at: (C, N) → loss.
export const contours = (box, { runs, path, at, sizes, levels, acts }) => {
  const x = padded(path.map((one) => one.C), 0.02), y = padded(sizes, 0.03), room = [Math.max(box.clientWidth, 260) - ROOM - 14, HEIGHT - 58];
  const wide = ([low, high]) => [low / EDGE, high * EDGE], lines = linesOf({ at, x: wide(x), y: wide(y), counts: room.map((one) => Math.round(one / CELL)) }, levels).flat();
  const share = ([low, high], value) => Math.log(value / low) / Math.log(high / low), pixels = (one) => [share(x, one.x) * room[0], (1 - share(y, one.y)) * room[1]];
  const shown = labelled(lines, path.map(({ C, N }) => pixels({ x: C, y: N })), pixels, room);
  return figure(box, "Lines of equal loss over compute and parameters, and the best size at each budget", {
    x: logarithmic(x, "training FLOPs →"), y: logarithmic(y, "parameters N"),
    marks: [
      Plot.line(lines.flatMap((line, k) => line.map((one) => ({ ...one, k }))), { x: "x", y: "y", z: "k", stroke: INK.quiet, strokeOpacity: 0.7, strokeWidth: 1, clip: true }),
      Plot.line(path, { x: "C", y: "N", stroke: INK.law, strokeWidth: 2.4, clip: true }), dots(runs, "N"),
      Plot.text(shown, { x: "x", y: "y", text: (one) => one.level.toPrecision(DIGITS), className: "losses", fill: INK.quiet, stroke: "var(--page)", strokeWidth: 4, fontSize: 10 }),
    ],
    series: [readable("best N", path, "C", "N", show)], here: (C, N) => [["N here", show(N)], ["loss here", showLoss(at(C, N))]], runs, key: "N", acts,
  });
};

// The best loss at each budget of several sources, each with its interval, dashed beyond the runs behind it.
// sources: [{ name, path, largest }].
const STROKES = ["var(--law)", "var(--second)", "var(--ink)", "var(--quiet)"];
export const overlay = (box, sources) => {
  const points = sources.flatMap((one) => one.path), seen = points.flatMap((one) => [one.loss, one.low, one.high]).filter((y) => y > 0 && Number.isFinite(y));
  const top = Math.min(Math.max(...seen), 2 * HIGHEST * Math.min(...seen)), ink = (k) => STROKES[k % STROKES.length];
  return figure(box, "The best loss at each budget of what was opened, with intervals", {
    x: logarithmic(padded(points.map((one) => one.C), 0.02), "training FLOPs →"), y: losses(padded([Math.min(...seen), top], 0.04)),
    marks: sources.flatMap(({ name, path, largest }, k) => { const reached = Math.max(path.filter((one) => !(one.C > largest * (1 + 1e-9))).length, 1); return [
      Plot.areaY(path.filter((one) => one.low > 0 && Number.isFinite(one.high)), { x: "C", y1: "low", y2: "high", fill: ink(k), fillOpacity: 0.12, clip: true }),
      Plot.line(path.slice(0, reached), { x: "C", y: "loss", stroke: ink(k), strokeWidth: 2.4, clip: true }),
      Plot.line(path.slice(reached - 1), { x: "C", y: "loss", stroke: ink(k), strokeWidth: 2.4, strokeDasharray: "6 4", clip: true }),
      Plot.text([path.at(-1)], { x: "C", y: "loss", text: () => name, dy: -14, textAnchor: "end", fill: ink(k), fontWeight: 650, fontSize: 12, stroke: "var(--page)", strokeWidth: 4 }),
    ]; }),
    series: sources.map(({ name, path }) => readable(name, path, "C", "loss")),
  });
};
