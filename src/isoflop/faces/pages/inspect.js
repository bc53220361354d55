// What a pointer learns of a figure: the value of every curve at its place, the row of a run, the runs in a box.
import { el } from "./knobs.js";
import { show, showFlops } from "./units.js";

const PICKED = 10, DRAGGED = 6; // pixels to a run that is clicked, and from which a press is a drag
const STRIDE = 8, ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }; // pixels a key
const KEYS = "Arrow keys move a cross that reads the curves; with Shift they draw a box round runs, to leave these out; Enter ends the box, or tells of the run at the cross.";
export const SVG = "http://www.w3.org/2000/svg";

// A curve through points as a function, by straight lines in the logarithms; NaN beyond its ends.
export const along = (points, x, y) => (at) => {
  const next = points.findIndex((one) => one[x] >= at), [a, b] = [points[next - 1], points[next]];
  if (next < 0 || (next === 0 && points[0][x] > at)) return NaN;
  if (next === 0) return points[0][y];
  return a[y] * (b[y] / a[y]) ** (Math.log(at / a[x]) / Math.log(b[x] / a[x]));
};

const shape = (drawn, tag, name) => {
  const made = document.createElementNS(SVG, tag);
  made.setAttribute("class", name);
  return drawn.appendChild(made);
};
const set = (node, attributes) => { for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value); };

// series: [{ name, at: x → text }], beside what `here` says of a point; runs, as points at (C, key), can be picked and left
// out where acts has functions for it.
export const inspect = (drawn, box, { series, here = null, runs = [], key = "", named = "C", acts = {} }) => {
  const across = drawn.scale("x"), up = drawn.scale("y"), [left, right] = across.range, [bottom, top] = up.range;
  const line = shape(drawn, "line", "cross"), frame = shape(drawn, "rect", "brush"), readout = el("div", { class: "readout" });
  const chosen = el("div", { class: "chosen" });
  box.append(readout, chosen);
  const placed = (event) => { const edge = drawn.getBoundingClientRect(); return [event.clientX - edge.left, event.clientY - edge.top]; };
  const inside = ([px, py]) => px >= left && px <= right && py >= top && py <= bottom;
  let from = null;
  const quiet = () => { readout.replaceChildren(); set(line, { visibility: "hidden" }); };
  const clear = () => { set(frame, { visibility: "hidden" }); chosen.replaceChildren(); };
  const tell = (place) => {
    if (!inside(place)) return quiet();
    const x = across.invert(place[0]), rows = series.map((one) => [one.name, one.at(x)]);
    if (here) rows.push(...here(x, up.invert(place[1])));
    set(line, { x1: place[0], x2: place[0], y1: top, y2: bottom, visibility: "visible" });
    readout.replaceChildren(el("span", {}, named === "C" ? `${showFlops(x)} FLOPs` : show(x)), ...rows.filter(([, value]) => value).map(([name, value]) => el("span", {}, `${name} `, el("b", {}, value))));
  };
  const brushed = (place) => {
    const xs = [from[0], place[0]].sort((a, b) => a - b), ys = [from[1], place[1]].sort((a, b) => a - b);
    set(frame, { x: xs[0], width: xs[1] - xs[0], y: ys[0], height: ys[1] - ys[0], visibility: "visible" });
    return { C: xs.map((one) => across.invert(one)), [key]: ys.map((one) => up.invert(one)).reverse() };
  };
  const pick = ([px, py]) => {
    const away = (one) => Math.hypot(across.apply(one.C) - px, up.apply(one[key]) - py);
    const nearest = runs.reduce((best, one) => (away(one) < away(best) ? one : best), runs[0]);
    if (nearest && away(nearest) < PICKED) acts.pick(nearest);
  };
  const done = (place) => {
    const bounds = brushed(place), within = runs.filter((one) => Object.entries(bounds).every(([name, [low, high]]) => one[name] >= low && one[name] <= high));
    if (!within.length) return clear();
    const ends = Object.entries(bounds).map(([name, [low, high]]) => `${name} >= ${low.toPrecision(6)} and ${name} <= ${high.toPrecision(6)}`);
    const button = (label, act) => el("button", { type: "button", class: "quiet", onclick: act }, label);
    chosen.replaceChildren(button(`Leave ${within.length === 1 ? "this run" : `these ${within.length} runs`} out`, () => acts.leave(`not (${ends.join(" and ")})`)), " ", button("Keep", clear));
  };
  // The same without a pointer: arrows move the cross, with Shift they draw the box, Enter ends it or picks a run.
  let cross = [(left + right) / 2, (top + bottom) / 2];
  const keyed = (event) => {
    const by = ARROWS[event.key], before = cross;
    if (by) {
      cross = [Math.min(Math.max(cross[0] + by[0] * STRIDE, left), right), Math.min(Math.max(cross[1] + by[1] * STRIDE, top), bottom)];
      if (event.shiftKey) { from ??= before; brushed(cross); } else { from = null; clear(); }
      tell(cross);
    } else if (event.key === "Enter") {
      if (from) { done(cross); from = null; chosen.querySelector("button")?.focus(); } else pick(cross);
    } else if (event.key === "Escape") { from = null; clear(); quiet(); } else return;
    event.preventDefault();
  };
  drawn.addEventListener("pointermove", (event) => { const place = placed(event); tell(place); if (from && Math.hypot(place[0] - from[0], place[1] - from[1]) > DRAGGED) brushed(place); });
  drawn.addEventListener("pointerleave", quiet);
  if (!runs.length || !acts.leave) return;
  drawn.classList.add("picks");
  set(drawn, { tabindex: 0, role: "application", "aria-description": KEYS });
  readout.setAttribute("role", "status");
  drawn.addEventListener("keydown", keyed);
  drawn.addEventListener("blur", quiet);
  drawn.addEventListener("pointerdown", (event) => { const place = placed(event); if (inside(place)) { clear(); from = place; drawn.setPointerCapture(event.pointerId); event.preventDefault(); } }, true); // before the tips of Plot, which keep it to themselves
  drawn.addEventListener("pointerup", (event) => {
    const place = placed(event), start = from;
    if (start) { if (Math.hypot(place[0] - start[0], place[1] - start[1]) > DRAGGED) done(place); else { clear(); pick(place); } }
    from = null;
  });
};
