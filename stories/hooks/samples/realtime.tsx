import { useRealtime } from 'roomful';

export function Controls() {
  const client = useRealtime();
  return (
    <p>
      <button type="button" onClick={client.connect}>
        Connect
      </button>{' '}
      <button type="button" onClick={client.reconnect}>
        Reconnect
      </button>{' '}
      <button type="button" onClick={client.close}>
        Close
      </button>
    </p>
  );
}
