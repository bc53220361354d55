// What stands on the page of one source: title, exports, the desk, doubts, run sheet, laws, runs.
import { el } from "./knobs.js";

export const table = (head, rows, ...caption) => el("div", { class: "wide", tabindex: 0 }, el("table", {}, ...caption,
  ...(head.some(Boolean) ? [el("thead", {}, el("tr", {}, ...head.map((cell) => el("th", { scope: "col" }, cell))))] : []),
  el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, cell)))))));

export const section = (title, ...inner) => el("section", {}, el("h2", {}, title), ...inner);

export const findings = (found) => (found.length
  ? el("ul", {}, ...found.map((one) => el("li", { class: one.severity }, el("b", {}, `${one.severity} ${one.code} `), `${one.message} `, el("i", {}, one.remedy))))
  : el("p", {}, "Nothing was found against it."));

export const save = (name, blob) => {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
};

// A figure as it stands, with the page's colours in place of their names.
const drawing = (figure) => {
  const copy = figure.querySelector("svg").cloneNode(true), colours = getComputedStyle(document.documentElement);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("color", colours.getPropertyValue("--ink"));
  for (const node of copy.querySelectorAll(".now")) node.setAttribute("fill", "var(--law)");
  const text = new XMLSerializer().serializeToString(copy).replace(/var\((--[a-z]+)\)/g, (_, name) => colours.getPropertyValue(name).trim());
  return new Blob([text], { type: "image/svg+xml" });
};
const savable = (figure) => {
  const caption = figure.querySelector("figcaption"), name = figure.id.replace("figure-", "");
  if (caption.querySelector("button")) return;
  caption.append(el("button", { type: "button", class: "quiet", "aria-label": `save the figure: ${caption.textContent}`,
    onclick: () => save(`${name}.svg`, drawing(figure)) }, "SVG"));
};

const actions = (runs, figures, exported) => {
  const action = (label, act) => el("button", { type: "button", class: "quiet", onclick: act }, label);
  const link = action("Copy link", async () => {
    await navigator.clipboard.writeText(location.href);
    link.textContent = "Copied";
    setTimeout(() => { link.textContent = "Copy link"; }, 1500);
  });
  const ofRuns = () => [action("Report", () => exported("report.html")), el("details", { class: "menu" }, el("summary", {}, "Figures, PDF"),
    el("div", {}, ...figures.map((name) => action(name, () => exported(`${name}.pdf`)))))];
  return el("div", { class: "actions" }, link, action("Run sheet", () => exported("plan.toml")), ...(runs ? ofRuns() : []));
};

const details = (told) => {
  const { backtests, law, laws, cited, runs } = told, six = (value) => String(Number(value.toPrecision(6)));
  const rows = runs.map((one) => [one.name, ...["N", "D", "C", "loss"].map((key) => six(one[key]))]);
  return [
    backtests && section("Backtests", el("p", {}, `${backtests.tests} forecasts of runs beyond those fitted: mean error, by times the compute.`),
      table(["", ...backtests.ratios], backtests.errors)),
    section("The laws", table(["law", "formula"], laws.map((one) => [one.name, el("code", {}, one.formula)]))),
    law && section(`One law in detail: ${law.name}`, table(["parameter", "value", `${Math.round(100 * law.level)}% interval`], law.parameters)),
    cited && section("Sources", table(["curve", "from", "beware"], cited)),
    rows.length && section("The runs", el("details", {}, el("summary", {}, rows.length < told.of_runs ? `${rows.length} of ${told.of_runs} runs` : `${rows.length} runs`), table(["run", "N", "D", "FLOPs", "loss"], rows))),
  ].filter(Boolean);
};

// Gives { nodes, beside, sheet, doubts }: the page, and the places in it that are filled later.
export const view = ({ data: told, desk }, { figures, exported }) => {
  const beside = el("div", { id: "beside" }), sheet = el("div"), doubts = el("div", {}, findings(told.findings));
  desk.node.querySelectorAll("figure").forEach(savable);
  const blocked = told.findings.filter((one) => one.severity === "BLOCK").map((one) =>
    el("p", { class: "blocked" }, el("b", {}, `Not to be trusted, ${one.code}: `), `${one.message} ${one.remedy}`));
  const nodes = [
    el("div", { class: "title" }, el("h1", {}, told.name), actions(told.runs.length > 0, figures, exported)),
    el("p", { class: "words" }, told.words), el("p", {}, `By ${told.by}.`), ...blocked, desk.node, beside,
    section("What to doubt", doubts), section("Run sheet", sheet), ...details(told),
  ];
  return { nodes, beside, sheet, doubts };
};
