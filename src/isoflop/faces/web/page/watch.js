// The page of a run that is watched: asks again and again for the last look, and shows it when it is a new one.
import { figure, padded, round } from "./figures.js";
import { el } from "./knobs.js";
import { replaced } from "./typing.js";
import { show, showLoss, showMoney } from "./units.js";

const EVERY = 2000; // ms between questions; the server looks at the log no more often than it may
const BEGIN = 0.05; // losses before this share of the run would squeeze the rest
const DAYS = 86400, MINUTE = 60;
const WORDS = {
  "on track": "It lies on its expected curve.", above: "It has left its expected curve, upwards.",
  below: "It has left its expected curve, downwards.", spike: "It has jumped, and has not come back yet.",
  stalled: "It has all but stopped falling.", diverging: "It diverges.", ended: "It has reached its last step.",
};
const SEVERE = { above: "WARN", spike: "WARN", stalled: "WARN", diverging: "BLOCK" };
const INK = { law: "var(--law)", quiet: "var(--quiet)", second: "var(--second)" };
const at = (id) => document.getElementById(id);
const percent = (x, digits = 1) => `${x > 0 ? "+" : ""}${(100 * x).toFixed(digits)} %`;
const steps = (x) => Math.round(x).toLocaleString("en-US");
const interval = ({ low, high }) => `${showLoss(low)} – ${showLoss(high)}`;

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

const card = (id, name, value, ...told) => el("div", {}, el("h3", {}, name), el("output", { id }, value), ...told.map((one) => el("small", {}, one)));

const cards = (look) => {
  const said = `${Math.round(100 * look.level)} % interval`, { share, errors } = look.residual;
  const shown = [card("end", "loss at the end", showLoss(look.end.value), `${said} ${interval(look.end)}`)];
  if (look.step > 0) {
    shown.push(card("before", "expected before it began", showLoss(look.before.value), interval(look.before)));
    shown.push(card("residual", "last rows, from expected", percent(share, 2), `${errors > 0 ? "+" : ""}${errors.toFixed(1)} standard errors`));
  }
  if (look.reach !== null) shown.push(card("reach", `ends at or below ${show(look.target)}`, `${Math.round(100 * look.reach)} %`, "probability"));
  return el("div", { class: "cards" }, ...shown);
};

// The ways to go on; a column stands there if something is known of it.
const ways = (look) => {
  if (!look.options.length) return [];
  const columns = [["loss", (one) => showLoss(one.loss.value)], ["interval", (one) => interval(one.loss)],
    ["target reached", (one) => (one.reach === null ? "" : `${Math.round(100 * one.reach)} %`)], ["tokens to go", (one) => show(one.tokens)],
    ["days", (one) => (one.days === null ? "" : show(one.days))], ["cost", (one) => (one.dollars === null ? "" : showMoney(one.dollars))],
  ].filter(([, cell]) => look.options.some((one) => cell(one)));
  const rows = look.options.map((one) => el("tr", {}, el("th", { scope: "row" }, one.name), ...columns.map(([, cell]) => el("td", {}, cell(one)))));
  return [el("h2", {}, "From here"), el("div", { class: "wide", tabindex: 0 }, el("table", { id: "ways" },
    el("thead", {}, el("tr", {}, ...["", ...columns.map(([name]) => name)].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...rows)))];
};

const findings = (look) => (look.findings.length
  ? [el("h2", {}, "To be said of it"), el("ul", { id: "findings" }, ...look.findings.map((one) =>
    el("li", { class: one.severity }, el("b", {}, `${one.code} `), `${sentence(one.message)} ${sentence(one.remedy)}`)))] : []);

const chart = (id, name) => el("figure", {}, el("figcaption", {}, name), el("div", { id }));

const plain = (domain, label, tickFormat) => ({ domain, label, ticks: round(...domain), tickFormat, grid: true });
const along = (look) => plain([0, look.total], `${look.unit} →`, (x) => show(x, 3));
const upright = (step, [low, high], style) => Plot.line(step ? [[step, low], [step, high]] : [], { ...style, clip: true });
// Upright lines at the last row and where the state began.
const marked = (look, domain) => [upright(look.step, domain, { stroke: INK.quiet, strokeDasharray: "3 3" }), upright(look.since, domain, { stroke: INK.second })];
const band = (rows, low, high) => Plot.areaY(rows, { x: "step", y1: low, y2: high, fill: INK.law, fillOpacity: 0.18, clip: true });
const line = (rows, y) => Plot.line(rows, { x: "step", y, stroke: INK.law, strokeWidth: 2, clip: true });

const drawCurve = (look) => {
  const later = look.band.filter((one) => one.step >= BEGIN * look.total), rows = look.rows.filter((one) => one.step >= BEGIN * look.total);
  const seen = padded([...later.flatMap((one) => [one.low, one.high]), ...rows.map((one) => one.loss)], 0.03);
  figure(at("figure-curve"), "Logged loss on its expected band, to the end of the run", {
    x: along(look), y: plain(seen, "loss", (y) => y.toFixed(2)),
    marks: [band(look.band, "low", "high"), line(look.band, "loss"), ...marked(look, seen),
      Plot.dot(look.rows, { x: "step", y: "loss", r: 2, fill: INK.quiet, clip: true })],
  });
};

const drawDeviation = (look) => {
  const expected = look.first.map((one) => ({ step: one.step, low: one.low / one.loss - 1, high: one.high / one.loss - 1 }));
  const off = look.off.filter((one) => one.step >= BEGIN * look.total), later = expected.filter((one) => one.step >= BEGIN * look.total);
  const most = 1.1 * Math.max(0.002, ...later.map((one) => Math.max(-one.low, one.high)), ...off.map((one) => Math.abs(one.share)));
  figure(at("figure-deviation"), "How far logged losses lie from the curve that was expected before the run began", {
    x: along(look), y: plain([-most, most], "from the curve expected before", (y) => percent(y)),
    marks: [band(expected, "low", "high"), Plot.line([[0, 0], [look.total, 0]], { stroke: INK.law }), ...marked(look, [-most, most]),
      Plot.dot(off, { x: "step", y: "share", r: 2, fill: INK.quiet, clip: true })],
  });
};

const drawEnds = (look) => figure(at("figure-ends"), "Where the run was foretold to end, at each look so far", {
  x: along(look), y: plain(padded(look.ends.flatMap((one) => [one.low, one.high]), 0.05), "loss at the end", (y) => y.toFixed(3)),
  marks: [band(look.ends, "low", "high"), line(look.ends, "value"), Plot.dot(look.ends, { x: "step", y: "value", r: 2.5, fill: INK.law, clip: true })],
});

const shown = (look) => {
  const since = look.since === null ? "" : ` since ${look.unit.slice(0, -1)} ${steps(look.since)}`;
  document.title = `${look.run}: ${look.state}`;
  replaced(at("view"),
    el("h1", {}, look.run),
    el("p", { class: `answer ${SEVERE[look.state] ?? ""}`, id: "state", role: "status" },
      `${look.state}${since}. ${look.step > 0 ? WORDS[look.state] : "It has not begun."}`),
    el("p", { id: "far" }, `${steps(look.step)} of ${steps(look.total)} ${look.unit}, ${Math.round((100 * look.step) / look.total)} %`),
    cards(look),
    ...(look.advice ? [el("p", { class: "words", id: "advice" }, el("b", {}, `${look.advice.do}: `), `${look.advice.because}.`, el("small", {}, look.advice.rests_on))] : []),
    ...ways(look), ...findings(look),
    el("h2", {}, "The run"),
    el("div", { class: "charts" }, chart("figure-curve", "Loss, and the band for it"), chart("figure-deviation", "From the expected curve"), chart("figure-ends", "Where it will end, as foretold so far")),
    el("p", {}, el("small", {}, `${look.ladder.length} curves stand behind it: ${look.ladder.join(", ")}.`), el("small", { id: "heard" })),
  );
  draw(look);
};

const draw = (look) => {
  drawCurve(look);
  drawDeviation(look);
  drawEnds(look);
};

const ago = (seconds) => (seconds < 2 * MINUTE ? `${Math.round(seconds)} s` : seconds < DAYS ? `${Math.round(seconds / MINUTE)} min` : `${Math.round(seconds / DAYS)} days`);

let last = null, heard = 0;

const ask = async () => {
  const answer = await fetch(`/api/look?after=${last?.number ?? 0}`);
  if (answer.status === 204) return;
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  last = told;
  heard = Date.now();
  if (told.look) shown(told.look);
  at("busy").textContent = told.look ? "" : told.waiting;
};

const following = async () => {
  try {
    await ask();
    at("trouble").hidden = true;
  } catch (error) {
    at("trouble").textContent = error instanceof TypeError ? "isoflop does not answer any more. What stands here is its last look." : error.message;
    at("trouble").hidden = false;
  }
  if (last?.look && at("heard")) at("heard").textContent = `The log was last seen to grow ${ago((Date.now() - heard) / 1000)} ago; this page follows it.`;
  setTimeout(following, EVERY);
};

new ResizeObserver(() => last?.look && draw(last.look)).observe(at("main"));
following();
