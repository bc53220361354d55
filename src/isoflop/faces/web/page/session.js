// The questions of this session with their answers, each a way back.
import { el } from "./knobs.js";
import { section, table } from "./view.js";

const MOST = 50;
const asked = []; // { address, title, answer, at }

export const note = (address, title, answer) => {
  const past = asked.findIndex((one) => one.address === address);
  if (past >= 0) asked.splice(past, 1);
  asked.unshift({ address, title, answer, at: new Date() });
  asked.length = Math.min(asked.length, MOST);
};

export const session = () => (asked.length < 2 ? [] : [section("This session", el("details", { id: "session" }, el("summary", {}, `${asked.length} questions asked`),
  table(["at", "of", "answer"], asked.map((one) => [one.at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }), one.title, el("a", { href: one.address }, one.answer)]))))]);
