// Numbers that a run has left in its artifacts, by name: every number of a JSON file, by its path in
// it; of a CSV file the last value of each column, which after a training is that of its end.
import { api, artifactUrl, readPart, type Run } from "./api";
import { pathOf } from "./paths";

const sizeMax = 512 * 1024; // bytes of a file that is looked into
const numbersMax = 200; // of one file
const atOnce = 6;

export type Metrics = Map<string, number>;

export function metricsOfJson(text: string): Metrics {
  const found: Metrics = new Map();
  const visit = (value: unknown, name: string, depth: number): void => {
    if (found.size >= numbersMax || depth > 6) return;
    if (typeof value === "number" && Number.isFinite(value)) found.set(name, value);
    else if (Array.isArray(value)) {
      // Of a list, as of a column, the last.
      if (value.length > 0) visit(value[value.length - 1], name, depth + 1);
    } else if (typeof value === "object" && value !== null) for (const [key, inner] of Object.entries(value)) visit(inner, name ? `${name}.${key}` : key, depth + 1);
  };
  visit(JSON.parse(text), "", 0);
  return found;
}

export function metricsOfCsv(text: string): Metrics {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const separator = lines[0]?.includes("\t") ? "\t" : ",";
  const cells = (line: string | undefined): string[] => (line ?? "").split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const names = cells(lines[0]), last = cells(lines[lines.length - 1]);
  const found: Metrics = new Map();
  if (lines.length > 1)
    names.slice(0, numbersMax).forEach((name, i) => {
      const value = last[i] ? Number(last[i]) : NaN;
      if (name && Number.isFinite(value)) found.set(name, value);
    });
  return found;
}

export const hasMetrics = (artifact: { path: string; size: number }): boolean => /\.(json|csv|tsv)$/i.test(artifact.path) && artifact.size > 0 && artifact.size <= sizeMax;

// Which files with metrics the experiments have, the most common first.
export async function metricFiles(runs: Run[], signal: AbortSignal): Promise<string[]> {
  const times = new Map<string, number>();
  for (const run of runs.filter((one) => one.ended).slice(0, 3)) {
    const { artifacts } = await api.artifacts(run.name, signal);
    for (const one of artifacts.filter(hasMetrics).slice(0, 50)) times.set(pathOf(one), (times.get(pathOf(one)) ?? 0) + 1);
  }
  return [...times].sort((a, b) => b[1] - a[1]).map(([path]) => path);
}

// The metrics of a file of each experiment, by the run's name; an experiment without the file has none.
export async function readMetrics(runs: Run[], path: string, signal: AbortSignal, give: (run: string, metrics: Metrics) => void): Promise<void> {
  const left = [...runs];
  const read = async (): Promise<void> => {
    for (let run = left.shift(); run && !signal.aborted; run = left.shift()) {
      try {
        const { bytes } = await readPart(artifactUrl(run.name, path), 0, sizeMax, signal);
        const text = new TextDecoder().decode(bytes);
        give(run.name, /\.json$/i.test(path) ? metricsOfJson(text) : metricsOfCsv(text));
      } catch {
        // It has no such file, or one that is none of its kind.
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, read));
}
