// The tab with the connection's states over time, and the round trips.
import type { ReactElement } from 'react';
import type { ConnectionState } from '../../client/machine/view/view.js';
import { toDuration, toTime } from '../recording/format.js';
import type { TabProps } from './props.js';
import type { Span } from '../recording/recorder.js';
import { LatencyPlot } from './latency.js';

function detailOf(state: ConnectionState): string {
  if (state.status === 'connected')
    return `${state.transport}, ${state.codec}${state.recovered ? ', the session went on' : ''}`;
  if (state.status === 'reconnecting')
    return `attempt ${state.attempt}: ${state.reason.code} ${state.reason.reason}`;
  if (state.status === 'needs-auth' || state.status === 'closed')
    return `${state.reason.code} ${state.reason.reason}`;
  return 'attempt' in state ? `attempt ${state.attempt}` : '';
}

export function ConnectionTab({ recording: { at: now, spans, trips, state } }: TabProps): ReactElement {
  const newest = Array.from(spans.slice(-100).entries()).toReversed();
  const until = (index: number): number => spans.slice(-100)[index + 1]?.at ?? now;
  return (
    <>
      <Timeline spans={spans.slice(-100)} now={now} />
      <LatencyPlot trips={trips} latency={state.latency} />
      <table>
        <caption>States of the connection, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Since</th>
            <th scope="col">State</th>
            <th scope="col">For</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          {newest.map(([index, span]) => (
            <tr key={span.id}>
              <td>
                <time>{toTime(span.at)}</time>
              </td>
              <td>
                <span className={`dot is-${span.state.status}`} aria-hidden="true" />
                {span.state.status}
              </td>
              <td>{toDuration(until(index) - span.at)}</td>
              <td>{detailOf(span.state)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A bar in which each state of the connection has the width of its share of the last minutes. */
function Timeline({ spans, now }: { readonly spans: readonly Span[]; readonly now: number }): ReactElement {
  const from = spans[0]?.at ?? now;
  const whole = Math.max(1, now - from);
  const spoken = `The last ${toDuration(whole)}: ${spans
    .slice(-5)
    .map(({ state }) => state.status)
    .join(', ')}`;
  return (
    <svg className="timeline" viewBox="0 0 1000 20" preserveAspectRatio="none">
      <title>{spoken}</title>
      {spans.map((span, index) => {
        const [x, end] = [
          ((span.at - from) / whole) * 1_000,
          (((spans[index + 1]?.at ?? now) - from) / whole) * 1_000,
        ];
        return (
          <rect
            key={span.id}
            className={`is-${span.state.status}`}
            x={x}
            y={0}
            width={Math.max(1, end - x)}
            height={20}
          />
        );
      })}
    </svg>
  );
}
