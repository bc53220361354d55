// A file that was given, as it was read: its first rows, which column is which, cells that are no numbers and their mending.
import { el } from "./knobs.js";
import { asked, holds, replaced } from "./typing.js";
import { table } from "./view.js";

const LETTERS = { N: "parameters N", D: "tokens D", C: "FLOPs C", loss: "loss" };

// Whether a source can be opened as it is.
export const whole = ({ kind, bad = [], lacking = [], wrong = "" }) => kind === "fit" || (!bad.length && !lacking.length && !wrong);

// Several files, or a folder, as one body: a line, a list of names and sizes, and the bytes of all.
export const bundled = (files) => {
  const placed = files.map((file) => ({ file, path: file.placed || file.webkitRelativePath || file.name })).filter((one) => !one.path.split("/").some((part) => part.startsWith(".")));
  if (files.length === 1 && !files[0].placed && !files[0].webkitRelativePath) return { name: files[0].name, body: files[0] };
  const list = JSON.stringify(placed.map((one) => [one.path, one.file.size])), top = placed[0]?.path.split("/")[0] ?? "files";
  return { name: top, body: new Blob(["isoflop files 1\n", list, "\n", ...placed.map((one) => one.file)]) };
};
// The files of a drop, folders walked through.
const walked = async (entry, path) => {
  if (entry.isFile) return [Object.assign(await new Promise((done, not) => entry.file(done, not)), path.includes("/") && { placed: path })];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, not) => reader.readEntries(done, not));
    if (!some.length) return found;
    for (const one of some) found.push(...await walked(one, `${path}/${one.name}`));
  }
};
export const filesOf = async (carried) => {
  const files = [...carried.files], entries = [...carried.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean);
  return entries.some((one) => one.isDirectory) ? (await Promise.all(entries.map((one) => walked(one, one.name)))).flat() : files;
};

const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

// Shows what was found in a box. named: which column is which where it was said; again, mend and open: what to do next.
export const preview = (box, found, { named, again, mend, open }) => {
  box.hidden = found.kind === "fit";
  if (box.hidden) return;
  const ready = whole(found), guessed = found.guessed ?? {};
  const boxes = Object.entries(LETTERS).map(([key, label]) => {
    const one = el("input", { type: "text", id: `column-${key}`, list: "names", value: named[key] ?? guessed[key] ?? "", placeholder: key === "C" ? "6ND" : "which column?", autocomplete: "off", spellcheck: "false" });
    if (found.lacking.includes(key)) one.setAttribute("aria-invalid", "true");
    return { key, one, node: el("label", {}, label, one) };
  });
  const said = () => Object.fromEntries(boxes.map(({ key, one }) => [key, one.value.trim()]).filter(([key, value]) => value && value !== (named[key] ? "" : guessed[key])));
  for (const { one } of boxes) one.addEventListener("change", () => again(said()));
  const cells = found.bad.map((bad) => ({ ...bad, input: el("input", { type: "text", id: `cell-${found.table.slice(0, 8)}-${bad.row}-${found.columns.indexOf(bad.column)}`, "data-later": true, value: bad.cell, "aria-label": `row ${bad.row}, ${bad.column}` }) }));
  const button = (label, act, quiet = true) => el("button", { type: "button", class: quiet ? "quiet" : "", onclick: act }, label);
  const mended = () => cells.filter((one) => one.input.value.trim() !== one.cell).map((one) => [one.row, one.column, one.input.value.trim()]);
  const trouble = cells.length ? [el("div", { class: "bad" },
    el("p", {}, el("b", {}, `${count(found.of_bad, "row")} ${found.of_bad === 1 ? "has a cell that is" : "have cells that are"} no number. `), "Mend them here, or leave the rows out."),
    table(["row", "column", "it says", ""], cells.map((one) => [String(one.row), one.column, one.input, one.why])),
    el("p", {}, button("Use what I typed, leave the other rows out", () => { asked(...cells.map((one) => one.input)); mend(said(), mended()); }, false)))] : [];
  const lacking = found.lacking.length ? [el("p", { class: "bad" }, el("b", {}, `Which column is ${found.lacking.map((key) => LETTERS[key]).join(", and which ")}? `),
    `The file has ${found.columns.join(", ")}. A column, or a product such as 12*n_layer*n_embd*n_embd.`)] : [];
  const marked = Object.fromEntries(Object.entries({ ...guessed, ...named }).map(([key, column]) => [column, key]));
  const rows = table(found.columns.map((name) => (marked[name] && marked[name] !== name ? `${name} → ${marked[name]}` : name)), found.head.map((row) => row));
  const out = found.excluded.length ? [el("p", {}, `Left out by themselves: ${found.excluded.slice(0, 5).map(([row, why]) => `row ${row} (${why})`).join(", ")}${found.excluded.length > 5 ? " …" : ""}`)] : [];
  const title = `${found.name}: ${count(found.runs, "run")}, ${count(found.columns.length, "column")}`;
  replaced(box, el("details", { open: !ready || holds(box) }, el("summary", {}, el("b", {}, title), ready ? ". See how it was read, or change it" : ""),
    el("div", { class: "letters" }, ...boxes.map((one) => one.node), button("Read it so", () => (ready ? open(said()) : again(said())), ready)),
    ...lacking, ...trouble, ...(found.wrong && !lacking.length ? [el("p", { class: "bad" }, found.wrong)] : []), rows, ...out));
};
