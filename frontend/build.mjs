// Bundles frontend/ into src/posthouse/web/static/build/ under names that never change.

import { readFileSync, writeFileSync, readdirSync, rmSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const OUT = "src/posthouse/web/static/build";
const ICONS = "node_modules/@tabler/icons/icons/outline";

rmSync(OUT, { recursive: true, force: true });

await build({
  entryPoints: ["theme.js", "app.js", "chart.js", "app.css"].map((name) => `frontend/${name}`),
  outdir: OUT,
  bundle: true,
  minify: true,
  target: ["chrome123", "firefox128", "safari17.5"], // the first with light-dark(), which Tabler needs
  assetNames: "[name]",
  loader: { ".woff2": "file" },
  legalComments: "eof",
  logLevel: "warning",
});

writeFileSync(`${OUT}/sprite.svg`, sprite(readFileSync("frontend/icons.txt", "utf8").trim().split("\n")));

writeFileSync(`${OUT}/LICENSES.txt`, licences());

for (const name of readdirSync(OUT).filter((name) => /\.(js|css|svg)$/.test(name))) {
  const content = readFileSync(`${OUT}/${name}`);
  writeFileSync(`${OUT}/${name}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`${OUT}/${name}.br`, brotliCompressSync(content));
}

// One <symbol> an icon; a name that Tabler does not have ends the build.
function sprite(names) {
  const symbols = names.map((name) => {
    const drawing = readFileSync(`${ICONS}/${name}.svg`, "utf8").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
    const paths = drawing.replace(/<path stroke="none"[^>]*\/>/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"`
      + ` stroke-linecap="round" stroke-linejoin="round">${paths}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`;
}

// The licence of every package whose code or font is in the bundle goes along with it.
function licences() {
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  return Object.keys(devDependencies)
    .filter((name) => name !== "esbuild")
    .map((name) => {
      const folder = `node_modules/${name}`;
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const { license, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      const text = file ? readFileSync(`${folder}/${file}`, "utf8") : `Licence: ${license}\n`;
      return `=== ${name} ${version} ===\n\n${text}`;
    })
    .join("\n");
}
