// What stands on the page of one source: title, exports, the desk, doubts, run sheet, laws, runs.
import { link } from "./explain.js";
import { el } from "./knobs.js";

export const table = (head, rows, ...caption) => el("div", { class: "wide", tabindex: 0 }, el("table", {}, ...caption,
  ...(head.some(Boolean) ? [el("thead", {}, el("tr", {}, ...head.map((cell) => el("th", { scope: "col" }, cell))))] : []),
  el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, cell)))))));

export const section = (title, ...inner) => el("section", {}, el("h2", {}, title), ...inner);

// Each finding with what its code means, and the page that says so.
const meaning = (code, codes) => (codes[code] ? [el("details", { class: "meaning" }, el("summary", {}, `What ${code} means`), `${codes[code]}. `, link("findings.html", "All findings"))] : []);
export const findings = (found, codes = {}) => (found.length
  ? el("ul", {}, ...found.map((one) => el("li", { class: one.severity }, el("b", {}, `${one.severity} ${one.code} `), `${one.message} `, el("i", {}, one.remedy), ...meaning(one.code, codes))))
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
  const button = (kind, act) => el("button", { type: "button", class: "quiet", "aria-label": `save as ${kind}: ${figure.dataset.title}`, onclick: act }, kind);
  figure.dataset.title = caption.textContent;
  caption.append(el("span", {}, button("SVG", () => save(`${name}.svg`, drawing(figure))), " ", button("PNG", () => painted(figure, name)), " ", button("PDF", () => printed(figure))));
};
// The figure alone, on a page of its own size, for the browser to print or to save as PDF: letters stay letters.
const printed = (figure) => {
  const shown = figure.querySelector("svg"), { width, height } = shown.getBoundingClientRect(), sheet = new CSSStyleSheet();
  const alone = el("figure", { class: "alone" }, shown.cloneNode(true)), before = document.title;
  sheet.replaceSync(`@page{size:${Math.ceil(width)}px ${Math.ceil(height)}px;margin:0}@media print{body{margin:0;padding:0}body>:not(.alone){display:none!important}.alone svg{display:block;width:${width}px;height:${height}px;max-width:none}}`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  document.body.append(alone);
  document.title = `${figure.dataset.title} - isoflop`; // what the file is called
  window.addEventListener("afterprint", () => {
    document.title = before;
    alone.remove();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
  }, { once: true });
  window.print();
};
const SHARP = 3; // pixels of a PNG for each of the page
const painted = async (figure, name) => {
  const { width, height } = figure.querySelector("svg").getBoundingClientRect(), address = URL.createObjectURL(drawing(figure));
  const image = Object.assign(new Image(width, height), { src: address }), canvas = el("canvas", { width: SHARP * width, height: SHARP * height });
  await image.decode();
  const paper = canvas.getContext("2d");
  paper.fillStyle = getComputedStyle(document.body).backgroundColor;
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(`${name}.png`, blob));
  URL.revokeObjectURL(address);
};

// The best run at each known budget, with its intervals, as a table for other programs.
const curve = ({ budgets, plans }) => {
  const keys = ["N", "D", "loss"], head = ["flops", ...keys.flatMap((key) => [key, `${key}_low`, `${key}_high`])];
  const rows = budgets.map((C, i) => [C, ...keys.flatMap((key) => plans[key][i].map((one) => one ?? ""))]);
  return new Blob([[head, ...rows].map((row) => row.join(",")).join("\n"), "\n"], { type: "text/csv" });
};

// The conditions that a remedy names, one to keep by a click.
const conditions = (remedy) => [...remedy.matchAll(/--where '([^']+)'/g)].map((found) => found[1]);

const actions = (told, figures, exported) => {
  const action = (label, act) => el("button", { type: "button", class: "quiet", onclick: act }, label);
  const link = action("Copy link", async () => {
    await navigator.clipboard.writeText(location.href);
    link.textContent = "Copied";
    setTimeout(() => { link.textContent = "Copy link"; }, 1500);
  });
  const ofRuns = () => [action("Report", () => exported("report.html")), el("details", { class: "menu" }, el("summary", {}, "Figures, PDF"),
    el("div", {}, ...figures.map((name) => action(name, () => exported(`${name}.pdf`)))))];
  const csv = action("Curve, CSV", () => save("curve.csv", curve(told)));
  if (!exported) return el("div", { class: "actions" }, csv);
  return el("div", { class: "actions" }, link, action("This page, a file", () => exported("page.html")), action("Run sheet", () => exported("plan.toml")), csv,
    ...(told.runs.length ? ofRuns() : []));
};

const details = (told) => {
  const { backtests, law, laws, cited, runs } = told, six = (value) => String(Number(value.toPrecision(6)));
  const rows = runs.map((one) => [one.name, ...["N", "D", "C", "loss"].map((key) => six(one[key]))]);
  return [
    backtests && section("Backtests", el("p", {}, `${backtests.tests} forecasts of runs beyond those fitted: mean error, by times the compute.`),
      table(["", ...backtests.ratios], backtests.errors), backtests.sizes && el("p", {}, backtests.sizes)),
    section("The laws", table(["law", "formula"], laws.map((one) => [one.name, el("code", {}, one.formula)]))),
    law && section(`One law in detail: ${law.name}`, table(["parameter", "value", `${Math.round(100 * law.level)}% interval`], law.parameters)),
    cited && section("Sources", table(["curve", "from", "beware"], cited)),
    rows.length && section("The runs", el("details", {}, el("summary", {}, rows.length < told.of_runs ? `${rows.length} of ${told.of_runs} runs` : `${rows.length} runs`), table(["run", "N", "D", "FLOPs", "loss"], rows))),
  ].filter(Boolean);
};

// Gives { nodes, beside, sheet, doubts }: the page, and the places in it that are filled later.
// exported and keep do what needs isoflop; a page that was saved has neither.
export const view = ({ data: told, desk, title }, { around, exported = null, keep = null }) => {
  const family = el("div"), repeat = el("div", { id: "repeat" }), beside = el("div", { id: "beside" }), sheet = el("div"), past = el("div"), picked = el("div");
  const doubts = el("div", {}, findings(told.findings, around.codes));
  desk.node.querySelectorAll("figure").forEach(savable);
  const blocked = told.findings.filter((one) => one.severity === "BLOCK").map((one) =>
    el("p", { class: "blocked" }, el("b", {}, `Not to be trusted, ${one.code}: `), `${one.message} ${one.remedy} `,
      ...(keep ? conditions(one.remedy) : []).map((each) => el("button", { type: "button", class: "quiet", onclick: () => keep(each) }, `Keep ${each}`))));
  desk.node.classList.toggle("doubted", blocked.length > 0);
  const nodes = [
    el("div", { class: "title" }, el("h1", {}, title), actions(told, around.figures, exported)),
    ...blocked, desk.node, picked, family, beside, section("Why", el("p", { class: "words" }, told.words), el("p", {}, `By ${told.by}.`)),
    section("What to doubt", doubts), ...(exported ? [section("Run sheet", sheet), section("The same elsewhere", repeat)] : []), past, ...details(told),
  ];
  return { nodes, beside, family, sheet, doubts, repeat, past, picked };
};
