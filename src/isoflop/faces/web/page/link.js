// The whole question in the fragment of the address: which source, how it is read, and what of the desk was moved.

const TEXTS = ["dataset", "table", "name", "law", "where"], LISTS = ["curves", "columns"];

export const linked = (request, state, start) => {
  const said = new URLSearchParams();
  for (const [key, value] of Object.entries(request)) said.set(key, typeof value === "string" ? value : JSON.stringify(value));
  for (const [key, value] of Object.entries(state)) if (value !== start[key]) said.set(key, value);
  return `#${said}`;
};

// Gives { request, state }, without what cannot be meant; null where no source is named.
export const unlinked = (fragment, devices) => {
  const request = {}, state = {};
  for (const [key, value] of new URLSearchParams(fragment.slice(1))) {
    const number = Number(value);
    if (TEXTS.includes(key)) request[key] = value;
    else if (LISTS.includes(key)) try { request[key] = JSON.parse(value); } catch { /* a broken link says less */ }
    else if (key === "device" && value in devices) state.device = value;
    else if (["flops", "price", "mfu", "count"].includes(key) && number > 0 && number < Infinity) state[key] = number;
    else if ((key === "unique" && number > 0) || (key === "serve" && number >= 0 && number < Infinity)) state[key] = number;
  }
  return request.dataset || request.table || request.curves ? { request, state } : null;
};
