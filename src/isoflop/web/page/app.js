// The page: what is opened, shown at the desk, compared, linked to and exported.
import { desk, el } from "./desk.js";
import { best } from "./planner.js";
import { show, showFlops, showLoss } from "./units.js";
import { catalogue } from "./catalogue.js";

const PAUSE = 200, PLAN_KEYS = { flops: "flops", unique: "unique_tokens", serve: "serve_tokens" };
const at = (id) => document.getElementById(id);
const opened = [], letters = ["N", "D", "C", "loss"];
let around = null, current = null, uploaded = null, waiting = null, turn = 0;

class Refused extends Error {}
const ask = async (path, body, type = "application/json") => {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : { method: "POST", body, headers: { "Content-Type": type } });
  } catch {
    throw new Refused("isoflop does not answer. Start it again (isoflop web), and open the address that it prints.");
  }
  if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.error ?? `isoflop answered ${answer.status}.`);
  return answer;
};
const data = async (...asked) => (await ask(...asked)).json();
const trouble = (error, of = "work") => {
  if (!(error instanceof Refused)) throw error;
  Object.assign(at("trouble"), { textContent: error.message, hidden: false }).dataset.of = of;
};
const busy = async (said, work) => {
  at("busy").textContent = said;
  at("trouble").hidden = true;
  try { return await work(); } catch (error) { trouble(error); return null; } finally { at("busy").textContent = ""; }
};

// What the form asks for, and back. A request is what the server is sent; the fragment is the same, with the desk's state.
const requested = () => {
  const [kind, name] = at("source").value.split(":"), law = at("law").value.trim(), where = at("where").value.trim();
  const columns = Object.fromEntries(letters.map((one) => [one, at(`column-${one}`).value.trim()]).filter(([, column]) => column));
  const of = kind === "table" ? { table: uploaded.table, name: uploaded.name } : kind === "curves" ? { curves: name.split(",") } : { dataset: name };
  if (kind === "curves") return of;
  return { ...of, ...(law && { law }), ...(where && { where }), ...(Object.keys(columns).length && { columns }) };
};
const fill = (request) => {
  if (request.table) offer(uploaded = { table: request.table, name: request.name });
  at("source").value = request.table ? "table:" : request.curves ? `curves:${request.curves.join(",")}` : `dataset:${request.dataset}`;
  at("law").value = request.law ?? "";
  at("where").value = request.where ?? "";
  for (const one of letters) at(`column-${one}`).value = request.columns?.[one] ?? "";
};
const offer = ({ name }) => {
  at("source").querySelector("[value='table:']")?.remove();
  at("source").prepend(el("option", { value: "table:" }, name));
};
const linked = () => {
  const { request, desk: { get } } = current, said = new URLSearchParams();
  for (const [key, value] of Object.entries(request)) said.set(key, typeof value === "string" ? value : JSON.stringify(value));
  const state = get(), start = current.desk.start;
  for (const [key, value] of Object.entries(state)) if (value !== start[key]) said.set(key, value);
  return `#${said}`;
};
const unlinked = (fragment) => {
  const said = Object.fromEntries(new URLSearchParams(fragment.slice(1))), request = {}, state = {};
  for (const [key, value] of Object.entries(said))
    if (["dataset", "table", "name", "law", "where"].includes(key)) request[key] = value;
    else if (["curves", "columns"].includes(key)) try { request[key] = JSON.parse(value); } catch { /* a broken link says less */ }
    else if (key === "device" && value in around.devices) state[key] = value;
    else if (["flops", "unique", "serve", "price", "mfu", "count"].includes(key) && Number(value) >= 0) state[key] = Number(value);
  return request.dataset || request.table || request.curves ? { request, state } : null;
};
const remember = () => history.replaceState(null, "", linked());

// What a plan asks of the server: the desk's state in the words of isoflop.plan.
const demanded = (state) => ({
  flops: state.flops, hardware: state.device, price: state.price, mfu: state.mfu,
  ...(state.unique < Infinity && { unique_tokens: state.unique }), ...(state.serve > 0 && { serve_tokens: state.serve }),
});
const settle = (source) => {
  clearTimeout(waiting);
  const mine = ++turn;
  waiting = setTimeout(async () => {
    try {
      const plan = await data("/api/plans", JSON.stringify({ view: source.id, demand: demanded(source.desk.get()) }));
      if (mine !== turn || source !== current) return;
      source.desk.told(Object.fromEntries(["N", "D", "loss"].map((key) => [key, [plan[key].low, plan[key].high]])));
      source.sheet.replaceChildren(el("pre", { tabindex: 0 }, plan.text));
      source.doubts.replaceChildren(findings([...source.data.findings, ...plan.findings.filter((one) => !source.data.findings.some((other) => other.code === one.code))]));
      if (at("trouble").dataset.of === "plan") at("trouble").hidden = true;
    } catch (error) { trouble(error, "plan"); }
  }, PAUSE);
};

const open = (request, state = {}) => busy("Fitting …", async () => {
  const { id, ...found } = await data("/api/views", JSON.stringify(request));
  const { laws, fresh } = await import(`/api/views/${id}/laws.js`);
  const source = opened.find((one) => one.id === id) ?? { id, request, data: found, model: { ...found, laws, fresh } };
  if (!opened.includes(source)) opened.push(source);
  source.desk = desk({ data: found, laws, fresh, around, changed: () => { compare(); remember(); settle(source); } });
  look(source, state);
});
const look = (source, state = {}) => {
  current = source;
  fill(source.request);
  draw(source);
  source.desk.set(state);
  chips();
  compare();
  remember();
  settle(source);
  document.title = `${source.data.name} · isoflop`;
};

const table = (head, rows, caption = null) => el("div", { class: "wide", tabindex: 0 }, el("table", {},
  caption && el("caption", {}, caption), head.some(Boolean) ? el("thead", {}, el("tr", {}, ...head.map((cell) => el("th", { scope: "col" }, cell)))) : null,
  el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, cell)))))));
const section = (title, ...inner) => el("section", {}, el("h2", {}, title), ...inner);
const findings = (found) => (found.length
  ? el("ul", {}, ...found.map((one) => el("li", { class: one.severity }, el("b", {}, `${one.severity} ${one.code} `), `${one.message} `, el("i", {}, one.remedy))))
  : el("p", {}, "Nothing was found against it."));
const chips = () => at("opened").replaceChildren(...opened.map((one) => el("span", {},
  el("button", { type: "button", "aria-current": one === current ? "true" : false, onclick: () => look(one, one.desk.get()) }, titleOf(one)),
  opened.length > 1 ? el("button", { type: "button", "aria-label": `close ${titleOf(one)}`, onclick: () => close(one) }, "×") : null)));
const titleOf = ({ data: { name }, request }) => [name, request.law, request.where].filter(Boolean).join(" · ");
const close = (one) => {
  opened.splice(opened.indexOf(one), 1);
  if (one === current) look(opened.at(-1)); else { chips(); compare(); }
};

// Opened sources side by side at the current budget and terms.
const compare = () => {
  const box = at("beside");
  if (!box || opened.length < 2) return box?.replaceChildren();
  const state = current.desk.get(), terms = { serving: 2 * state.serve, unique: state.unique };
  box.replaceChildren(section("Side by side", table(["", "best N", "D", "loss", "by"], opened.map((one) => {
    const found = best(one.model, state.flops, terms);
    return [titleOf(one), show(found.N), show(found.D), showLoss(found.loss), one.data.laws.map((law) => law.name).join(", ")];
  }), `the best run for ${showFlops(state.flops)} FLOPs`)));
};

const save = (name, blob) => {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
};
const exported = (what) => busy(`Writing ${what} …`, async () => {
  const asked = { view: current.id, what, demand: demanded(current.desk.get()) };
  save(what, await (await ask("/api/exports", JSON.stringify(asked))).blob());
});
// A figure as it stands, with the page's colours in place of their names.
const drawing = (figure) => {
  const copy = figure.querySelector("svg").cloneNode(true), colours = getComputedStyle(document.documentElement);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("color", colours.getPropertyValue("--ink"));
  for (const node of copy.querySelectorAll(".now")) node.setAttribute("fill", "var(--law)");
  const text = new XMLSerializer().serializeToString(copy).replace(/var\((--[a-z]+)\)/g, (_, name) => colours.getPropertyValue(name).trim());
  return new Blob([text], { type: "image/svg+xml" });
};
const draw = (source) => {
  const { data: told } = source, runs = told.runs.length > 0;
  source.sheet = el("div");
  source.doubts = el("div", {}, findings(told.findings));
  for (const caption of source.desk.node.querySelectorAll("figcaption:not(:has(button))")) {
    const figure = caption.parentElement, name = figure.id.replace("figure-", "");
    caption.append(el("button", { type: "button", class: "quiet", "aria-label": `save the figure: ${caption.textContent}`,
      onclick: () => save(`${name}.svg`, drawing(figure)) }, "SVG"));
  }
  const action = (label, act) => el("button", { type: "button", class: "quiet", onclick: act }, label);
  const link = action("Copy link", async () => {
    await navigator.clipboard.writeText(location.href);
    link.textContent = "Copied";
    setTimeout(() => { link.textContent = "Copy link"; }, 1500);
  });
  const actions = el("div", { class: "actions" }, link, action("Run sheet", () => exported("plan.toml")),
    ...(runs ? [action("Report", () => exported("report.html")), el("details", { class: "menu" }, el("summary", {}, "Figures, PDF"),
      el("div", {}, ...around.figures.map((name) => action(name, () => exported(`${name}.pdf`)))))] : []));
  at("view").replaceChildren(
    el("div", { class: "title" }, el("h1", {}, told.name), actions), el("p", { class: "words" }, told.words), el("p", {}, `By ${told.by}.`),
    source.desk.node, el("div", { id: "beside" }), section("What to doubt", source.doubts), section("Run sheet", source.sheet),
    ...(told.backtests ? [section("Backtests", el("p", {}, `${told.backtests.tests} forecasts of runs beyond those fitted: mean error, by times the compute.`),
      table(["", ...told.backtests.ratios], told.backtests.errors))] : []),
    section("The laws", table(["law", "formula"], told.laws.map((one) => [one.name, el("code", {}, one.formula)]))),
    ...(told.law ? [section(`One law in detail: ${told.law.name}`, table(["parameter", "value", `${Math.round(100 * told.law.level)}% interval`], told.law.parameters))] : []),
    ...(told.cited ? [section("Sources", table(["curve", "from", "beware"], told.cited))] : []),
    ...(runs ? [section("The runs", el("details", {}, el("summary", {}, `${told.runs.length} runs`),
      table(["run", "N", "D", "FLOPs", "loss"], told.runs.map((one) => [one.name, ...["N", "D", "C", "loss"].map((key) => String(Number(one[key].toPrecision(6))))]))))] : []),
    catalogue());
};

const upload = (file) => busy(`Reading ${file.name} …`, async () => {
  const { table, name, columns = letters } = await data(`/api/tables?name=${encodeURIComponent(file.name)}`, file, "application/octet-stream");
  fill({ table, name });
  at("names").replaceChildren(...columns.map((one) => el("option", { value: one })));
  at("columns").open = !["N", "D", "loss"].every((one) => columns.includes(one));
  await open(requested());
});
const listen = () => {
  at("open").addEventListener("submit", (event) => { event.preventDefault(); open(requested()); });
  at("source").addEventListener("change", () => {
    for (const key of ["law", "where", ...letters.map((one) => `column-${one}`)]) at(key).value = "";
    if (at("source").value === `dataset:${around.example.dataset}`) at("where").value = around.example.where;
    open(requested());
  });
  at("file").addEventListener("change", () => at("file").files[0] && upload(at("file").files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
  });
  addEventListener("hashchange", () => {
    const asked = unlinked(location.hash);
    if (asked && location.hash !== linked()) open(asked.request, asked.state);
  });
};
const begin = () => busy("Opening …", async () => {
  around = await data("/api/start");
  const option = (kind, name, label = name) => el("option", { value: `${kind}:${name}` }, label);
  at("source").append(
    el("optgroup", { label: "examples" }, ...around.datasets.map((one) => option("dataset", one.name, `${one.name}: ${one.title}`))),
    el("optgroup", { label: "published curves" }, option("curves", around.published.join(","), "three papers together"), ...around.curves.map((name) => option("curves", name))));
  at("laws").append(...around.laws.map((name) => el("option", { value: name })));
  listen();
  const asked = unlinked(location.hash) ?? { request: around.example, state: {} };
  await open(asked.request, asked.state);
});
begin();
