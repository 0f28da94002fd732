import { svelte } from "@sveltejs/vite-plugin-svelte";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineConfig } from "vite";

// Writes licences.txt: those of the libraries whose code is in the page.
function licences() {
  const packageOf = (id) => {
    const inside = id.replaceAll("\0", "").match(/^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    return inside?.[1];
  };
  const textOf = (folder) => {
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
    const texts = names.map((name) => readFileSync(join(folder, name), "utf8").trim());
    return `${about.name} ${about.version} (${about.license})\n\n${texts.join("\n\n")}\n`;
  };
  return {
    name: "grid-licences",
    generateBundle(_, bundle) {
      const folders = new Set();
      for (const chunk of Object.values(bundle))
        for (const id of Object.keys(chunk.modules ?? {})) {
          const folder = packageOf(id);
          if (folder && existsSync(join(folder, "package.json"))) folders.add(folder);
        }
      const source = [...folders].sort().map(textOf).join(`\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), licences()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy forbids data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  server: {
    // `npm run dev` asks the grid serve at this address.
    proxy: { "/api": process.env.GRID_SERVER ?? "http://127.0.0.1:8080", "/login": process.env.GRID_SERVER ?? "http://127.0.0.1:8080" },
  },
});
