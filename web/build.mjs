// Builds the page into a folder: `node build.mjs ../public`. The same sources make the same files, to the byte.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const into = process.argv[2] ?? "../public";
const assets = join(into, "assets");
mkdirSync(assets, { recursive: true });
for (const old of readdirSync(assets)) rmSync(join(assets, old));

const { metafile } = await build({
  entryPoints: { page: "src/main.tsx" },
  outdir: assets,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome111", "firefox121", "safari16.4"],
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const [script, { cssBundle: styles }] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === "src/main.tsx");
const html = readFileSync("index.html", "utf8")
  .replace("{script}", `/assets/${basename(script)}`)
  .replace("{styles}", `/assets/${basename(styles)}`);
writeFileSync(join(into, "index.html"), html);
