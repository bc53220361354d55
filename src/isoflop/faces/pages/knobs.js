// What people have to ask with: one question (compute, money, machines and time, a loss, a size), and what bounds the run.
import { write } from "./typing.js";
import { quantity, show, showFlops, showLoss, showMoney } from "./units.js";

const STEPS = 1000, HOUR = 3600, DAY = 864e5, FARTHEST = 36500;
const MONEY = { device: "device", price: "$ an hour", mfu: "share of peak", count: "how many" };

// A node with attributes, listeners (onclick) and children; text is always text.
export const el = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  made.append(...children);
  return made;
};

// FLOPs that an hour of one device does in training.
export const hourly = (state, devices) => devices[state.device].peak * state.mfu * HOUR;
const today = () => { const now = new Date(); return Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()); };
const daysTo = (date) => (Date.parse(date) - today()) / DAY;
const dateIn = (days) => (days < FARTHEST ? new Date(today() + Math.ceil(days) * DAY).toISOString().slice(0, 10) : "");

// The ways to ask. worth: how many of it a FLOP is; solved: what of the best run it is, for which a budget is sought;
// demand: the words of isoflop.plan; said: how the answer begins.
const machines = (state) => `${state.count} × ${state.device}`;
export const WAYS = {
  flops: { label: "compute", unit: "FLOPs", written: showFlops, worth: () => 1, demand: (said) => ({ flops: said }), said: (one) => `With ${showFlops(one.said)} FLOPs` },
  dollars: { label: "money", unit: "US dollars", written: showMoney, worth: (state, devices) => state.price / hourly(state, devices),
    demand: (said) => ({ dollars: said }), said: (one) => `With ${showMoney(one.said)} (${showFlops(one.flops)} FLOPs)` },
  hours: { label: "device-hours", unit: "hours of one device", worth: (state, devices) => 1 / hourly(state, devices),
    demand: (said) => ({ gpu_hours: said }), said: (one) => `With ${show(one.said)} hours of one ${one.device} (${showFlops(one.flops)} FLOPs)` },
  days: { label: "days", unit: "days on all devices", worth: (state, devices) => 1 / hourly(state, devices) / 24 / state.count,
    demand: (said, { count, device }) => ({ gpus: `${count}x${device}`, days: said }), said: (one) => `With ${machines(one)} for ${show(one.said)} days (${showFlops(one.flops)} FLOPs)` },
  deadline: { label: "deadline", unit: "the day to be done", worth: (state, devices) => 1 / hourly(state, devices) / 24 / state.count,
    demand: (said, { count, device }) => ({ gpus: `${count}x${device}`, deadline: said }), said: (one) => `With ${machines(one)} until ${one.said} (${showFlops(one.flops)} FLOPs)` },
  reach: { label: "loss to reach", unit: "loss", written: showLoss, solved: "loss", demand: (said) => ({ loss: said }),
    said: (one) => `To reach a loss of ${Number(one.said.toPrecision(6))} with least compute (${showFlops(one.flops)} FLOPs)` },
  size: { label: "size", unit: "parameters", solved: "N", demand: (said) => ({ N: said }), said: (one) => `For ${show(one.said)} to be the best size (${showFlops(one.flops)} FLOPs)` },
  tokens: { label: "tokens", unit: "tokens", solved: "D", demand: (said) => ({ D: said }), said: (one) => `For ${show(one.said)} to be the best number of tokens (${showFlops(one.flops)} FLOPs)` },
};

// A box to type a quantity in, and a logarithmic slider for it. free: { end, value, label } of the end that sets no bound.
const knob = ({ key, label, low, high, free = null, written = show }, moved) => {
  const first = free?.end === "low" ? 1 : 0, last = free?.end === "high" ? STEPS - 1 : STEPS;
  const isFree = (value) => free !== null && value === free.value;
  const valueAt = (step) => (free && (step < first || step > last) ? free.value : low * (high / low) ** ((step - first) / (last - first)));
  const stepOf = (value) => {
    if (isFree(value)) return free.end === "low" ? 0 : STEPS;
    return Math.min(Math.max(first + ((last - first) * Math.log(value / low)) / Math.log(high / low), first), last);
  };
  const slider = el("input", { type: "range", id: key, min: 0, max: STEPS, step: 1, "aria-label": label });
  const box = el("input", { type: "text", id: `${key}-box`, autocomplete: "off", spellcheck: "false" });
  const wrong = () => box.setAttribute("aria-invalid", "true");
  slider.addEventListener("input", () => moved(key, valueAt(Number(slider.value)), wrong));
  box.addEventListener("change", () => {
    const typed = free && ["", free.label].includes(box.value.trim()) ? free.value : quantity(box.value);
    if (isFree(typed) || (typed > 0 && typed < Infinity)) moved(key, typed, wrong); else wrong();
  });
  const tell = (value) => {
    const told = isFree(value) ? free.label : written(value);
    if (valueAt(Number(slider.value)) !== value) write(slider, Math.round(stepOf(value)));
    write(box, told);
    box.removeAttribute("aria-invalid");
    slider.setAttribute("aria-valuetext", told);
  };
  return { tell, box, slider };
};
const calendar = (key, moved) => {
  const box = el("input", { type: "date", id: `${key}-box` });
  box.addEventListener("change", () => (daysTo(box.value) > 0 ? moved(key, box.value) : box.setAttribute("aria-invalid", "true")));
  return { box, slider: "", tell: (days) => { write(box, dateIn(days)); box.removeAttribute("aria-invalid"); } };
};

const field = (key, devices, moved) => {
  const node = key === "device"
    ? el("select", { id: key }, ...Object.keys(devices).map((name) => el("option", { value: name }, name)))
    : el("input", { type: "number", id: key, min: 0, ...(key === "mfu" && { max: 1 }), step: key === "count" ? 1 : "any", inputmode: "decimal" });
  node.addEventListener("change", () => {
    const typed = key === "device" ? node.value : Number(node.value);
    if (key === "device" || (typed > 0 && node.validity.valid)) moved(key, typed); else node.setAttribute("aria-invalid", "true");
  });
  const tell = (value) => { write(node, value); node.removeAttribute("aria-invalid"); };
  return { tell, node: el("label", {}, MONEY[key], node) };
};

// The FLOPs of a question; NaN where no budget answers it. solve(quantity, value) seeks the budget of a best run.
export const flopsOf = (state, devices, solve) => {
  const { worth, solved } = WAYS[state.way];
  if (solved) return solve(solved, state.said);
  return (state.way === "deadline" ? daysTo(state.said) : state.said) / worth(state, devices);
};

// The knobs of a desk. moved is given a new state whenever one is turned, and says whether it was taken; why says why not.
export const controls = ({ data, devices, state, moved, why, shown }) => {
  const ends = (key) => [data.budgets[0], data.budgets.at(-1)].map((flops) => flops * WAYS[key].worth(state(), devices));
  const known = (key) => data.plans[key].map((row) => row[0]).filter((one) => one > 0);
  const span = (values) => ({ low: Math.min(...values), high: Math.max(...values) }), tokens = span(known("D"));
  const turned = (key, value, wrong) => {
    const changed = key in WAYS ? { way: key, said: value } : { [key]: value };
    if (key === "device" && devices[value].price) changed.price = devices[value].price;
    if (moved(changed)) return;
    wrong?.();
    refusal.textContent = why(changed);
    refusal.hidden = false;
  };
  const refusal = el("p", { class: "bad", id: "unanswered", role: "alert", hidden: true });
  const asked = Object.entries(WAYS).map(([key, { label, written, solved }]) => {
    const one = key === "deadline" ? calendar(key, turned) : knob({ key, label, written, ...span(solved ? known(solved) : ends(key)) }, turned);
    const choice = el("input", { type: "radio", name: "way", "aria-label": `ask by ${label}`, onchange: () => one.box.value && turned(key, shown()[key]) });
    const unit = WAYS[key].unit, node = el("div", { class: "way" }, choice, el("label", { for: one.box.id, title: unit }, label), one.box);
    return { key, ...one, node, choice };
  });
  const bounds = [
    { key: "unique", label: `unique ${data.counted}`, low: tokens.low / 100, high: tokens.high, free: { end: "high", value: Infinity, label: "no limit" } },
    { key: "serve", label: `${data.counted} served in its life`, low: tokens.low, high: tokens.high * 1e3, free: { end: "low", value: 0, label: "none" } },
  ].map((one) => ({ ...one, ...knob(one, turned) }));
  const fields = Object.keys(MONEY).map((key) => ({ key, ...field(key, devices, turned) }));
  const extra = el("div", { class: "extra" });
  const node = el("form", { class: "controls", "aria-label": "what may be spent", onsubmit: (event) => event.preventDefault() },
    el("fieldset", {}, el("legend", {}, "What have you got?"), ...asked.map((one) => one.node), refusal,
      el("div", { class: "sliders" }, ...asked.map((one) => one.slider))),
    ...bounds.map((one) => el("div", { class: "knob" }, el("label", { for: one.box.id }, one.label), one.box, one.slider)),
    el("div", { class: "fields" }, ...fields.map((one) => one.node)), extra);
  const tell = () => {
    const now = state(), told = { ...now, ...shown() };
    refusal.hidden = true;
    for (const one of [...asked, ...bounds, ...fields]) one.tell(told[one.key]);
    for (const one of asked) {
      one.choice.checked = one.key === now.way;
      one.node.classList.toggle("asked", one.key === now.way);
      if (one.slider) one.slider.hidden = one.key !== now.way;
    }
  };
  return { node, tell, extra };
};
