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

const hands = new WeakMap(); // what a user does in a box, in the figure's own numbers: it outlives the figure that is drawn again

// series: [{ name, at: x → text }], beside what `here` says of a point; runs, as points at (C, key), can be picked and left
// out where acts has functions for it. Gives the nodes that stand below the figure.
export const inspect = (drawn, box, { series, here = null, runs = [], key = "", named = "C", acts = {} }) => {
  const across = drawn.scale("x"), up = drawn.scale("y"), [left, right] = across.range, [bottom, top] = up.range;
  const line = shape(drawn, "line", "cross"), frame = shape(drawn, "rect", "brush"), readout = el("div", { class: "readout" });
  const chosen = el("div", { class: "chosen" });
  const placed = (event) => { const edge = drawn.getBoundingClientRect(); return [event.clientX - edge.left, event.clientY - edge.top]; };
  const inside = ([px, py]) => px >= left && px <= right && py >= top && py <= bottom;
  const values = ([px, py]) => [across.invert(px), up.invert(py)], pixels = ([x, y]) => [across.apply(x), up.apply(y)];
  const hand = hands.get(box) ?? { cross: values([(left + right) / 2, (top + bottom) / 2]), from: null, to: null, ended: false, pressed: false };
  hands.set(box, hand);
  const quiet = () => { readout.replaceChildren(); set(line, { visibility: "hidden" }); };
  const begin = (from = null) => { Object.assign(hand, { from, to: null, ended: false }); set(frame, { visibility: "hidden" }); chosen.replaceChildren(); };
  const tell = (place) => {
    if (!inside(place)) return quiet();
    const [x, y] = values(place), rows = [...series.map((one) => [one.name, one.at(x)]), ...(here?.(x, y) ?? [])];
    set(line, { x1: place[0], x2: place[0], y1: top, y2: bottom, visibility: "visible" });
    readout.replaceChildren(el("span", {}, named === "C" ? `${showFlops(x)} FLOPs` : show(x)), ...rows.filter(([, value]) => value).map(([name, value]) => el("span", {}, `${name} `, el("b", {}, value))));
  };
  const brush = (place) => {
    const [x, y] = pixels(hand.from);
    hand.to = values(place);
    set(frame, { x: Math.min(x, place[0]), width: Math.abs(place[0] - x), y: Math.min(y, place[1]), height: Math.abs(place[1] - y), visibility: "visible" });
  };
  const pick = ([px, py]) => {
    const away = (one) => Math.hypot(across.apply(one.C) - px, up.apply(one[key]) - py);
    const nearest = runs.reduce((best, one) => (away(one) < away(best) ? one : best), runs[0]);
    if (nearest && away(nearest) < PICKED) acts.pick(nearest);
  };
  const end = () => {
    const bounds = ["C", key].map((name, i) => [name, [hand.from[i], hand.to[i]].sort((a, b) => a - b)]);
    const within = runs.filter((one) => bounds.every(([name, [low, high]]) => one[name] >= low && one[name] <= high));
    if (!within.length) return begin();
    hand.ended = true;
    const ends = bounds.map(([name, [low, high]]) => `${name} >= ${low.toPrecision(6)} and ${name} <= ${high.toPrecision(6)}`);
    const button = (label, act) => el("button", { type: "button", class: "quiet", onclick: act }, label);
    chosen.replaceChildren(button(`Leave ${within.length === 1 ? "this run" : `these ${within.length} runs`} out`, () => acts.leave(`not (${ends.join(" and ")})`)), " ", button("Keep", () => begin()));
  };
  // The same without a pointer: arrows move the cross, with Shift they draw the box, Enter ends it or picks a run.
  const keyed = (event) => {
    const by = ARROWS[event.key], before = hand.cross, [x, y] = pixels(before);
    if (by) {
      const place = [Math.min(Math.max(x + by[0] * STRIDE, left), right), Math.min(Math.max(y + by[1] * STRIDE, top), bottom)];
      hand.cross = values(place);
      if (!event.shiftKey) begin(); else { if (!hand.from || hand.ended) begin(before); brush(place); }
      tell(place);
    } else if (event.key === "Enter") {
      if (hand.to && !hand.ended) { end(); chosen.querySelector("button")?.focus(); } else pick([x, y]);
    } else if (event.key === "Escape") { begin(); quiet(); } else return;
    event.preventDefault();
  };
  const moved = (place) => Math.hypot(...pixels(hand.from).map((one, i) => place[i] - one)) > DRAGGED;
  const released = (event) => {
    const place = placed(event);
    if (!hand.pressed) return;
    hand.pressed = false;
    if (moved(place)) { brush(place); end(); } else { begin(); pick(place); }
  };
  drawn.addEventListener("pointermove", (event) => {
    const place = placed(event);
    tell(place);
    if (hand.pressed && !event.buttons) released(event); // it was let go outside of a figure that was drawn again meanwhile
    else if (hand.pressed && moved(place)) brush(place);
  });
  drawn.addEventListener("pointerleave", quiet);
  if (!runs.length || !acts.leave) return [readout, chosen];
  drawn.classList.add("picks");
  set(drawn, { tabindex: 0, role: "application", "aria-description": KEYS });
  readout.setAttribute("role", "status");
  drawn.addEventListener("keydown", keyed);
  drawn.addEventListener("blur", quiet);
  drawn.addEventListener("pointerdown", (event) => { const place = placed(event); if (inside(place)) { begin(values(place)); hand.pressed = true; drawn.setPointerCapture(event.pointerId); event.preventDefault(); } }, true); // before the tips of Plot, which keep it to themselves
  drawn.addEventListener("pointerup", released);
  if (hand.to) brush(pixels(hand.to));
  if (hand.ended) end();
  return [readout, chosen];
};
