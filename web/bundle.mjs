// Makes the page and packs it for the compiler:
//   node bundle.mjs FOLDER NPM
// Writes FOLDER/page_data.bin, all files of the page one after the other, page_data.S, which puts
// these bytes into the program, and page_files.cc, the table of server/page_files.h.
//
// What was made last stays in web/dist and is used again, by every build folder, until something
// that it was made of changes.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const [folder, npm = "npm"] = process.argv.slice(2);
if (!folder) throw new Error("usage: node bundle.mjs FOLDER NPM");

const filesBelow = (path) =>
  statSync(path).isFile() ? [path] : readdirSync(path).sort().flatMap((name) => filesBelow(join(path, name)));
const textOf = (path) => (existsSync(path) ? readFileSync(path, "utf8") : "");

function digestOf(names) {
  const digest = createHash("sha256");
  for (const path of names.map((name) => join(here, name)).flatMap(filesBelow))
    digest.update(relative(here, path) + "\0").update(readFileSync(path)).update("\0");
  return digest.digest("hex");
}

function run(command, args) {
  try {
    execFileSync(command, args, { cwd: here, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ""}${error.stderr ?? ""}\n`);
    console.error(`building the page failed: ${[command, ...args].join(" ")}; to build without it: -DGRID_WEB=OFF`);
    process.exit(1);
  }
}

// The libraries, as the lock file pins them. Those for checks may be there too, or not.
const locked = JSON.parse(textOf(join(here, "package-lock.json"))).packages;
const installed = JSON.parse(textOf(join(here, "node_modules", ".package-lock.json")) || "{}").packages ?? {};
const isMissing = ([path, { dev, optional, version }]) => path && !dev && !optional && installed[path]?.version !== version;
if (Object.entries(locked).some(isMissing))
  run(npm, ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);

const made = join(here, "dist", ".made-of");
const inputs = digestOf([
  "package.json", "package-lock.json", "bundle.mjs", "vite.config.js", "svelte.config.js", "index.html", "public", "src",
  "cutter/cutter.cc", "cutter/build.mjs", "cutter/shim", "../src/store/chunker.cc", "../src/store/chunker.h",
]);
if (textOf(made) !== inputs) {
  rmSync(join(here, "dist"), { recursive: true, force: true });
  run(process.execPath, [join(here, "cutter/build.mjs")]);
  run(process.execPath, [join(here, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"]);
  writeFileSync(made, inputs);
}

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};
const dist = join(here, "dist");
const files = filesBelow(dist)
  .map((path) => ({ path: "/" + relative(dist, path), bytes: readFileSync(path) }))
  .filter((file) => !file.path.startsWith("/."))
  .sort((a, b) => (a.path < b.path ? -1 : 1));
const parts = [];
let size = 0;
const rows = files.map(({ path, bytes }) => {
  const type = types[extname(path)];
  if (!type) throw new Error(`${path}: bundle.mjs knows no content type for it`);
  const content = gzipSync(bytes, { level: 9 });
  const etag = createHash("sha256").update(bytes).digest("hex").slice(0, 20);
  parts.push(content);
  size += content.length;
  return `      PageFile{"${path}", "${type}", "\\"${etag}\\"", true,
               {grid_page_data + ${size - content.length}, ${content.length}}},`;
});

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "page_data.bin"), Buffer.concat(parts));
writeFileSync(
  join(folder, "page_data.S"),
  `    .section .rodata
    .global grid_page_data
grid_page_data:
    .incbin "${join(folder, "page_data.bin")}"
    .section .note.GNU-stack, "", %progbits
`,
);
writeFileSync(
  join(folder, "page_files.cc"),
  `// Written by web/bundle.mjs.
#include "server/page_files.h"

extern "C" const std::byte grid_page_data[];

namespace grid::server {

std::span<const PageFile> page_files() {
  static const PageFile files[] = {
${rows.join("\n")}
  };
  return files;
}

}  // namespace grid::server
`,
);
