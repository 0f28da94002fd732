// Numbers, sizes and times as people read them.
const numbers = new Intl.NumberFormat("en");
export const count = (value: number): string => numbers.format(value);

const units = ["B", "kB", "MB", "GB", "TB", "PB"];
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000;
    ++unit;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
export function ago(time: string | number, now: number = Date.now()): string {
  const then = typeof time === "number" ? time : Date.parse(time);
  if (!Number.isFinite(then)) return "";
  const seconds = (then - now) / 1000;
  for (const [unit, length] of steps) if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  return "just now";
}

const times = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
export function exactTime(time: string | number): string {
  const then = typeof time === "number" ? time : Date.parse(time);
  return Number.isFinite(then) ? times.format(then) : "";
}

const days = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
export const shortTime = (ms: number): string => (Number.isFinite(ms) ? days.format(ms) : "");

export function duration(seconds: number): string {
  if (seconds < 0.95) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.round((seconds % 86400) / 3600)} h`;
}
