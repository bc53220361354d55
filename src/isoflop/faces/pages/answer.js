// The answer: the best run in one sentence, its numbers with their intervals, and what each law by itself would train.
import { lossBy } from "./planner.js";
import { explained, reasons } from "./explain.js";
import { el, hourly, WAYS } from "./knobs.js";
import { show, showCost, showFlops, showHours, showLoss, showMoney } from "./units.js";

const AMBER = 1, RED = 2, NEAR = 0.05; // decades beyond the runs from which a forecast is doubtful, and a guess: src/isoflop/reach.py

const card = (key, name, told) => {
  const value = el("output", { id: key }), small = el("small"), more = el("small");
  const tell = (number, text, [told, range = ""], besides = "") => {
    value.textContent = text;
    value.dataset.value = number;
    small.replaceChildren(told, ...(range ? [" ", el("span", { class: "range" }, range)] : []));
    more.textContent = besides;
  };
  return { tell, node: el("div", {}, ...explained(name, told), value, small, more) };
};

// What each law would train, and what the plan gives up if that law is right.
const comparison = (data) => {
  const rows = el("tbody"), head = ["law", "best N", "D", "loss there", "loss given up by the plan"];
  const node = el("div", { class: "wide", tabindex: 0 }, el("table", { id: "compared" }, el("caption", {}, "If one law alone is right"),
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))), rows));
  const tell = (model, found, terms) => (node.hidden = !found.each) || rows.replaceChildren(...found.each.map((one, k) => {
    const least = lossBy(model, k, one.N, one.D, terms), lost = Math.max(lossBy(model, k, found.N, found.D, terms) / least - 1, 0);
    return el("tr", {}, el("th", { scope: "row" }, data.laws[k].name),
      ...[show(one.N), show(one.D), showLoss(least), `${(100 * lost).toFixed(2)} %`].map((cell) => el("td", {}, cell)));
  }));
  return { node, tell };
};

// Gives { head, foot, tell }: what stands above the figures and below them, and how both follow a run that was found.
// interval: [low, high] of N, D and loss; about: whether these are those of other terms.
export const answer = ({ data, devices, model }) => {
  const sentence = el("p", { class: "answer", id: "answer", role: "status" }), far = el("p", { id: "far" });
  let now = null; // what stands: the run, the state and its terms
  const because = (key) => () => (now ? reasons({ data, model, devices }, now)[key]() : []);
  const cards = Object.fromEntries(Object.entries({ N: "parameters N", D: `${data.counted} D`, loss: "loss", cost: "training cost" })
    .map(([key, name]) => [key, card(key, name, because(key))]));
  const compared = data.laws.length > 1 ? comparison(data) : null;
  const written = (key) => (key === "loss" ? showLoss : show);
  const told = (key, [low, high], about) => (low !== null && Number.isFinite(low)
    ? [`${data.interval}${about ? ", about" : ""}`, `${written(key)(low)} – ${written(key)(high)}`] : ["no interval"]);
  const tell = (found, { state, terms, interval, about }) => {
    now = { found, state, terms };
    const hours = found.C / hourly(state, devices), besides = {
      N: `${show(found.D / found.N)} ${data.counted} per parameter`,
      D: state.unique < found.D ? `${show(found.D / state.unique)} times the same data` : "",
      loss: state.serve ? `${showFlops(state.flops - found.C)} FLOPs are left for serving` : "",
    };
    const all = (state.flops / hourly(state, devices)) * state.price, serving = state.serve ? `${showMoney(all)} with serving (${showMoney(all - hours * state.price)})` : "";
    const [low, high] = interval.loss, sure = low !== null && Number.isFinite(low) ? ` (${showLoss(low)} – ${showLoss(high)})` : "";
    sentence.textContent = `${WAYS[state.way].said(state)}, train ${show(found.N)} parameters on ${show(found.D)} ${data.counted}: loss ${showLoss(found.loss)}${sure}.`;
    for (const key of ["N", "D", "loss"]) cards[key].tell(found[key], written(key)(found[key]), told(key, interval[key], about), besides[key]);
    cards.cost.tell(hours * state.price, showCost(hours * state.price),
      [`${showHours(hours)}${hours < 0.1 ? "" : `, ${show(hours / 24 / state.count)} days`} on ${state.count} × ${state.device}`], serving);
    const below = data.runs.length ? Math.log10(data.budgets[0] / found.C) : 0, away = Math.max(found.far, below);
    far.textContent = Number.isNaN(found.far) ? "" : below > NEAR ? `▼ ${below.toFixed(1)} decades below the smallest run.`
      : found.far > 0 ? `▲ ${found.far.toFixed(1)} decades beyond the largest run${data.runs.length ? "" : " behind these curves"}.` : "Within the compute of the runs.";
    far.className = away > RED ? "BLOCK" : away > AMBER ? "WARN" : "";
    compared?.tell(model, found, terms);
  };
  // No plan: why, and ways to one, buttons.
  const refuse = (why, ways) => {
    for (const one of Object.values(cards)) one.tell(NaN, "–", ["no plan"]);
    now = null;
    sentence.replaceChildren(why, ...ways.flatMap(([label, act]) => [" ", el("button", { type: "button", onclick: act }, label)]));
    far.textContent = "";
  };
  const head = [sentence, el("div", { class: "cards" }, ...Object.values(cards).map((one) => one.node)), far];
  return { head, foot: compared ? [compared.node] : [], tell, refuse };
};
