// The app: what is opened and how, and what follows when something moves.
import { tabs } from "./beyond.js";
import { catalogue } from "./catalogue.js";
import { comparison } from "./compare.js";
import { desk } from "./desk.js";
import { el } from "./knobs.js";
import { linked, unlinked } from "./link.js";
import { exact, more } from "./more.js";
import { ask, data, demanded, Refused, repeated } from "./server.js";
import { note, session } from "./session.js";
import { show, showFlops, showLoss } from "./units.js";
import { bundled, filesOf, preview, whole } from "./preview.js";
import { steps } from "./steps.js";
import { asked, holds, released, replaced, write } from "./typing.js";
import { waiting } from "./waiting.js";
import { findings, save, section, table, view } from "./view.js";

const START = { way: "flops", said: 1e24 }; // what is asked of published curves where nothing else was
const MANY = 200; // runs of which tune, mix and downstream are said to take long
const PAUSE = 200; // milliseconds that a slider rests before Python plans
const at = (id) => document.getElementById(id), letters = ["N", "D", "C", "loss"];
const opened = []; // { id, request, data, desk, page }
let around, current, uploaded, resting, named = {}; // named: which column is which, where it was said

const trouble = (error, of = "open") => {
  if (error && !(error instanceof Refused)) throw error;
  Object.assign(at("trouble"), { textContent: error?.message ?? "", hidden: !error }).dataset.of = of;
};
const given = { trouble, cancelled: (kinds) => { if (kinds.has("plan") && current && !exact(current.desk.get())) past.undo(); } };
const { busy, stop } = waiting(at("busy"), at("view"), given);

// Curves as people name them: by authors and year.
const nameOf = (curves) => (curves.length > 1 ? papers(curves) : `${papers(curves)} (${curves[0]})`);
const papers = (curves) => [...new Set(curves.map((one) => around.papers[one] ?? one))].join(" · ");

// What the form asks for, and back.
const requested = () => {
  const [kind, name] = at("source").value.split(":"), law = at("law").value.trim(), where = at("where").value.trim(), columns = named;
  if (kind === "curves") return { curves: name.split(",") };
  const read = { ...(law && { law }), ...(where && { where }), ...(Object.keys(columns).length && { columns }) };
  return kind === "table" ? { ...uploaded, ...read } : { dataset: name, ...read };
};
const fill = (request) => {
  const { table, curves, dataset } = request, source = at("source"), known = (value) => [...source.options].some((one) => one.value === value);
  if (table) uploaded = { table, name: request.name ?? "table" };
  source.querySelector("[value='table:']")?.remove();
  if (uploaded) source.prepend(el("option", { value: "table:" }, uploaded.name));
  at("open").dataset.door = document.body.dataset.door = table ? "runs" : curves ? "budget" : "show";
  for (const group of source.querySelectorAll("optgroup")) group.hidden = group.dataset.door !== at("open").dataset.door;
  for (const door of ["runs", "budget", "show"]) at(`door-${door}`).setAttribute("aria-current", door === at("open").dataset.door);
  const value = table ? "table:" : curves ? `curves:${curves.join(",")}` : `dataset:${dataset}`;
  if (!known(value)) source.append(el("option", { value }, curves?.join(", ") ?? dataset));
  source.value = value;
  write(at("law"), request.law ?? "");
  write(at("where"), request.where ?? "");
  named = request.columns ?? {};
};

const address = ({ request, desk: { get, start } }) => linked(request, get(), start);
const titleOf = ({ data: { name }, request }) => [request.curves ? nameOf(request.curves) : name, request.law, request.where].filter(Boolean).join(" · ");
const past = steps({
  addressOf: ({ source: { request, desk: { start } }, state }) => linked(request, state, start),
  show: ({ source, state }) => look(source, state, null),
  told: (before, after) => { at("undo").ariaDisabled = String(!before); at("redo").ariaDisabled = String(!after); },
});
const step = (source, knob, how) => past.add({ source, state: source.desk.get() }, knob, how);

// What stands as something is asked: the words in the form belong to it, what is typed or turned from now on does not.
const begun = () => {
  asked(at("law"), at("where"));
  return { source: current, state: current?.desk.get() };
};
// What was turned since then, for what answers: the last word counts.
const turned = ({ source, state: was }) => {
  if (!source || source !== current) return {};
  const { way, said, flops: _, ...rest } = source.desk.get(), other = Object.entries(rest).filter(([key, value]) => value !== was[key]);
  return { ...((way !== was.way || said !== was.said) && { way, said }), ...Object.fromEntries(other) };
};
// how: whether the browser's history has an entry for this question already (replaceState) or not
const open = (request, state, how) => opening(request, begun(), state, how);
const opening = (request, since, state = {}, how = "pushState") => busy("Fitting …", async (signal) => {
  clearTimeout(resting); // what moved before is not asked any more
  const { id, ...found } = await data("/api/views", JSON.stringify(request), signal);
  const source = opened.find((one) => one.id === id) ?? made({ id, request, data: found }, await import(`/api/views/${id}/laws.js`));
  await released();
  signal.throwIfAborted();
  look(source, { ...source.desk.start, ...state, ...turned(since) }, how);
});
// A source with its desk and page.
const made = (source, { laws, fresh }) => {
  const { request, data: found } = source;
  const changed = (knob) => { step(source, knob); settle(source); };
  source.desk = desk({ data: found, laws, fresh, around, exact, changed, acts: { leave: keep, pick: (run) => picked(source, run) } });
  source.title = request.curves ? nameOf(request.curves) : found.name;
  source.page = view(source, { around, exported, keep });
  source.rest = more(around.fields, { said: () => source.desk.get().more, changed: (said, key) => { source.desk.set({ more: said }); changed(key); } });
  source.desk.extra.append(source.rest.node);
  return source;
};
const look = (source, state = {}, how = "pushState") => {
  stop();
  current = source;
  if (!opened.includes(source)) opened.push(source);
  at("view").classList.remove("stale");
  if (!source.request.table && ![at("preview"), at("beyond")].some(holds)) { at("preview").hidden = true; at("beyond").replaceChildren(); }
  fill(source.request);
  replaced(at("view"), ...source.page.nodes);
  if (!source.desk.set(state)) {
    source.desk.set({}); // as it stood, or begins
    trouble(new Refused(source.desk.why(state)));
  }
  chips();
  compare();
  if (how) step(source, "", how); // what comes back from the past is no new question
  settle(source);
  document.title = `${source.data.name} · isoflop`;
};
const close = (source) => {
  opened.splice(opened.indexOf(source), 1);
  if (source === current) return look(opened.at(-1));
  chips();
  compare();
};
const chips = () => replaced(at("opened"), ...opened.map((one) => el("span", {},
  el("button", { type: "button", "aria-current": one === current && "true", onclick: () => look(one) }, titleOf(one)),
  ...(opened.length > 1 ? [el("button", { type: "button", "aria-label": `close ${titleOf(one)}`, onclick: () => close(one) }, "×")] : []))));

// Comparing draws a figure: it waits until a slider rests.
const compare = () => replaced(current.page.beside, ...comparison(opened, current, titleOf));

// A plan of Python's as a run of the desk.
const planned = ({ N, D, loss, C, budget, decades }) => ({ N: N.value, D: D.value, loss: loss.value, C, budget: budget.value, far: decades, each: null });

// Once nothing moves: the address, and the same plan in full, by Python, with intervals, findings and run sheet.
const settle = (source) => {
  clearTimeout(resting);
  source.rest.tell();
  resting = setTimeout(() => {
    const state = source.desk.get(), { findings: known } = source.data;
    if (source !== current) return;
    past.rest();
    compare();
    busy("Planning …", async (signal) => {
      const plan = await data("/api/plans", JSON.stringify({ view: source.id, demand: demanded(state) }), signal);
      if (source.desk.get() !== state) return;
      if (plan.refused) return source.desk.refused(plan.refused, plan.nearest, plan.others.map((name) => [`Ask ${nameOf([name])}`, () => open({ curves: [name] }, state)]));
      const intervals = Object.fromEntries(["N", "D", "loss"].map((key) => [key, [plan[key].low, plan[key].high]]));
      if (exact(state)) source.desk.told(intervals);
      else {
        const run = planned(plan);
        source.desk.answered(run, intervals);
        const given = await data("/api/figures", JSON.stringify({ view: source.id, demand: demanded(state), flops: run.budget }), signal);
        if (source.desk.get() !== state) return;
        if (given.path.length) source.desk.figured(run, given);
      }
      replaced(source.page.family, ...(plan.family ? [section("Several sizes", el("pre", { tabindex: 0 }, plan.family))] : []));
      replaced(source.page.sheet, el("pre", { tabindex: 0 }, plan.text));
      replaced(source.page.repeat, ...repeated(source.request, demanded(state), around.fields).map(([way, line]) => el("p", {}, `${way}: `, el("code", {}, line))));
      replaced(source.page.doubts, findings([...known, ...plan.findings.filter((one) => known.every((other) => other.code !== one.code))], around.codes));
      note(address(source), titleOf(source), source.desk.node.querySelector(".answer").textContent);
      replaced(source.page.past, ...session());
      if (at("trouble").dataset.of === "plan") at("trouble").hidden = true;
    }, "plan");
  }, PAUSE);
};
const exported = (what) => busy(`Writing ${what} …`, async (signal) => {
  const state = current.desk.get(), whole = what === "page.html" && { state: { ...state, unique: state.unique < Infinity ? state.unique : null }, title: current.title };
  const question = { view: current.id, what, demand: whole || demanded(state) };
  save(what, await (await ask("/api/exports", JSON.stringify(question), signal)).blob());
}, "file");
// A run that was clicked: all that its table says of it.
const picked = (source, run) => busy("Reading the run …", async (signal) => {
  const row = await data("/api/rows", JSON.stringify({ view: source.id, row: run.row }), signal).catch(() => run);
  signal.throwIfAborted();
  const out = el("button", { type: "button", class: "quiet", onclick: () => keep(`not (N == ${run.N} and D == ${run.D} and loss == ${run.loss})`) }, "Leave this run out");
  replaced(source.page.picked, el("div", { class: "picked" }, el("h2", {}, run.name), table([], Object.entries(row).map(([key, value]) => [key, String(value)])), el("p", {}, out, " ",
    el("button", { type: "button", class: "quiet", onclick: () => source.page.picked.replaceChildren() }, "Close"))));
  if (!document.activeElement.matches("input, select")) source.page.picked.scrollIntoView({ block: "nearest" });
}, "row");
// The remedy of data that mix what cannot be mixed: one condition more.
const keep = (condition) => {
  const { where, ...request } = current.request;
  open({ ...request, where: where ? `(${where}) and (${condition})` : condition });
};

// What was sent is shown as it was read; it is opened at once where nothing in it needs its user.
const shown = async (found, read, since) => {
  const request = { ...read, table: found.table, name: found.name };
  fill(request);
  at("names").replaceChildren(...(found.columns ?? []).map((one) => el("option", { value: one })));
  preview(at("preview"), found, {
    named, again: (columns) => reread("/api/previews", { table: found.table, name: found.name, columns }),
    mend: (columns, cells) => reread("/api/mended", { table: found.table, name: found.name, columns, cells }),
    open: (columns) => { named = columns; return open(requested()); },
  });
  tabs(at("beyond"), found, async (kind, size) => {
    let result = null;
    await busy(`Reading ${kind} …${found.runs > MANY ? ` of ${found.runs} runs this may take minutes` : ""}`, async (signal) => { result = await data("/api/results", JSON.stringify({ table: found.table, name: found.name, kind, columns: named, at: size }), signal); }, "result");
    return result;
  }, around.codes);
  at("view").classList.toggle("stale", !whole(found)); // it is not the answer to what lies on the table
  if (whole(found)) await opening(request, since);
};
const reread = (path, question) => {
  const since = begun(), { law, where } = requested(), { columns } = question;
  return busy("Reading …", async (signal) => shown(await data(path, JSON.stringify(question), signal), { ...(law && { law }), ...(where && { where }), ...(Object.keys(columns).length && { columns }) }, since), "read");
};
const upload = (files) => {
  if (!files.length) return;
  const { name, body } = bundled(files), since = begun();
  busy(`Reading ${files[0].name} …`, async (signal) => shown(await data(`/api/tables?name=${encodeURIComponent(name)}`, body, signal), {}, since), "read");
};
const chosen = () => {
  const example = at("source").value === `dataset:${around.example.dataset}`;
  asked(at("law"), at("where"));
  fill(example ? around.example : { ...requested(), law: "", where: "", columns: {} });
  open(requested());
};
const dropped = (event) => {
  event.preventDefault();
  document.body.classList.toggle("over", event.type === "dragover");
  if (event.type === "drop") filesOf(event.dataTransfer).then(upload);
};
const listen = () => {
  at("open").addEventListener("submit", (event) => { event.preventDefault(); open(requested()); });
  at("source").addEventListener("change", chosen);
  for (const id of ["file", "folder"]) at(id).addEventListener("change", () => upload([...at(id).files]));
  at("door-runs").addEventListener("click", () => (uploaded ? open(uploaded) : at("file").click()));
  at("door-show").addEventListener("click", () => open(around.example));
  at("door-budget").addEventListener("click", async () => { await open({ curves: around.published }, START); if ([document.body, at("door-budget")].includes(document.activeElement)) at("dollars-box")?.focus({ preventScroll: true }); });
  at("undo").addEventListener("click", past.undo);
  at("redo").addEventListener("click", past.redo);
  at("reset").addEventListener("click", () => { if (!current) return; current.desk.set(current.desk.start); step(current); settle(current); });
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, dropped);
  addEventListener("hashchange", () => {
    const said = unlinked(location.hash, around.devices);
    if (!past.found(history.state) && said && (!current || location.hash !== address(current))) open(said.request, said.state, "replaceState");
  });
};
busy("Opening …", async () => {
  around = await data("/api/start");
  const option = (kind, name, label = name) => el("option", { value: `${kind}:${name}` }, label);
  at("source").append(
    el("optgroup", { label: "examples", "data-door": "show" }, ...around.datasets.map((one) => option("dataset", one.name, `${one.name}: ${one.title}`))),
    el("optgroup", { label: "published curves", "data-door": "budget" }, option("curves", around.published.join(","), `three papers together: ${papers(around.published)}`),
      ...around.curves.map((name) => option("curves", name, `${papers([name])} (${name})`))));
  at("laws").append(...around.laws.map((name) => el("option", { value: name })));
  document.querySelector("main").append(catalogue());
  listen();
  const said = unlinked(location.hash, around.devices) ?? { request: { curves: around.published }, state: START };
  await open(said.request, said.state);
});
