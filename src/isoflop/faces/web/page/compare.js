// What was opened, side by side at one budget and in one figure, where it can be compared.
import { between, pathOf, termsOf } from "./desk.js";
import { overlay } from "./figures.js";
import { el } from "./knobs.js";
import { best } from "./planner.js";
import { show, showFlops, showLoss } from "./units.js";
import { section, table } from "./view.js";

// Why two sources cannot be compared; empty where nothing is said against it.
const apart = (one, other) => {
  if (one.unit !== other.unit) return `one counts its loss in ${one.unit}, the other in ${other.unit}`;
  if (one.tokenizers.length && other.tokenizers.length && String(one.tokenizers) !== String(other.tokenizers))
    return `their tokenizers differ (${one.tokenizers.join(", ")}; ${other.tokenizers.join(", ")}), and so does what a token's loss means`;
  return "";
};
const unsaid = (sources) => new Set(sources.map((one) => one.data.digest ?? one.data.name)).size > 1;

// Gives the nodes of the comparison of opened sources with the one that is looked at; none where it is alone.
export const comparison = (opened, current, titleOf) => {
  if (opened.length < 2) return [];
  const state = current.desk.get(), terms = termsOf(state), why = new Map(opened.map((one) => [one, apart(current.data, one.data)]));
  const row = (one) => {
    const found = best(one.desk.model, state.flops, terms), [low, high] = between(one.data, "loss", state.flops, found.loss), refused = why.get(one);
    const below = one.data.runs.length ? Math.log10(one.data.budgets[0] / state.flops) : 0;
    const reach = below > 0.05 ? `${below.toFixed(1)} decades below` : found.far > 0 ? `${found.far.toFixed(1)} decades beyond` : Number.isNaN(found.far) ? "not known" : "within";
    return [titleOf(one), show(found.N), show(found.D), refused ? "–" : showLoss(found.loss), refused || !Number.isFinite(low) ? "–" : `${showLoss(low)} – ${showLoss(high)}`, reach, one.data.unit, one.data.laws.map((law) => law.name).join(", ")];
  };
  const inside = opened.filter((one) => !why.get(one)), figure = el("figure", { id: "figure-comparison" }), box = el("div");
  const refusals = opened.filter((one) => why.get(one)).map((one) => el("p", { class: "bad" }, `${titleOf(one)} is not compared: ${why.get(one)}.`));
  const nodes = [el("p", {}, "Each is drawn at the same terms; dashed beyond the runs behind it. Open another curve, file or law to add it; × above takes it away."),
    table(["", "best N", "D", "loss", "interval", "its runs", "in", "by"], opened.map(row), el("caption", {}, `the best run for ${showFlops(state.flops)} FLOPs`)), ...refusals];
  if (inside.length > 1) {
    figure.append(el("figcaption", {}, "Best loss at each budget, compared"), box);
    nodes.unshift(figure);
    if (unsaid(inside)) nodes.push(el("p", { class: "quiet" }, "Nothing says that these losses are of the same text and tokenizer: compare how they fall, not how high they lie."));
    requestAnimationFrame(() => box.isConnected && overlay(box, inside.map((one) => ({ name: titleOf(one), path: pathOf(one.data, one.desk.model, terms), largest: one.data.largest ?? Infinity }))));
  }
  return [section("Compare", ...nodes)];
};
