// What can a visitor break, to see it mend?
import { useRealtime } from 'roomful';
import { useState, useSyncExternalStore } from 'react';
import { network } from './cuttable-socket.js';
import { CutIcon, RestartIcon, SignalIcon } from './icons.js';

export function NetworkControls() {
  return (
    <div className="controls">
      <NetworkSwitch />
      <RestartButton />
    </div>
  );
}

function NetworkSwitch() {
  const client = useRealtime();
  const isCut = useSyncExternalStore(network.subscribe, network.isCut);
  const restore = (): void => {
    network.restore();
    // A real network tells the browser that it is back, and the client tries at once. This one is only played.
    client.reconnect();
  };
  return isCut ? (
    <button type="button" className="button primary" onClick={restore}>
      <SignalIcon /> Restore network
    </button>
  ) : (
    <button
      type="button"
      className="button"
      onClick={() => {
        network.cut();
      }}
    >
      <CutIcon /> Cut network
    </button>
  );
}

function RestartButton() {
  const [state, setState] = useState<'ready' | 'restarting' | 'failed'>('ready');
  const restart = async (): Promise<void> => {
    setState('restarting');
    try {
      const { ok } = await fetch('/control/restart', { method: 'POST' });
      setState(ok ? 'ready' : 'failed');
    } catch {
      setState('failed');
    }
  };
  return (
    <button
      type="button"
      className="button"
      aria-disabled={state === 'restarting'}
      onClick={() => {
        if (state !== 'restarting') void restart();
      }}
    >
      <RestartIcon />
      {state === 'restarting'
        ? 'Restarting…'
        : state === 'failed'
          ? 'No answer: try again'
          : 'Restart server'}
    </button>
  );
}
