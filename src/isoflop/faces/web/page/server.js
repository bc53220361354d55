// What the server is asked, and its refusals, which are sentences for the reader.

export class Refused extends Error {}

export const ask = async (path, body, type = "application/json") => {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : { method: "POST", body, headers: { "Content-Type": type } });
  } catch {
    throw new Refused("isoflop does not answer. Start it again (isoflop web), and open the address that it prints.");
  }
  if (!answer.ok) throw new Refused((await answer.json().catch(() => ({}))).error ?? `isoflop answered ${answer.status}.`);
  return answer;
};

export const data = async (...asked) => (await ask(...asked)).json();

// The plan of a desk's state, in the words of isoflop.plan.
export const demanded = (state) => ({
  flops: state.flops, hardware: state.device, price: state.price, mfu: state.mfu,
  ...(state.unique < Infinity && { unique_tokens: state.unique }), ...(state.serve > 0 && { serve_tokens: state.serve }),
});
