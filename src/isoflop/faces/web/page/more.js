// Everything else that a plan can be asked, made from the fields that the command line's options are made from.
import { el } from "./knobs.js";
import { write } from "./typing.js";

// What the desk asks for itself.
const ASKED = ["flops", "gpu_hours", "dollars", "days", "deadline", "loss", "gpus", "hardware", "price", "mfu", "unique_tokens", "serve_tokens"];
const SETTLED = "Settled already"; // N and D, beside a budget
const SHEET = ["vocabulary", "context", "batch_limit", "tiers", "prices", "serve_batch"]; // they change the sheet, not the run

// Whether the page itself plans a state: nothing is asked that it leaves to Python.
export const exact = ({ more }) => Object.keys(more).every((key) => SHEET.includes(key));

const input = ({ key, choices, flag, usual }) => {
  const id = `more-${key}`, described = { id, "aria-describedby": `${id}-help` };
  if (flag) return el("input", { type: "checkbox", ...described });
  if (choices.length) return el("select", described, el("option", { value: "" }, usual || "any"), ...choices.filter((one) => one !== usual).map((one) => el("option", {}, one)));
  return el("input", { type: "text", placeholder: usual || "–", autocomplete: "off", spellcheck: "false", ...described });
};

// Gives { node, tell }: the form, and how it shows a state. changed is given what was said, field → text, and which field was.
export const more = (fields, { said, changed }) => {
  const boxes = {}, groups = Map.groupBy(fields.filter((one) => !ASKED.includes(one.key)), ({ key, panel }) => (["N", "D"].includes(key) ? SETTLED : panel));
  const row = (one) => {
    const box = boxes[one.key] = input(one), name = one.key.replaceAll("_", " ");
    box.addEventListener("change", () => {
      const { [one.key]: _, ...rest } = said(), now = one.flag ? box.checked : box.value.trim();
      changed(now ? { ...rest, [one.key]: now } : rest, one.key);
    });
    return el("div", { class: "field" }, el("label", { for: box.id }, name), box, el("small", { id: `${box.id}-help` }, one.help, one.unit ? el("i", {}, ` ${one.unit}`) : ""));
  };
  const node = el("details", { class: "more" }, el("summary", {}, "More: experts, precision, context, tiers …"),
    ...[...groups].map(([panel, all]) => el("fieldset", {}, el("legend", {}, panel), ...all.map(row))));
  const tell = () => {
    const now = said();
    for (const { key, flag } of fields) if (boxes[key]) flag ? (boxes[key].checked = Boolean(now[key])) : write(boxes[key], now[key] ?? "");
    if (Object.keys(now).length) node.open = true;
  };
  return { node, tell };
};
