// Lines of equal value of a function of two quantities, by marching squares over a grid that is even in their logarithms;
// each point is then sought on its edge of the grid until the function has the value there, to nine digits.
import { zero } from "./planner.js";

const BEYOND = 50; // stands for the logarithm of a value where there is none: it is never to be had there

// at: (x, y) → value, NaN where there is none; x, y: the ends; counts: cells along each. Gives, for each level, its lines,
// lists of { level, x, y }.
export const linesOf = ({ at, x, y, counts: [across, up] }, levels) => {
  const place = ([low, high], count) => (i) => Math.log(low) + (Math.log(high / low) * i) / count, u = place(x, across), v = place(y, up);
  const value = (a, b) => { const found = Math.log(at(Math.exp(a), Math.exp(b))); return Number.isNaN(found) ? BEYOND : Math.min(found, BEYOND); };
  const grid = Array.from({ length: across + 1 }, (_, i) => Array.from({ length: up + 1 }, (_, j) => value(u(i), v(j))));
  return levels.map((level) => joined(grid, level, Math.log(level), { u, v, value }));
};

// An edge is named by the node where it begins and whether it goes up.
const name = (i, j, goesUp) => `${i} ${j} ${Number(goesUp)}`;

const joined = (grid, level, height, { u, v, value }) => {
  const beside = new Map(); // which edges that the line crosses are joined by a piece of it
  const join = (one, other) => { for (const [from, to] of [[one, other], [other, one]]) beside.set(from, [...(beside.get(from) ?? []), to]); };
  for (let i = 0; i + 1 < grid.length; i++) for (let j = 0; j + 1 < grid[0].length; j++) {
    const above = (a, b) => grid[a][b] > height, corners = [above(i, j), above(i + 1, j), above(i + 1, j + 1), above(i, j + 1)];
    const edges = [name(i, j, false), name(i + 1, j, true), name(i, j + 1, false), name(i, j, true)].filter((_, k) => corners[k] !== corners[(k + 1) % 4]);
    for (let k = 0; k < edges.length; k += 2) join(edges[k], edges[k + 1]);
  }
  const point = (edge) => {
    const [i, j, goesUp] = edge.split(" ").map(Number), [a, b] = [u(i), v(j)];
    const x = goesUp ? a : zero((one) => value(one, b) - height, a, u(i + 1)), y = goesUp ? zero((one) => value(a, one) - height, b, v(j + 1)) : b;
    return { level, x: Math.exp(x), y: Math.exp(y) };
  };
  const walked = new Set(), lines = [];
  const walk = (first) => {
    const line = [];
    for (let edge = first; edge !== undefined; edge = beside.get(edge).find((one) => !walked.has(one))) { walked.add(edge); line.push(point(edge)); }
    if (beside.get(first).length > 1 && line.length > 2) line.push(line[0]); // it closes
    lines.push(line);
  };
  for (const ends of [true, false]) for (const [edge, next] of beside) if (!walked.has(edge) && (next.length === 1) === ends) walk(edge);
  return lines;
};
