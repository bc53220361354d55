// What the server is asked, and its refusals, which are sentences for the reader.
import { WAYS } from "./knobs.js";
import { quantity } from "./units.js";

export class Refused extends Error {}

// body is JSON or a file; the server ends the work where signal says that nobody waits any more.
export const ask = async (path, body, signal) => {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? { signal } : { method: "POST", body, signal, headers: { "Content-Type": typeof body === "string" ? "application/json" : "application/octet-stream" } });
  } catch {
    signal?.throwIfAborted();
    throw new Refused("isoflop does not answer. Start it again (isoflop web), and open the address that it prints.");
  }
  if (!answer.ok) throw new Refused((await answer.json().catch(() => ({}))).error ?? `isoflop answered ${answer.status}.`);
  return answer;
};

export const data = async (...asked) => (await ask(...asked)).json();

// The plan of a desk's state, in the words of isoflop.plan. N and D settled both are a run whose budget follows.
export const demanded = (state) => {
  const { more } = state, whole = more.N && more.D, budget = whole ? {} : WAYS[state.way].demand(state.said, state);
  return {
    ...budget, ...(!budget.gpus && { hardware: state.device }), price: state.price, mfu: state.mfu,
    ...(state.unique < Infinity && { unique_tokens: state.unique }), ...(state.serve > 0 && { serve_tokens: state.serve }), ...more,
  };
};

const quoted = (text) => (/^[\w.,:/=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// A part of a plan's demand as the command line says it: N and D as words, the rest as options.
const typed = (fields) => ([key, value]) => {
  if (key === "N" || key === "D") return [`${key}=${value}`];
  const { option } = fields.find((one) => one.key === key);
  return value === true ? [option] : [option, quoted(String(value))];
};

// What says the same elsewhere: a command, and a line of Python. fields: what a plan can be asked.
export const repeated = ({ table, name, dataset, curves, law, where, columns = {} }, demand, fields) => {
  const source = table ? name : dataset ?? curves.join(","), read = { ...(where && { where }), ...(law && { law }), ...columns };
  const word = (value) => (value === true ? "True" : JSON.stringify(value)), { tiers, prices, serve_batch: batch, ...one } = demand;
  const listed = (all) => Object.entries(all).map(([key, value]) => `${key}=${word(value)}`).join(", "), family = tiers || prices;
  const sizes = { ...(tiers && { count: quantity(tiers) }), ...(prices && { prices }), ...(batch && { batch: quantity(batch) }) };
  const runs = `isoflop.read(${word(source)}${where ? `, where=${word(where)}` : ""}${Object.keys(columns).length ? `, columns=${word(columns)}` : ""})`;
  const laws = curves ? curves.map((one) => `find_curve(${word(one)})`) : [];
  const asked = curves ? (laws.length > 1 ? `isoflop.several([${laws.join(", ")}])` : word(curves[0]))
    : law ? `isoflop.fit(${word(law)}, ${runs})` : runs;
  return [["In a terminal", ["isoflop plan", quoted(source), ...Object.entries(read).flatMap(([key, value]) => [`--${key}`, quoted(String(value))]), ...Object.entries(demand).flatMap(typed(fields))].join(" ")],
    ["In Python", `${laws.length > 1 ? "from isoflop.laws import find_curve; " : ""}${family
      ? `from isoflop.planning.tiers import tiers_for; tiers_for(${asked}, isoflop.Demand(${listed(one)}), ${listed(sizes)})`
      : `isoflop.plan(${asked}, ${listed(one)})`}`]];
};
