// Compiles the cutter to cutter.wasm: node cutter/build.mjs
// With Debian's clang and lld, from the C sources of BLAKE3 that the program is built of too.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const registry = "/usr/share/cargo/registry";
const blake3 = existsSync(registry) ? readdirSync(registry).filter((name) => name.startsWith("blake3-")).map((name) => join(registry, name, "c"))[0] : undefined;
if (!blake3) throw new Error("there are no C sources of BLAKE3: scripts/install-deps build");

const exported = ["slice_place", "chunks_place", "slice_size_max", "cut_slice"];
const common = ["--target=wasm32", "-O3", "-mbulk-memory", "-msimd128", "-nostdlib", "-fno-builtin-strlen", "-fvisibility=hidden",
  `-I${join(here, "shim")}`, `-I${join(here, "../../src")}`, `-I${blake3}`, "-c"];
const folder = mkdtempSync(join(tmpdir(), "grid-cutter-"));
try {
  const objects = [];
  const compile = (compiler, path, more) => {
    const object = join(folder, `${objects.length}.o`);
    execFileSync(compiler, [...common, ...more, path, "-o", object], { stdio: "inherit" });
    objects.push(object);
  };
  for (const name of ["blake3.c", "blake3_portable.c", "blake3_dispatch.c"]) compile("clang-14", join(blake3, name), []);
  compile("clang++-14", join(here, "cutter.cc"), ["-std=c++20", "-nostdinc++", "-fno-exceptions", "-fno-rtti"]);
  execFileSync("wasm-ld-14", ["--no-entry", "--strip-all", "-O2", ...exported.map((name) => `--export=${name}`), ...objects, "-o", join(here, "cutter.wasm")], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true });
}
