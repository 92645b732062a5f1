import { useConnectionState, useRealtime } from 'roomful';

export function Connection() {
  const state = useConnectionState();
  const client = useRealtime();
  return (
    <>
      <p className="figure" data-status={state.status}>
        {state.status}
      </p>
      <dl>
        {state.status === 'connected' && (
          <>
            <dt>Over</dt>
            <dd>
              {state.transport}, {state.codec}
            </dd>
            <dt>Recovered</dt>
            <dd>{state.recovered ? 'yes' : 'no'}</dd>
          </>
        )}
        {state.status === 'reconnecting' && (
          <>
            <dt>Attempt</dt>
            <dd>{state.attempt}</dd>
            <dt>Because</dt>
            <dd>
              {state.reason.code} {state.reason.reason}
            </dd>
            <dt>Lost</dt>
            <dd>{state.lost ? 'yes: worth telling a person' : 'no: it may be back in a moment'}</dd>
          </>
        )}
        {(state.status === 'needs-auth' || state.status === 'closed') && (
          <>
            <dt>Because</dt>
            <dd>
              {state.reason.code} {state.reason.reason}
            </dd>
          </>
        )}
      </dl>
      {(state.status === 'idle' || state.status === 'needs-auth' || state.status === 'closed') && (
        <button type="button" onClick={client.connect}>
          Connect
        </button>
      )}
    </>
  );
}
