// Fields while their user types. What he typed is his until a question was asked with it: what answers an earlier question
// neither writes over it nor takes the focus away.
const FIELDS = "input, select, textarea";
const unasked = new WeakSet(); // fields with words that no question holds yet
const carried = new WeakSet(); // those that took words over from a field they replaced: no browser knows that these were typed
const standing = new WeakMap(); // what a field shows when its user has typed nothing
let redrawing = false, grip = null; // grip: a slider is held until it is resolved

// A field with data-later asks nothing by itself when it is left: its words are his until `asked`.
const asksLater = (field) => "later" in field.dataset;
export const asked = (...fields) => { for (const one of fields) unasked.delete(one); };

// Shows a value in a field, not over what is being typed there; where all of it was selected, all of it stays so.
export const write = (field, value) => {
  const text = String(value);
  standing.set(field, text);
  if (unasked.has(field) || field.value === text) return;
  const all = field === document.activeElement && field.value && field.selectionEnd - field.selectionStart === field.value.length;
  field.value = text;
  if (all) field.select();
};

// Whether its user is at work in a place.
export const holds = (place) => place.contains(document.activeElement) || [...place.querySelectorAll(FIELDS)].some((one) => unasked.has(one));

// Resolved once no slider is held.
export const released = () => grip?.promise;

// What makes a node the same as one that it replaces: its id; without one its label, its words, else its place among its like.
const likeOf = (place, node) => [...place.querySelectorAll(node.localName)].filter((one) => one.getAttribute("class") === node.getAttribute("class"));
const named = (node) => node.id || node.getAttribute("aria-label") || (node.querySelector("summary") ?? node).textContent;
const heirOf = (place, node, [before, i]) => {
  const now = likeOf(place, node);
  return now.find((one) => named(one) === named(node)) ?? (now.length === before && !node.id ? now[i] : undefined);
};
const placed = (place, node) => { const like = likeOf(place, node); return [like.length, like.indexOf(node)]; };
const selected = ({ selectionStart: from = null, selectionEnd: to, value }) => from !== null && { from, to, all: to > from && to - from === value.length };
const refocused = (node, selection) => {
  node.focus({ preventScroll: true });
  if (!selection || typeof node.selectionStart !== "number") return;
  if (selection.all) node.select(); else node.setSelectionRange(selection.from, selection.to);
};

// A field shows again what it would show if nothing had been typed there.
const settled = (field) => {
  for (const set of [unasked, carried]) set.delete(field);
  if (standing.has(field)) field.value = standing.get(field);
};

// Puts nodes in place of what is there. Typed words, the focus and opened details pass on to what stands for them now.
export const replaced = (place, ...nodes) => {
  if (nodes.length === place.childNodes.length && nodes.every((one, i) => one === place.childNodes[i])) return;
  const active = document.activeElement, within = place !== active && place.contains(active);
  const kept = [...place.querySelectorAll(FIELDS)].filter((one) => unasked.has(one)), open = [...place.querySelectorAll("details[open]")];
  const places = new Map([...kept, ...open, ...(within ? [active] : [])].map((one) => [one, placed(place, one)])), selection = within && selected(active);
  const heir = (node) => (node.isConnected ? node : heirOf(place, node, places.get(node)));
  redrawing = true; // a field that goes has not been left by its user
  place.replaceChildren(...nodes);
  for (const one of open) heir(one)?.setAttribute("open", "");
  for (const one of kept) {
    const next = heir(one), words = one.value;
    if (next === one) continue;
    settled(one);
    if (!next) continue;
    standing.set(next, next.value);
    next.value = words;
    unasked.add(next);
    carried.add(next);
  }
  const next = within && heir(active);
  if (next) refocused(next, selection);
  redrawing = false;
};

const committed = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));
const HEARD = {
  input: ({ target }) => unasked.add(target),
  change: (event) => {
    if (redrawing) event.stopImmediatePropagation();
    else if (!asksLater(event.target)) for (const set of [unasked, carried]) set.delete(event.target);
  },
  keydown: ({ key, target }) => { if (key === "Enter" && carried.has(target) && !asksLater(target)) committed(target); },
  focusout: ({ target }) => {
    const other = target.value !== standing.get(target);
    if (redrawing || !unasked.has(target) || (other && asksLater(target))) return;
    if (other && carried.has(target)) return committed(target);
    settled(target); // it says again what it said
  },
  pointerdown: ({ target, button }) => { if (target.type === "range" && button === 0) grip ??= Promise.withResolvers(); },
  pointerup: () => { grip?.resolve(); grip = null; },
  pointercancel: () => HEARD.pointerup(),
};
for (const [name, hear] of Object.entries(HEARD)) globalThis.document?.addEventListener(name, hear, true); // not in Node, where there is no user
