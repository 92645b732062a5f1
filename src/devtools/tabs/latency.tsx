// A plot of the round trips.
import type { ReactElement } from 'react';
import type { Latency } from '../../client/machine/model/state.js';
import type { RoundTrip } from '../recording/recorder.js';

/** Space above the highest point. */
const marginTop = 4;

const [width, height] = [600, 80];

export function LatencyPlot({
  trips,
  latency,
}: {
  readonly trips: readonly RoundTrip[];
  readonly latency: Latency | null;
}): ReactElement {
  if (!latency || trips.length === 0)
    return (
      <p className="empty">No round trip was measured since this was opened: one is, with each heartbeat.</p>
    );
  const highestMs = Math.max(...trips.map(({ ms }) => ms), 1);
  const points = trips.map(({ ms }, index) => {
    const x = (index / Math.max(1, trips.length - 1)) * width;
    const y = height - (ms / highestMs) * (height - marginTop);
    return `${x},${y}`;
  });
  const figures = [
    `last ${latency.last.toFixed(1)} ms`,
    `average ${latency.average.toFixed(1)} ms`,
    `jitter ${latency.jitter.toFixed(1)} ms`,
    `highest ${highestMs.toFixed(1)} ms`,
  ].join(', ');
  return (
    <figure className="latency">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none">
        <title>Round trips over time</title>
        <polyline points={trips.length > 1 ? points.join(' ') : `0,${height / 2} ${width},${height / 2}`} />
      </svg>
      <figcaption>{figures}</figcaption>
    </figure>
  );
}
