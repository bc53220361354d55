// The catalogue: every published curve, with its formula, source and range, at inputs that can be moved.
import { el } from "./knobs.js";
import { quantity, show } from "./units.js";

const STEPS = 500;

const explorer = (curves, values) => {
  const box = el("div", { class: "law" }), choice = el("select", { id: "curve", "aria-label": "published curve" },
    ...Object.keys(curves).map((name) => el("option", { value: name }, name)));
  const look = () => {
    const one = curves[choice.value], inputs = one.inputs.map((input) => input.start), out = el("output", { id: "curve-value" });
    const update = () => {
      const found = values[choice.value](inputs);
      out.textContent = `${show(found, 5)} ${one.unit}`;
      out.dataset.value = found;
    };
    const knob = ({ name, unit, low, high, start }, i) => {
      const slider = el("input", { type: "range", min: 0, max: STEPS, "aria-label": name, value: (STEPS * Math.log(start / low)) / Math.log(high / low) });
      const typed = el("input", { type: "text", id: `input-${name}`, "aria-label": `${name}, typed`, value: show(start) });
      slider.addEventListener("input", () => { inputs[i] = low * (high / low) ** (slider.value / STEPS); typed.value = show(inputs[i]); update(); });
      typed.addEventListener("change", () => { const said = quantity(typed.value); if (said > 0) { inputs[i] = said; update(); } });
      return el("div", { class: "knob" }, el("label", { for: `input-${name}` }, unit && unit !== name ? `${name}, ${unit}` : name), typed, slider);
    };
    box.replaceChildren(el("p", {}, one.summary), el("code", {}, one.formula), el("small", {}, one.cite), ...(one.caution ? [el("p", {}, `Beware: ${one.caution}`)] : []),
      el("div", { class: "inputs" }, ...one.inputs.map(knob)), out);
    update();
  };
  choice.addEventListener("change", look);
  look();
  return el("div", {}, el("p", {}, choice), box);
};

export const catalogue = () => {
  const inside = el("div"), shown = el("details", { id: "catalogue" }, el("summary", {}, "The catalogue: every published curve, at inputs of your choice"), inside);
  shown.addEventListener("toggle", async () => {
    const { curves, values } = await import("/api/catalogue.js");
    if (!inside.childElementCount) inside.append(explorer(curves, values));
  });
  return el("section", {}, el("h2", {}, "Published laws"), shown);
};
