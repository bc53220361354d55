// The desk: knobs for what may be spent, the best run for that, and figures that follow.
import { answer } from "./answer.js";
import { allocation, contours, DIGITS, frontier, valley } from "./figures.js";
import { controls, el, flopsOf, hourly, WAYS } from "./knobs.js";
import { show, showFlops } from "./units.js";
import { best, budgetFor, eachAlone, lossAt, lossBy, modelOf, tokensFor } from "./planner.js";

const CURVE = 121, AROUND = 14, SERVED = 2, LINES = 3; // points of a curve, times N on both sides, FLOPs a token, budgets a line of equal loss
const SEARCHED = 1e4; // times beyond the budgets shown, up to which the budget of a loss or a size is sought
const DOTS = 600; // of more runs an even share is drawn, so that figures keep up with a slider
const TITLES = {
  frontier: "Best loss at each budget", valley: "Loss against size at this budget",
  allocation: "Best size and data at each budget", contours: "Lines of equal loss, and the best size",
};

export const termsOf = (state) => ({ serving: SERVED * state.serve, unique: state.unique });

// The interval of a value at a budget, as wide as at the budgets whose plans are known, or between two of them.
export const between = (data, key, C, value) => {
  const past = data.budgets.findIndex((one) => one > C), i = past < 0 ? data.budgets.length - 2 : Math.max(past - 1, 0);
  const t = Math.log(C / data.budgets[i]) / Math.log(data.budgets[i + 1] / data.budgets[i]);
  const side = (k) => value * Math.exp([i, i + 1].reduce((sum, j, n) => {
    const row = data.plans[key][j];
    return sum + (n ? t : 1 - t) * (row[k] === null ? NaN : Math.log(row[k] / row[0]));
  }, 0));
  return [side(1), side(2)];
};

// The best run at every known budget, with its intervals and each law's own best loss.
export const pathOf = (data, model, terms) => data.budgets.map((C) => {
  const found = best(model, C, terms, false), [low, high] = between(data, "loss", C, found.loss), [N_low, N_high] = between(data, "N", C, found.N);
  return { ...found, C, low, high, N_low, N_high, each: found.each.map((one, k) => lossBy(model, k, one.N, one.D, terms)) };
});

// The same of runs that Python found: as far apart as the page's own are there.
const withIntervals = (data, path) => path.map((one) => {
  const [low, high] = between(data, "loss", one.C, one.loss), [N_low, N_high] = between(data, "N", one.C, one.N);
  return { ...one, low, high, N_low, N_high, each: [] };
});

// The loss between budgets and sizes at which it is known, by straight lines in the logarithms; NaN outside.
const gridded = ({ x, y, losses }) => {
  const place = ([low, high], count) => (value) => (Math.log(value / low) / Math.log(high / low)) * (count - 1);
  const across = place(x, losses.length), up = place(y, losses[0].length), at = (i, j) => Math.log(losses[i]?.[j] ?? NaN);
  return (C, N) => {
    const [p, q] = [across(C), up(N)], i = Math.min(Math.floor(p), losses.length - 2), j = Math.min(Math.floor(q), losses[0].length - 2), [s, t] = [p - i, q - j];
    return Math.exp((1 - s) * ((1 - t) * at(i, j) + t * at(i, j + 1)) + s * ((1 - t) * at(i + 1, j) + t * at(i + 1, j + 1)));
  };
};

// Loss against size at a budget: a curve of each law, and the last of all together.
const valleys = (model, found, flops, terms) => {
  const sizes = Array.from({ length: CURVE }, (_, i) => (found.N / AROUND) * AROUND ** ((2 * i) / (CURVE - 1)));
  const line = (loss) => sizes.map((N) => ({ N, loss: loss(N, tokensFor(model, N, flops, terms)) }));
  const single = model.weighing ? model.laws.map((_, k) => line((N, D) => lossBy(model, k, N, D, terms))) : [];
  return [...single, line((N, D) => lossAt(model, N, D, terms))];
};

// The figures. move takes the chosen run: its dots follow at once, and what other terms or another width change is drawn
// again frame by frame.
const picture = ({ data, model, models, acts }) => {
  const boxes = Object.fromEntries(Object.keys(TITLES).map((key) => [key, el("div")]));
  const node = el("div", { class: "charts" }, ...Object.entries(boxes).map(([key, box]) =>
    el("figure", { id: `figure-${key}` }, el("figcaption", {}, TITLES[key]), box)));
  const runs = data.runs.filter((_, i) => i % Math.ceil(data.runs.length / DOTS) === 0);
  const drawn = {}, stale = new Set(); // figures by name, and those that show another question
  let path = [], now = null, drawnFor = "", waiting = 0, widths = "";
  const measure = () => { widths = String(Object.values(boxes).map((box) => box.clientWidth)); };
  const draw = {
    path: () => { path = now.given ? withIntervals(data, now.given.path) : pathOf(data, model, now.terms); },
    frontier: () => frontier(boxes.frontier, { runs, path, laws: model.weighing && !now.given ? data.laws : [], acts }),
    valley: () => valley(boxes.valley, { curves: now.given ? [now.given.valley] : valleys(model, now.found, now.flops, now.terms), best: now.found, laws: data.laws }),
    allocation: () => allocation(boxes.allocation, { path, models }),
    contours: () => {
      const { terms } = now, levels = new Set(path.filter((_, i) => i % LINES === 0).map((one) => Number(one.loss.toPrecision(DIGITS))));
      const at = now.given ? gridded(now.given.grid) : (C, N) => { const D = tokensFor(model, N, C, terms); return D > 1 ? lossAt(model, N, D, terms) : NaN; };
      return contours(boxes.contours, { runs, path, at, levels: [...levels], sizes: [...path, ...runs].map((one) => one.N), acts });
    },
  };
  const dots = {
    frontier: ({ found, flops }) => [[flops, found.loss]], valley: ({ found }) => [[found.N, found.loss]],
    allocation: ({ found, flops }) => [[flops, found.N], [flops, found.D]], contours: ({ found, flops }) => [[flops, found.N]],
  };
  const point = (key) => drawn[key].move(...dots[key](now));
  // One thing that is stale, the path before what shows it, so that no frame waits for all figures.
  const one = () => {
    const key = Object.keys(draw).find((each) => stale.has(each));
    stale.delete(key);
    drawn[key] = draw[key]() ?? null;
    if (drawn[key]) point(key);
  };
  const later = () => { waiting = 0; if (stale.size) one(); if (stale.size) waiting ||= requestAnimationFrame(later); };
  // given: what Python says of a question that is not this page's own, { path, valley, grid }
  const move = (found, flops, terms, given = null) => {
    if (!widths) measure(); // else once the size has changed: a step of a slider must not lay the page out to know it
    const wanted = `${terms.unique} ${terms.serving} ${widths}`;
    if (wanted !== drawnFor || given !== now?.given) for (const key of ["path", "frontier", "allocation", "contours"]) stale.add(key);
    now = { found, flops, terms, given };
    stale.add("valley");
    if (drawnFor === "") while (stale.size) one(); // the first are there at once
    drawnFor = wanted;
    for (const key of Object.keys(dots)) if (drawn[key]) point(key);
    waiting ||= requestAnimationFrame(later);
  };
  return { node, move, measure };
};

// data: what content.py gives of a source; laws, fresh: its functions; around: what surroundings() gives; exact: whether a
// state is planned here, and not by Python alone; acts: what is done with runs that are picked or left out.
// Gives { node, model, set, why, get, start, told, refused, answered, figured }: told takes the intervals of the plan that stands, worked
// out in full, answered a plan of Python's where this page has none of its own, figured what the figures show of it.
export const desk = ({ data, laws, fresh, around, changed = () => {}, exact = () => true, acts = {} }) => {
  const { devices, models, money } = around, model = modelOf(data, laws, fresh);
  const start = { way: "flops", said: data.start, flops: data.start, unique: Infinity, serve: 0, ...money, more: {} };
  let state = { ...start }, full = null, found = null;
  const said = answer({ data, devices, model }), figures = picture({ data, model, models: data.counted === "tokens" ? models : [], acts });
  const ends = [data.budgets[0] / SEARCHED, data.budgets.at(-1) * SEARCHED];
  const settled = (next) => flopsOf(next, devices, (key, value) => budgetFor(model, key, value, termsOf(next), ends));
  // Why no budget answers, and which laws by themselves reach what is asked.
  const unanswered = ({ way, said }) => {
    const { solved, written = show, label } = WAYS[way];
    if (!solved) return "This is no budget.";
    const each = eachAlone(model, solved, said, termsOf(state), ends).map((one, k) => ({ ...one, name: data.laws[k].name })), reach = each.filter((one) => one.flops > 0);
    const by = reach.map((one) => `${one.name} with ${showFlops(one.flops)} FLOPs`).join(", ");
    const end = each.map((one) => `${one.name} ${written(one.end)}`).join(", ");
    return `No budget up to ${showFlops(ends[1])} FLOPs has a best run of ${label.replace(" to reach", "")} ${written(said)}${each.length > 1 ? " by these laws together" : ""}. `
      + (reach.length ? `By itself reaches it: ${by}. Choose that law to plan by it.` : `${each.length > 1 ? "None of them reaches it by itself either; there" : "There"} the best run has ${end}.`);
  };
  const why = (change) => unanswered({ ...state, ...change });
  // The question in every other way to ask it.
  const shown = () => ({
    ...Object.fromEntries(Object.entries(WAYS).filter(([, one]) => one.worth).map(([key, one]) => [key, state.flops * one.worth(state, devices)])),
    reach: found.loss, size: found.N, tokens: found.D, ...(state.way !== "deadline" && { [state.way]: state.said }),
  });
  const knobs = controls({ data, devices, state: () => state, shown, moved: (change) => { const took = set(change); if (took) changed(change.way ?? Object.keys(change)[0]); return took; }, why });
  const tell = () => {
    const terms = termsOf(state), plain = state.serve === 0 && state.unique === Infinity;
    const near = () => Object.fromEntries(["N", "D", "loss"].map((key) => [key, between(data, key, state.flops, found[key])]));
    if (exact(state)) said.tell(found, { state, terms, interval: full ?? near(), about: !full && !plain });
  };
  let drawing = null; // draws what the figures show now
  const draw = (run, flops, given = null) => {
    drawing = () => figures.move(run, flops, termsOf(state), given);
    drawing();
  };
  const set = (change) => {
    const next = { ...state, ...change };
    if ("flops" in change && !("way" in change)) [next.way, next.said] = ["flops", change.flops];
    next.flops = settled(next);
    if (!(next.flops > 0 && next.flops < Infinity)) return false;
    [state, full, found] = [next, null, best(model, next.flops, termsOf(next))];
    for (const name of ["waits", "draws"]) node.classList.toggle(name, !exact(state)); // until Python has answered, and drawn
    tell();
    if (exact(state) || !drawing) draw(found, state.flops);
    knobs.tell(); // nowhere else: what is being typed stays
    return true;
  };
  const node = el("div", { class: "desk" }, knobs.node, el("div", { class: "shown" }, ...said.head, figures.node, ...said.foot));
  new ResizeObserver(() => { figures.measure(); drawing?.(); }).observe(figures.node);
  return {
    node, model, set, why, start, extra: knobs.extra, get: () => state, told: (intervals) => { full = intervals; tell(); },
    refused: (why, nearest, others = []) => said.refuse(why, [...(nearest ? [["Take the nearest budget inside", () => { set({ flops: nearest }); changed(); }]] : []), ...others]),
    answered: (run, interval) => {
      node.classList.remove("waits");
      said.tell(run, { state, terms: termsOf(state), interval, about: false });
    },
    figured: (run, given) => { node.classList.remove("draws"); draw(run, run.budget, given); },
  };
};
