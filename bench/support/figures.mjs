// Figures of repeated runs: the middle, and how far they lie apart.

export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** `median (min–max)`, or the figure alone where there is only one. */
export function shown({ median, min, max }, format) {
  return min === max ? format(median) : `${format(median)} (${format(min)}–${format(max)})`;
}

export const thousands = (value) => `${(value / 1_000).toFixed(1)}k`;
export const fixed = (digits) => (value) => value.toFixed(digits);
export const whole = (value) => value.toLocaleString('en-US');
