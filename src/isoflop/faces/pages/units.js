// Quantities as people write and read them, as in src/isoflop/units.py.

const SCALES = { k: 1e3, K: 1e3, M: 1e6, G: 1e9, B: 1e9, T: 1e12 };
const LETTERS = [[1e12, "T", 1e12], [1e9, "B", 1e9], [1e6, "M", 1e6], [1e4, "k", 1e3]];
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

const significant = (x, digits) => x.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(x)))));

export const show = (x, digits = 3) => {
  if (x === null || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "-∞";
  const size = Math.abs(x);
  for (const [limit, letter, scale] of LETTERS) if (size >= limit && size < 1e15) return significant(x / scale, digits) + letter;
  if (x === 0) return "0";
  return size >= 1e-3 && size < 1e4 ? significant(x, digits) : x.toExponential(digits - 1).replace("e+", "e");
};

export const showFlops = (x) => Number(x.toPrecision(3)).toExponential().replace("e+", "e");

export const showLoss = (x) => (x !== null && Number.isFinite(x) ? x.toFixed(4) : "–");

export const showMoney = (x) => (x !== null && Number.isFinite(x) ? `$${show(x)}` : "–");

// What a run costs, and the time of one device: what is under a cent or a second is said as that.
export const showCost = (dollars) => (dollars > 0 && dollars < 0.01 ? "under a cent" : showMoney(dollars));
export const showHours = (hours) => {
  const seconds = hours * 3600;
  return hours >= 0.1 || !(seconds > 0) ? `${show(hours)} device-hours` : seconds >= 1 ? `${show(seconds)} device-seconds` : "under 1 device-second";
};

// A tick of a logarithmic axis: 10¹⁸.
export const power = (x) => "10" + [...String(Math.round(Math.log10(x)))].map((one) => RAISED[one]).join("");

// The number that a text such as 8B, 1e22 or $2M says; NaN if it says none.
export const quantity = (text) => {
  const found = /^\$?\s*([\d_,]*\.?\d+(?:[eE][+-]?\d+)?|\d[\d_,]*\.)\s*([kKMGBT]?)$/.exec(text.trim());
  return found ? Number(found[1].replace(/[,_]/g, "")) * (found[2] ? SCALES[found[2]] : 1) : NaN;
};
