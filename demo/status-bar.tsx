// How is the connection, in plain words, and what waits for it?
import { useConnectionState, useLatency, useOutbox, useRealtime } from 'roomful';
import { wordsFor } from './connection-words.js';
import { NetworkControls } from './network-controls.js';
import { useNow } from './use-now.js';

export function StatusBar() {
  const { tone, title, detail } = useConnectionState(wordsFor);
  return (
    <section className="status-bar" data-tone={tone} aria-label="Connection">
      <div className="state">
        <output className="words">
          <span className="lamp" aria-hidden="true" />
          <strong>{title}</strong>
          {detail && <span className="detail">{detail}</span>}
        </output>
        <NextTry />
      </div>
      <dl className="facts">
        <Latency />
        <Outbox />
      </dl>
      <NetworkControls />
    </section>
  );
}

/** Outside of the status text: a countdown read aloud each second would drown everything else. */
function NextTry() {
  const client = useRealtime();
  const retryAt = useConnectionState((state) => (state.status === 'reconnecting' ? state.retryAt : null));
  const isOver = useConnectionState(({ status }) => status === 'closed' || status === 'needs-auth');
  if (isOver)
    return (
      <button
        type="button"
        className="button small"
        onClick={() => {
          client.connect();
        }}
      >
        Connect again
      </button>
    );
  if (retryAt === null) return null;
  return (
    <p className="next-try">
      <Countdown to={retryAt} />
      <button
        type="button"
        className="button small"
        onClick={() => {
          client.reconnect();
        }}
      >
        Retry now
      </button>
    </p>
  );
}

function Countdown({ to }: { readonly to: number }) {
  const seconds = Math.ceil((to - useNow()) / 1_000);
  return <span className="countdown">{seconds > 0 ? `next try in ${seconds} s` : 'trying now'}</span>;
}

function Latency() {
  const average = useLatency()?.average;
  const isConnected = useConnectionState(({ status }) => status === 'connected');
  return (
    <div data-idle={!isConnected}>
      <dt>Latency</dt>
      <dd>
        {average === undefined || !isConnected ? '–' : average < 1 ? '< 1 ms' : `${Math.round(average)} ms`}
      </dd>
    </div>
  );
}

function Outbox() {
  const { pending, failed, progress } = useOutbox();
  return (
    <div>
      <dt>Outbox</dt>
      <dd>
        {progress ? (
          <label className="flush">
            <progress value={progress.done} max={progress.total} /> {progress.done} of {progress.total} sent
          </label>
        ) : (
          (pending.length > 0 || failed.length === 0) && (
            <span data-busy={pending.length > 0}>
              {pending.length ? `${pending.length} waiting` : 'empty'}
            </span>
          )
        )}
        {failed.length > 0 && <span className="refused">{failed.length} not sent</span>}
      </dd>
    </div>
  );
}
