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

export const rounded = ({ median, min, max }, digits = 0) => ({
  median: Number(median.toFixed(digits)),
  min: Number(min.toFixed(digits)),
  max: Number(max.toFixed(digits)),
});

/**
 * How many times a figure of each of `ours` is that of each peer. Taken inside a round, where both sides met the same neighbours.
 * `runs`: by kind, what each round measured.
 */
export function ratiosOf(runs, ours, figure) {
  const peers = [...runs.keys()].filter((kind) => !ours.includes(kind));
  const pairs = ours.filter((kind) => runs.has(kind)).flatMap((over) => peers.map((under) => [over, under]));
  const ratioSpreads = Object.fromEntries(
    pairs.map(([over, under]) => [
      `${over}/${under}`,
      rounded(spread(runs.get(over).map((run, round) => figure(run) / figure(runs.get(under)[round]))), 2),
    ]),
  );
  return {
    ratios: Object.fromEntries(Object.entries(ratioSpreads).map(([name, { median }]) => [name, median])),
    ratioSpreads,
  };
}
