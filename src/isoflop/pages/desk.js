// The desk: sliders for what may be spent and what bounds it, the best run for that, and figures that follow.
import { best, lossAt, lossBy, tokensFor } from "./planner.js";
import { allocation, contours, frontier, valley } from "./figures.js";
import { quantity, show, showFlops, showLoss, showMoney } from "./units.js";

const STEPS = 1000, CURVE = 121, AROUND = 14, SERVED = 2, HOUR = 3600;

// A node with attributes and children; text is always text.
export const el = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
  made.append(...children.filter((one) => one !== null));
  return made;
};

// One quantity on a logarithmic slider with a box to type it. none: what the free end means, and which end that is.
const knob = ({ key, label, low, high, none = null, written = show }, moved) => {
  const [first, last] = [none?.end === "low" ? 1 : 0, none?.end === "high" ? STEPS - 1 : STEPS];
  const valueAt = (t) => (none && (t < first || t > last) ? none.value : low * (high / low) ** ((t - first) / (last - first)));
  const placeOf = (value) => {
    if (none && value === none.value) return none.end === "low" ? 0 : STEPS;
    return Math.min(Math.max(first + ((last - first) * Math.log(value / low)) / Math.log(high / low), first), last);
  };
  const slider = el("input", { type: "range", id: key, min: 0, max: STEPS, step: 1, "aria-label": label });
  const box = el("input", { type: "text", id: `${key}-box`, "aria-label": `${label}, typed`, autocomplete: "off", spellcheck: "false" });
  const told = (value) => (none && value === none.value ? none.label : written(value));
  const set = (value, slide = true) => {
    if (slide) slider.value = placeOf(value);
    box.value = told(value);
    box.removeAttribute("aria-invalid");
    slider.setAttribute("aria-valuetext", told(value));
  };
  slider.addEventListener("input", () => moved(key, valueAt(Number(slider.value)), false));
  box.addEventListener("change", () => {
    const typed = none && ["", none.label].includes(box.value.trim()) ? none.value : quantity(box.value);
    if ((typed > 0 && typed < Infinity) || (none && typed === none.value)) moved(key, typed, true); else box.setAttribute("aria-invalid", "true");
  });
  return { set, node: el("div", { class: "knob" }, el("label", { for: `${key}-box` }, label), box, slider) };
};

const card = (key, name) => {
  const value = el("output", { id: key }), ends = el("small"), more = el("small");
  return { node: el("div", {}, el("h3", {}, name), value, ends, more), value, ends, more };
};

// data: what src/isoflop/pages/content.py gives of a source; laws, fresh: its functions; around: what pages/__init__.py
// gives besides. Gives { node, set, get, told }: told(ends) shows intervals that were worked out in full.
export const desk = ({ data, laws, fresh, around, changed = () => {} }) => {
  const { devices, models, money } = around, model = { ...data, laws, fresh, names: data.laws };
  const start = { flops: data.start, unique: Infinity, serve: 0, ...money };
  const state = { ...start }, [least, most] = [data.budgets[0], data.budgets.at(-1)];
  const tokens = data.plans.D.map((row) => row[0]).filter((one) => one > 0), reach = [Math.min(...tokens), Math.max(...tokens)];
  const hourly = () => devices[state.device].peak * state.mfu * HOUR;
  const dollars = (flops) => (flops / hourly()) * state.price;
  const terms = () => ({ serving: SERVED * state.serve, unique: state.unique });
  const plain = () => state.serve === 0 && state.unique === Infinity;
  let path = [], figures = {}, drawnFor = "", full = null;

  const moved = (key, value, slide) => {
    if (key === "dollars") state.flops = (value / state.price) * hourly(); else state[key] = value;
    knobs[key].set(value, slide);
    if (key === "dollars") knobs.flops.set(state.flops); else knobs.dollars.set(dollars(state.flops));
    full = null;
    update();
    changed({ ...state });
  };
  const knobs = {
    flops: knob({ key: "flops", label: "compute, FLOPs", low: least, high: most, written: showFlops }, moved),
    dollars: knob({ key: "dollars", label: "or dollars", low: dollars(least), high: dollars(most), written: showMoney }, moved),
    unique: knob({ key: "unique", label: "unique tokens", low: reach[0] / 100, high: reach[1],
      none: { end: "high", value: Infinity, label: "no limit" } }, moved),
    serve: knob({ key: "serve", label: "tokens served in its life", low: reach[0], high: reach[1] * 1e3,
      none: { end: "low", value: 0, label: "none" } }, moved),
  };
  const field = (key, label, node) => {
    node.value = state[key];
    node.addEventListener("change", () => {
      const typed = key === "device" ? node.value : Number(node.value);
      if (key !== "device" && !(typed > 0)) return node.setAttribute("aria-invalid", "true");
      node.removeAttribute("aria-invalid");
      state[key] = typed;
      if (key === "device" && devices[typed].price) fields.price.value = state.price = devices[typed].price;
      knobs.dollars.set(dollars(state.flops));
      update();
      changed({ ...state });
    });
    return el("label", {}, label, node);
  };
  const number = (key, step) => el("input", { type: "number", id: key, min: 0, step, inputmode: "decimal" });
  const fields = {
    device: el("select", { id: "device" }, ...Object.keys(devices).map((name) => el("option", { value: name }, name))),
    price: number("price", "any"), mfu: number("mfu", "0.01"), count: number("count", "1"),
  };
  const labels = { device: "device", price: "$ an hour", mfu: "share of peak", count: "devices" };
  const controls = el("form", { class: "controls", "aria-label": "what may be spent", onsubmit: (event) => event.preventDefault() },
    ...Object.values(knobs).map((one) => one.node),
    el("div", { class: "fields" }, ...Object.entries(fields).map(([key, node]) => field(key, labels[key], node))));

  const cards = { N: card("N", "parameters N"), D: card("D", "tokens D"), loss: card("loss", "loss"), cost: card("cost", "training cost") };
  const answer = el("p", { class: "answer", id: "answer", role: "status" }), far = el("p", { id: "far" });
  const boxes = { frontier: el("div"), valley: el("div"), allocation: el("div"), contours: el("div") };
  const titles = {
    frontier: "Best loss at each budget", valley: "Loss against size at this budget",
    allocation: "Best size and tokens at each budget", contours: "Lines of equal loss, and the best size",
  };
  const charts = Object.entries(boxes).map(([key, box]) => el("figure", { id: `figure-${key}` }, el("figcaption", {}, titles[key]), box));
  const compared = el("tbody"), table = el("table", { id: "compared" },
    el("caption", {}, "If one law alone is right"), el("thead", {}, el("tr", {}, ...["law", "best N", "D", "loss there",
      "loss given up by the plan"].map((name) => el("th", { scope: "col" }, name)))), compared);
  const node = el("div", { class: "desk" }, controls, el("div", { class: "shown" }, answer,
    el("div", { class: "cards" }, ...Object.values(cards).map((one) => one.node)), far, el("div", { class: "charts" }, ...charts),
    data.laws.length > 1 ? el("div", { class: "wide", tabindex: 0 }, table) : null));

  // Interval of a value at a budget, by the budgets whose intervals are known; at others in between.
  const ends = (key, C, value) => {
    const past = data.budgets.findIndex((one) => one > C), i = past < 0 ? data.budgets.length - 2 : Math.max(past - 1, 0);
    const t = Math.log(C / data.budgets[i]) / Math.log(data.budgets[i + 1] / data.budgets[i]);
    const side = (k) => value * Math.exp([i, i + 1].reduce((sum, j, n) => {
      const row = data.plans[key][j];
      return sum + (n ? t : 1 - t) * (row[k] === null ? NaN : Math.log(row[k] / row[0]));
    }, 0));
    return [side(1), side(2)];
  };
  const interval = (key, found) => {
    const [low, high] = full ? full[key] : ends(key, state.flops, found[key]), written = key === "loss" ? showLoss : show;
    if (!(low !== null && Number.isFinite(low))) return "no interval";
    return `${data.interval}${full || plain() ? "" : ", about"} ${written(low)} – ${written(high)}`;
  };

  const follow = () => {
    const key = JSON.stringify([state.unique, state.serve, ...Object.values(boxes).map((box) => box.clientWidth)]);
    if (key === drawnFor) return;
    drawnFor = key;
    path = data.budgets.map((C) => {
      const found = best(model, C, terms(), false), [low, high] = ends("loss", C, found.loss), [N_low, N_high] = ends("N", C, found.N);
      return { ...found, C, low, high, N_low, N_high, each: found.each.map((one, k) => lossBy(model, k, one.N, one.D, terms())) };
    });
    const sizes = [...path.map((one) => one.N), ...data.runs.map((one) => one.N)];
    figures.frontier = frontier(boxes.frontier, { runs: data.runs, path, laws: model.weighing ? data.laws : [] });
    figures.allocation = allocation(boxes.allocation, { path, models });
    figures.contours = contours(boxes.contours, {
      runs: data.runs, path, sizes, levels: path.filter((_, i) => i % 3 === 0).map((one) => one.loss).reverse(),
      at: (C, N) => { const D = tokensFor(N, C, terms()); return D > 1 ? lossAt(model, N, D, terms()) : NaN; },
    });
  };
  const valleys = (found) => {
    const N = Array.from({ length: CURVE }, (_, i) => (found.N / AROUND) * AROUND ** (2 * i / (CURVE - 1)));
    const line = (loss) => N.map((one) => ({ N: one, loss: loss(one, tokensFor(one, state.flops, terms())) }));
    const single = model.weighing ? model.laws.map((_, k) => line((n, d) => lossBy(model, k, n, d, terms()))) : [];
    return [...single, line((n, d) => lossAt(model, n, d, terms()))];
  };
  const compare = (found) => compared.replaceChildren(...found.each.map((one, k) => {
    const least = lossBy(model, k, one.N, one.D, terms()), lost = lossBy(model, k, found.N, found.D, terms()) / least - 1;
    return el("tr", {}, ...[data.laws[k].name, show(one.N), show(one.D), showLoss(least), `${(100 * Math.max(lost, 0)).toFixed(2)} %`]
      .map((cell, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, cell)));
  }));
  const update = () => {
    const found = best(model, state.flops, terms()), hours = found.C / hourly();
    for (const key of ["N", "D", "loss"]) {
      cards[key].value.textContent = (key === "loss" ? showLoss : show)(found[key]);
      cards[key].value.dataset.value = found[key];
      cards[key].ends.textContent = interval(key, found);
    }
    cards.cost.value.textContent = showMoney(hours * state.price);
    cards.cost.value.dataset.value = hours * state.price;
    cards.cost.ends.textContent = `${show(hours)} device-hours, ${show(hours / 24 / state.count)} days on ${state.count} × ${state.device}`;
    cards.N.more.textContent = `${show(found.D / found.N)} tokens per parameter`;
    cards.D.more.textContent = state.unique < found.D ? `${show(found.D / state.unique)} times the same data` : "";
    cards.loss.more.textContent = state.serve ? `${showFlops(state.flops - found.C)} FLOPs are left for serving` : "";
    answer.textContent = `With ${showFlops(state.flops)} FLOPs, train ${show(found.N)} parameters on ${show(found.D)} tokens: loss ${showLoss(found.loss)}.`;
    const told = found.far > 0 ? `${found.far.toFixed(1)} decades beyond the largest run.` : "Within the compute of the runs.";
    far.textContent = Number.isNaN(found.far) ? "" : told;
    far.className = found.far > 2 ? "BLOCK" : found.far > 1 ? "WARN" : "";
    follow();
    valley(boxes.valley, { curves: valleys(found), best: found }).move([found.N, found.loss]);
    figures.frontier.move([state.flops, found.loss]);
    figures.allocation.move([state.flops, found.N], [state.flops, found.D]);
    figures.contours.move([state.flops, found.N]);
    if (data.laws.length > 1) compare(found);
  };

  const set = (asked) => {
    Object.assign(state, asked);
    for (const key of ["flops", "unique", "serve"]) knobs[key].set(state[key]);
    knobs.dollars.set(dollars(state.flops));
    for (const key of ["device", "price", "mfu", "count"]) fields[key].value = state[key];
    full = null;
    update();
  };
  new ResizeObserver(() => update()).observe(boxes.frontier);
  return { node, set, start, get: () => ({ ...state }), told: (plan) => { full = plan; update(); } };
};
