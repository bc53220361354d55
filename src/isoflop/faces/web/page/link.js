// The whole question in the fragment of the address: which source, how it is read, and what of the desk was moved.
import { WAYS } from "./knobs.js";

const TEXTS = ["dataset", "table", "name", "law", "where"], LISTS = ["curves", "columns"];

export const linked = (request, state, start) => {
  const said = new URLSearchParams();
  for (const [key, value] of Object.entries(request)) said.set(key, typeof value === "string" ? value : JSON.stringify(value));
  const { way, said: amount, flops, more, ...rest } = state;
  if (way !== "flops") { said.set("way", way); said.set("said", amount); } else if (flops !== start.flops) said.set("flops", flops);
  for (const [key, value] of Object.entries(rest)) if (value !== start[key]) said.set(key, value);
  if (Object.keys(more).length) said.set("more", JSON.stringify(more));
  return `#${said}`;
};

const words = (value) => Object.fromEntries(Object.entries(JSON.parse(value)).filter(([, one]) => ["string", "boolean"].includes(typeof one)));
// Gives { request, state }, without what cannot be meant; null where no source is named.
export const unlinked = (fragment, devices) => {
  const request = {}, state = {}, asked = new URLSearchParams(fragment.slice(1)), way = asked.get("way"), amount = asked.get("said");
  for (const [key, value] of asked) {
    const number = Number(value);
    if (TEXTS.includes(key)) request[key] = value;
    else if (LISTS.includes(key)) try { request[key] = JSON.parse(value); } catch { /* a broken link says less */ }
    else if (key === "more") try { state.more = words(value); } catch { /* the same */ }
    else if (key === "device" && value in devices) state.device = value;
    else if (key === "flops" && number > 0 && number < Infinity) Object.assign(state, { way: "flops", said: number });
    else if (["price", "mfu", "count"].includes(key) && number > 0 && number < Infinity) state[key] = number;
    else if ((key === "unique" && number > 0) || (key === "serve" && number >= 0 && number < Infinity)) state[key] = number;
  }
  if (way === "deadline" ? /^\d{4}-\d\d-\d\d$/.test(amount) : Object.hasOwn(WAYS, way) && Number(amount) > 0 && Number(amount) < Infinity)
    Object.assign(state, { way, said: way === "deadline" ? amount : Number(amount) });
  return request.dataset || request.table || request.curves ? { request, state } : null;
};
