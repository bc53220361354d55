// What is waited for, said at the foot of the page with a way to give it up: the server then ends the work.
import { el } from "./knobs.js";
import { replaced } from "./typing.js";

// What each ends: of one kind only the last answer is waited for, and what is read or opened anew ends what was to be opened.
const ENDS = { open: ["open", "read", "plan"], read: ["read", "open"], plan: ["plan"], result: ["result"], row: ["row"], file: [] };

// trouble is given what went wrong, null where something begins; cancelled hears which kinds were given up.
// Gives busy, to wait for work, and stop. Work that was ended says and changes nothing any more: it asks its signal.
export const waiting = (line, view, { trouble, cancelled }) => {
  const tasks = new Map(); // the control of each, and { said, kind }
  const tell = () => {
    const last = [...tasks.values()].at(-1);
    replaced(line, ...(last ? [last.said, " ", el("button", { type: "button", class: "quiet", onclick: cancel }, "Cancel")] : []));
  };
  const over = (task) => tasks.delete(task) && (tell(), true);
  const stop = (kinds = ENDS.open) => {
    for (const [task, one] of [...tasks]) if (kinds.includes(one.kind)) { over(task); task.abort(); if (one.kind === "open") view.classList.remove("stale"); }
  };
  const cancel = () => {
    const kinds = new Set([...tasks.values()].map((one) => one.kind));
    stop([...kinds]);
    cancelled(kinds);
  };
  // While a source is opened the last answer is dimmed, and it stays so where the new one is refused: it is not its answer.
  const busy = async (said, work, kind = "open") => {
    const task = new AbortController();
    stop(ENDS[kind]);
    if (kind !== "plan") trouble(null);
    tasks.set(task, { said, kind });
    tell();
    if (kind === "open") view.classList.add("stale");
    try {
      await work(task.signal);
      if (over(task) && kind === "open") view.classList.remove("stale");
    } catch (error) { if (over(task)) trouble(error, kind); }
  };
  return { busy, stop };
};
