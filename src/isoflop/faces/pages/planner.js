// The plan of a budget by the steps of Allocation in src/isoflop/compute/allocation.py, so that numbers move
// with a slider. Of a model, `laws` give a loss for { N, D, U, bits }, `fresh` what N and D are worth where tokens repeat
// and a law does not know it (its `unique` is false), `weights` what the laws weigh, adding up to 1; without backtests (no `weighing`) the
// first alone counts. A run costs cost.scale N^cost.params D^cost.tokens FLOPs. Terms are { serving, unique }: FLOPs per
// parameter after training, and tokens.

const GRID = 96, HALVINGS = 40, FEW_HALVINGS = 10, STEP = 1e-3, WITHOUT_END = 1e40;
const PLAIN = { serving: 0, unique: Infinity };

// What the functions below are given: what src/isoflop/faces/pages/content.py says of a source, and its functions.
export const modelOf = (data, laws, fresh) => ({ ...data, laws, fresh, weights: data.weighing ?? [1] });

const decadesBeyond = (model, flops) => (model.largest === null ? NaN : Math.max(Math.log10(flops / model.largest), 0));

const perToken = ({ cost }, N) => cost.scale * N ** cost.params;

export const tokensFor = (model, N, budget, terms) =>
  (Math.max(budget - terms.serving * N, 0) / perToken(model, N)) ** (1 / model.cost.tokens);

const worth = (model, k, N, D, terms) => {
  if (model.unique[k]) return { N, D, U: Math.min(terms.unique, WITHOUT_END), bits: 16 };
  return terms.unique < Infinity ? { ...model.fresh(N, D, terms.unique), bits: 16 } : { N, D, bits: 16 };
};

const meanLog = ({ laws, weights }, at) => {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k] * Math.log(laws[k](at));
  return sum;
};

// How far beyond the largest run one of N parameters on D tokens lies, by what they are worth, and its loss.
const outcome = (model, N, D, terms) => {
  const at = worth(model, 0, N, D, terms), far = decadesBeyond(model, 6 * at.N * at.D);
  return { far, loss: Math.exp(meanLog(model, at)) };
};
export const lossAt = (model, N, D, terms = PLAIN) => outcome(model, N, D, terms).loss;

export const lossBy = (model, k, N, D, terms = PLAIN) => model.laws[k](worth(model, k, N, D, terms));

// The largest log N that leaves the budget a token.
const highest = (model, budget, terms) => {
  let low = 0, high = Math.log(budget);
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tokensFor(model, Math.exp(middle), budget, terms) >= 1) low = middle; else high = middle;
  }
  return (low + high) / 2;
};

// The slope of f to the fourth order; where serving eats the budget up, f ends at high, and steps are shorter.
const slope = (f, x, high) => {
  const h = Math.min(STEP, (high - x) / 4);
  return (8 * (f(x + h) - f(x - h)) - f(x + 2 * h) + f(x - 2 * h)) / (12 * h);
};

// Where f is least between the ends: a grid finds the valley, bisection of the slope its floor.
const floorOf = (f, high, halvings) => {
  const at = (i) => (i / (GRID - 1)) * high;
  let place = 0, least = Infinity;
  for (let i = 0; i < GRID; i++) {
    const value = f(at(i));
    if (value < least) [place, least] = [i, value];
  }
  let a = at(Math.max(place - 1, 0)), b = at(Math.min(place + 1, GRID - 1));
  for (let i = 0; i < halvings; i++) {
    const middle = (a + b) / 2;
    if (slope(f, middle, high) < 0) a = middle; else b = middle;
  }
  return (a + b) / 2;
};

// The run of least loss for a budget; `each` is what every law by itself would train. fine: to the last digits.
export const best = (model, budget, terms = PLAIN, fine = true) => {
  const high = highest(model, budget, terms), halvings = fine ? HALVINGS : FEW_HALVINGS;
  const at = (x, k = 0) => worth(model, k, Math.exp(x), tokensFor(model, Math.exp(x), budget, terms), terms);
  const counted = model.weighing || fine ? model.laws : model.laws.slice(0, 1);
  const each = counted.map((law, k) => floorOf((x) => law(at(x, k)), high, halvings));
  const together = (y) => Math.log(outcome(model, Math.exp(y), tokensFor(model, Math.exp(y), budget, terms), terms).loss);
  const x = model.weighing ? floorOf(together, high, halvings) : each[0];
  const run = (N) => ({ N, D: tokensFor(model, N, budget, terms) }), found = run(Math.exp(x));
  return { ...found, C: perToken(model, found.N) * found.D ** model.cost.tokens, ...outcome(model, found.N, found.D, terms), each: each.map((y) => run(Math.exp(y))) };
};

// Where f, which changes sign between a and b, is zero, by the secant rule; NaN where it does not change sign. What is
// sought for here is nearly straight in the logarithms, so that few steps are enough; a side that stays is halved (the
// Illinois rule).
const CLOSE = 1e-10, STEPS_OF_SECANT = 40;
export const zero = (off, a, b) => {
  let [f, g] = [off(a), off(b)];
  if (!(f * g <= 0)) return NaN;
  for (let i = 0, side = 0; i < STEPS_OF_SECANT && Math.abs(b - a) > CLOSE; i++) {
    const x = (a * g - b * f) / (g - f), y = off(x);
    if (Math.abs(y) < CLOSE) return x;
    if (y * g > 0) { [b, g] = [x, y]; if (side === -1) f /= 2; side = -1; } else { [a, f] = [x, y]; if (side === 1) g /= 2; side = 1; }
  }
  return (a * g - b * f) / (g - f || 1);
};

// The budget whose best run has this loss, N or D; NaN where there is none between the ends.
export const budgetFor = (model, key, value, terms, [least, most]) =>
  Math.exp(zero((x) => Math.log(best(model, Math.exp(x), terms)[key] / value), Math.log(least), Math.log(most)));

// What each law by itself says of a loss, N or D that is asked for: the budget whose best run has it, NaN where there is
// none, and what it has at the largest budget.
export const eachAlone = (model, key, value, terms, ends) => model.laws.map((law, k) => {
  const one = { ...model, laws: [law], unique: [model.unique[k]], weighing: null, weights: [1] };
  return { flops: budgetFor(one, key, value, terms, ends), end: best(one, ends[1], terms)[key] };
});
