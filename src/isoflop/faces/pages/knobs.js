// What may be spent, and what bounds it: sliders with boxes to type in, and fields for what an hour costs.
import { quantity, show, showFlops, showMoney } from "./units.js";

const STEPS = 1000, HOUR = 3600, MONEY = { device: "device", price: "$ an hour", mfu: "share of peak", count: "devices" };

// A node with attributes, listeners (onclick) and children; text is always text.
export const el = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false) made.setAttribute(key, value === true ? "" : value);
  made.append(...children);
  return made;
};

// One quantity on a logarithmic slider. free: { end, value, label } of the end of the slider that sets no bound.
const knob = ({ key, label, low, high, free = null, written = show }, moved) => {
  const first = free?.end === "low" ? 1 : 0, last = free?.end === "high" ? STEPS - 1 : STEPS;
  const isFree = (value) => free !== null && value === free.value;
  const valueAt = (step) => (free && (step < first || step > last) ? free.value : low * (high / low) ** ((step - first) / (last - first)));
  const stepOf = (value) => {
    if (isFree(value)) return free.end === "low" ? 0 : STEPS;
    return Math.min(Math.max(first + ((last - first) * Math.log(value / low)) / Math.log(high / low), first), last);
  };
  const slider = el("input", { type: "range", id: key, min: 0, max: STEPS, step: 1, "aria-label": label });
  const box = el("input", { type: "text", id: `${key}-box`, "aria-label": `${label}, typed`, autocomplete: "off", spellcheck: "false" });
  slider.addEventListener("input", () => moved(key, valueAt(Number(slider.value))));
  box.addEventListener("change", () => {
    const typed = free && ["", free.label].includes(box.value.trim()) ? free.value : quantity(box.value);
    if (isFree(typed) || (typed > 0 && typed < Infinity)) moved(key, typed); else box.setAttribute("aria-invalid", "true");
  });
  const tell = (value) => {
    const told = isFree(value) ? free.label : written(value);
    if (valueAt(Number(slider.value)) !== value) slider.value = stepOf(value);
    box.value = told;
    box.removeAttribute("aria-invalid");
    slider.setAttribute("aria-valuetext", told);
  };
  return { tell, node: el("div", { class: "knob" }, el("label", { for: box.id }, label), box, slider) };
};

const field = (key, devices, moved) => {
  const node = key === "device"
    ? el("select", { id: key }, ...Object.keys(devices).map((name) => el("option", { value: name }, name)))
    : el("input", { type: "number", id: key, min: 0, step: key === "count" ? 1 : "any", inputmode: "decimal" });
  node.addEventListener("change", () => {
    const typed = key === "device" ? node.value : Number(node.value);
    if (key === "device" || typed > 0) moved(key, typed); else node.setAttribute("aria-invalid", "true");
  });
  const tell = (value) => { node.value = value; node.removeAttribute("aria-invalid"); };
  return { tell, node: el("label", {}, MONEY[key], node) };
};

// FLOPs that an hour of one device does in training.
export const hourly = (state, devices) => devices[state.device].peak * state.mfu * HOUR;
// What a budget is in other words, each so many for a FLOP.
const WORTH = {
  dollars: (state, devices) => state.price / hourly(state, devices),
  hours: (state, devices) => 1 / hourly(state, devices),
  days: (state, devices) => 1 / hourly(state, devices) / 24 / state.count,
};

// The knobs of a desk. moved is given a new state whenever one is turned; tell shows a state.
export const controls = ({ data, devices, state, moved }) => {
  const [least, most] = [data.budgets[0], data.budgets.at(-1)], ends = (key) => [least, most].map((flops) => flops * WORTH[key](state(), devices));
  const tokens = data.plans.D.map((row) => row[0]).filter((one) => one > 0), few = Math.min(...tokens), many = Math.max(...tokens);
  const range = (key) => { const [low, high] = ends(key); return { low, high }; };
  const turned = (key, value) => {
    const changed = key in WORTH ? { flops: value / WORTH[key](state(), devices) } : { [key]: value };
    if (key === "device" && devices[value].price) changed.price = devices[value].price;
    moved(changed);
  };
  const knobs = [
    { key: "flops", label: "compute, FLOPs", low: least, high: most, written: showFlops },
    { key: "dollars", label: "or dollars", written: showMoney, ...range("dollars") },
    { key: "hours", label: "or device-hours", ...range("hours") },
    { key: "days", label: "or days on these devices", ...range("days") },
    { key: "unique", label: "unique tokens", low: few / 100, high: many, free: { end: "high", value: Infinity, label: "no limit" } },
    { key: "serve", label: "tokens served in its life", low: few, high: many * 1e3, free: { end: "low", value: 0, label: "none" } },
  ].map((one) => [one.key, knob(one, turned)]);
  const fields = Object.keys(MONEY).map((key) => [key, field(key, devices, turned)]), all = Object.fromEntries([...knobs, ...fields]);
  const node = el("form", { class: "controls", "aria-label": "what may be spent", onsubmit: (event) => event.preventDefault() },
    ...knobs.map(([, one]) => one.node), el("div", { class: "fields" }, ...fields.map(([, one]) => one.node)));
  const tell = () => {
    const told = { ...state(), ...Object.fromEntries(Object.entries(WORTH).map(([key, of]) => [key, state().flops * of(state(), devices)])) };
    for (const key of Object.keys(all)) all[key].tell(told[key]);
  };
  return { node, tell };
};
