// Where each number comes from: its formula with the numbers in it, what it rests on, and where that is written.
import { el, hourly } from "./knobs.js";
import { lossBy, lossAt, tokensFor } from "./planner.js";
import { show, showFlops, showLoss, showMoney } from "./units.js";

export const DOCS = "https://isoflop.github.io/isoflop/";
const AWAY = 1.1; // times the best size, to show how flat its valley is

const line = (...inner) => el("p", {}, ...inner);
const formula = (...texts) => el("p", {}, ...texts.map((one) => el("code", {}, one)));
export const link = (page, said) => el("a", { href: `${DOCS}${page}`, target: "_blank", rel: "noopener" }, said);

const weighed = (data, model, found, terms) => {
  const rows = data.laws.map((law, k) => [law.name, showLoss(lossBy(model, k, found.N, found.D, terms)), `${Math.round(100 * (model.weights[k] ?? 0))} %`]);
  return el("table", {}, el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))))));
};

const raisedTo = (exponent) => (Math.abs(exponent - 1) < 1e-9 ? "" : `^${exponent.toPrecision(4)}`);

const INTERVAL = "The range is of a new run: how far runs scatter, what other curves the data allow, how far laws differ, as past forecasts ask.";
const SPAN = "The range is from the lowest to the highest of the curves; it is no confidence interval.";

// Gives, for each card, what stands in its note. told: { data, model, devices }; now: { found, state, terms }.
export const reasons = ({ data, model, devices }, { found, state, terms }) => {
  const { N, D } = found, served = terms.serving * N, total = found.budget ?? state.flops;
  const rests = line(data.runs.length ? `Rests on ${data.of_runs} runs of ${data.name}, by ${data.by}.` : `Rests on published curves: ${data.cited?.map((one) => one[1]).join("; ") ?? data.by}.`);
  const range = line(data.weighing || data.runs.length ? INTERVAL : data.laws.length > 1 ? SPAN : "One published curve alone has no interval.", " ", link("believe.html", "When to believe it"));
  const scale = Number(model.cost.scale.toPrecision(4)), [a, b] = [raisedTo(model.cost.params), raisedTo(model.cost.tokens)];
  const budget = `${scale} · ${show(N)}${a} · ${show(D)}${b}${served ? ` + ${terms.serving.toPrecision(3)} · ${show(N)}` : ""} = ${showFlops(total)} FLOPs`;
  const near = found.each && state.unique === Infinity ? [line(`At ${AWAY} times this size the loss is ${showLoss(lossAt(model, N * AWAY, tokensFor(model, N * AWAY, total, terms), terms))}: the valley is flat.`)] : [];
  return {
    N: () => [line("The size whose loss is least of all that the budget can train:"), formula(`C = ${scale} N${a} D${b}` + (served ? " + 2 N · tokens served" : ""), budget), ...near, rests, range, line(link("plan.html", "How a plan is made"))],
    D: () => [line("What the budget leaves for this size:"), formula(`D${b} = (C${served ? " - 2 N · tokens served" : ""}) / ${scale} N${a}`, `D = ${show(D)} of ${showFlops(total - served)} FLOPs at N = ${show(N)}`), ...(state.unique < D ? [line(`Only ${show(state.unique)} are unique; tokens read again are worth less (Muennighoff et al. 2023).`)] : []), rests, range, line(link("plan.html", "How a plan is made"))],
    loss: () => [line(data.laws.length > 1 && data.weighing ? "The laws' losses at this N and D, averaged in the logarithm by these weights:" : "The law at this N and D:"),
      ...(found.each && data.weighing ? [weighed(data, model, found, terms)] : [formula(data.laws[0].numbers ?? data.laws[0].formula, `at N = ${show(N)}, D = ${show(D)}: ${showLoss(found.loss)}`)]), rests, range, line(link("choose-a-law.html", "Which laws these are"))],
    cost: () => [line("Training FLOPs by what a device does in an hour, times its price:"),
      formula(`${showFlops(found.C)} / (${showFlops(devices[state.device].peak)} FLOP/s · ${state.mfu} · 3600 s) = ${show(found.C / hourly(state, devices))} device-hours`, `× $${state.price} = ${showMoney((found.C / hourly(state, devices)) * state.price)}`),
      line(`The peak is that of one ${state.device} in its maker's sheet; price and share of the peak are yours to change.`), line(link("plan.html", "What a plan costs"))],
  };
};

// A number's name as a button whose note opens by pointer, focus or tap. told gives the nodes of the note.
export const explained = (name, told) => {
  const note = el("div", { class: "note", role: "note", hidden: true }), button = el("button", { type: "button", class: "named", "aria-expanded": "false" }, name);
  let kept = false, closing;
  const show = (open) => {
    clearTimeout(closing);
    if (open && note.hidden) note.replaceChildren(...told());
    note.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const leave = () => { if (!kept) closing = setTimeout(() => show(false), 200); };
  button.addEventListener("click", () => { kept = !kept; show(kept); });
  button.addEventListener("focus", () => show(true));
  for (const node of [button, note]) {
    node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(true));
    node.addEventListener("pointerleave", leave);
    node.addEventListener("focusout", (event) => { if (!note.contains(event.relatedTarget) && event.relatedTarget !== button) { kept = false; show(false); } });
    node.addEventListener("keydown", (event) => { if (event.key === "Escape") { kept = false; show(false); button.focus({ focusVisible: true }); show(false); } });
  }
  return [button, note];
};
