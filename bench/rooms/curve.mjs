// A curve in characters: the x axis in powers of ten, the y axis from nought.

const height = 8;
const width = 48;

/** `points`: at least two, `at` rising. */
export function curve(points, { x, y }) {
  const top = Math.max(...points.map(({ value }) => value)) || 1;
  const [first, last] = [Math.log10(points[0].at), Math.log10(points.at(-1).at)];
  const column = (at) => Math.round(((Math.log10(at) - first) / (last - first || 1)) * (width - 1));
  const row = (value) => height - 1 - Math.round((value / top) * (height - 1));
  const grid = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  for (const [index, { at, value }] of points.entries()) {
    const next = points[index + 1];
    // The line to the next point, then the point itself.
    if (next)
      for (let col = column(at); col < column(next.at); col++)
        grid[row(value + ((next.value - value) * (col - column(at))) / (column(next.at) - column(at)))][col] =
          '·';
  }
  for (const { at, value } of points) grid[row(value)][column(at)] = '●';
  const label = top.toPrecision(3);
  const lines = grid.map(
    (cells, index) =>
      `${(index === 0 ? label : index === height - 1 ? '0' : '').padStart(label.length)} │${cells.join('').trimEnd()}`,
  );
  const axis = Array.from({ length: width }, () => ' ');
  for (const { at } of points) {
    const text = at.toLocaleString('en-US');
    const from = Math.min(width - text.length, Math.max(0, column(at) - Math.floor(text.length / 2)));
    axis.splice(from, text.length, ...text);
  }
  return [
    `${y}`,
    ...lines,
    `${' '.repeat(label.length)} └${'─'.repeat(width)}`,
    `${' '.repeat(label.length)}  ${axis.join('').trimEnd()} ${x}`,
  ].join('\n');
}
