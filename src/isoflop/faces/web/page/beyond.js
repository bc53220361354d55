// What else an uploaded table tells: a sweep of settings (tune), mixtures of data (mix), scores on tasks (downstream).
import { el } from "./knobs.js";
import { replaced } from "./typing.js";
import { findings } from "./view.js";

const SAYS = { tune: "the best learning rate and batch", mix: "the best mixture of data", downstream: "scores on tasks" };

// Shows a tab for each kind that a table suits. ask gives { text, figure, findings } of a kind at a size.
export const tabs = (box, { name, suits = [] }, ask, codes) => {
  const inside = el("div"), size = el("input", { type: "text", id: "beyond-at", value: document.getElementById("beyond-at")?.value ?? "", placeholder: "N=8B D=160B", "aria-label": "a size to foretell, such as N=8B D=160B", autocomplete: "off" });
  const draw = ({ text, figure, findings: found }) => {
    const image = figure ? [el("img", { alt: "what the text below says, drawn", src: URL.createObjectURL(new Blob([figure], { type: "image/svg+xml" })) })] : [];
    replaced(inside, ...image, el("pre", { tabindex: 0 }, text), ...(found.length ? [findings(found, codes)] : []));
  };
  let chosen = null;
  const choose = async (kind) => {
    chosen = kind;
    for (const one of box.querySelectorAll("[role=tab]")) one.setAttribute("aria-selected", String(one.dataset.kind === kind));
    const found = await ask(kind, size.value.trim());
    if (found && chosen === kind) draw(found);
  };
  size.addEventListener("change", () => chosen && choose(chosen));
  const tab = (kind) => el("button", { type: "button", role: "tab", class: "quiet", "aria-selected": "false", "data-kind": kind, onclick: () => choose(kind) }, `${kind}: ${SAYS[kind]}`);
  replaced(box, ...(suits.length ? [el("div", { class: "tabs" }, el("p", {}, `${name} also tells`), el("div", { role: "tablist", "aria-label": "what else the table tells" }, ...suits.map(tab)), el("label", {}, "at ", size)), inside] : []));
};
