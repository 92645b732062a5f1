import { useLatency } from 'roomful';

export function RoundTrip() {
  const latency = useLatency();
  if (!latency) return <p>Not measured yet.</p>;
  return (
    <>
      <p className="figure">{Math.round(latency.last)} ms</p>
      <dl>
        <dt>Average</dt>
        <dd>{latency.average.toFixed(1)} ms</dd>
        <dt>Jitter</dt>
        <dd>{latency.jitter.toFixed(1)} ms</dd>
      </dl>
    </>
  );
}
