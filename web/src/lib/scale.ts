// Where values lie between the ends of an axis, from 0 to 1. Numbers that span much lie by their
// logarithm; what is no number lies in the order in which it came.
export interface Scale { at: (value: string | number) => number; ticks: (string | number)[]; isNumber: boolean }

const logarithmicFrom = 50; // times: the largest to the smallest

export function scaleOf(values: (string | number)[]): Scale {
  const distinct = [...new Set(values)];
  const isNumber = distinct.length > 0 && distinct.every((value) => value !== "" && Number.isFinite(Number(value)));
  if (!isNumber) {
    const last = Math.max(1, distinct.length - 1);
    return { at: (value) => (distinct.length > 1 ? distinct.indexOf(value) / last : 0.5), ticks: distinct.slice(0, 8), isNumber };
  }
  const numbers = distinct.map(Number);
  const low = Math.min(...numbers), high = Math.max(...numbers);
  const isLogarithmic = low > 0 && high / low > logarithmicFrom;
  const place = (value: number): number => (isLogarithmic ? Math.log(value) : value);
  return { at: (value) => (high > low ? (place(Number(value)) - place(low)) / (place(high) - place(low)) : 0.5), ticks: high > low ? [low, high] : [low], isNumber };
}
