// How a file is previewed, by the ending of its name.
import type { Entry } from "./api";
import type { IconName } from "../parts/Icon.svelte";

export type Preview = "image" | "text" | "json" | "table" | "parquet" | "markdown" | "audio" | "video" | "numpy" | "pdf" | "hex";

const endings: Record<string, Preview> = {};
const say = (preview: Preview, list: string): void => {
  for (const ending of list.split(" ")) endings[ending] = preview;
};
say("image", "png jpg jpeg jfif gif webp avif bmp ico svg");
say("json", "json geojson ipynb");
say("table", "csv tsv tab");
say("parquet", "parquet pq");
say("markdown", "md markdown");
say("audio", "mp3 wav flac ogg oga opus m4a");
say("video", "mp4 webm m4v mov ogv mkv");
say("numpy", "npy");
say("pdf", "pdf");
say("text",
  "txt text log jsonl ndjson py pyi ipy c h cc cpp cxx hpp hh cu rs go java kt js mjs cjs ts tsx jsx svelte vue css scss html htm xml yaml yml toml ini cfg conf sh bash zsh fish sql r jl lua rb pl tex bib rst adoc cmake diff patch srt vtt env proto graphql dockerfile makefile gitignore license licence readme");

export function previewOf(path: string): Preview {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const dot = name.lastIndexOf(".");
  return endings[dot > 0 ? name.slice(dot + 1) : name.replace(/^\./, "")] ?? "hex";
}

export const isImage = (entry: Entry): boolean => (entry.kind === "file" || entry.kind === "hard_link") && previewOf(entry.path) === "image";

export function iconOf(entry: Entry): IconName {
  if (entry.kind === "folder") return "folder";
  if (entry.kind === "symlink") return "link";
  return isImage(entry) ? "image" : "file";
}
