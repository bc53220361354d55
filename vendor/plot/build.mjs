// Observable Plot with what the pages use of it, as one script that defines Plot, and the licences of all that is in it.
import { build } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const home = "../../src/isoflop/faces/pages/";
const { metafile } = await build({
  stdin: { contents: 'export { areaY, dot, line, plot, text } from "@observablehq/plot";', resolveDir: "." },
  bundle: true, minify: true, format: "iife", globalName: "Plot", metafile: true, outfile: `${home}plot.js`,
});
const packages = [...new Set(Object.keys(metafile.inputs).map((one) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(one)?.[1]).filter(Boolean))].sort();
const about = packages.map((name) => {
  const folder = join("node_modules", name), { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return { line: `${name} ${version} (${license})`, text: file ? readFileSync(join(folder, file), "utf8").trim() : "" };
});
const script = readFileSync(`${home}plot.js`, "utf8");
writeFileSync(`${home}plot.js`, `/* Licences in full: plot.LICENSES.txt of isoflop. ${about.map((one) => one.line).join(", ")} */\n${script}`);
writeFileSync(`${home}plot.LICENSES.txt`, about.map((one) => `${one.line}\n\n${one.text}\n`).join("\n----\n\n"));
