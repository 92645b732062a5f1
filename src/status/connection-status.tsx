// What the connection does, in words for the people who use an app.
import type { ComponentPropsWithoutRef, ReactElement, ReactNode } from 'react';
import type { ConnectionState } from '../client/machine/view/view.js';
import { useRealtime } from '../react/context.js';
import { useConnectionState } from '../react/use-connection-state.js';
import { useCountdown } from './countdown.js';

/** What a person needs to know. An interruption of less than five seconds is none: until then it is `'connected'`. */
export type ConnectionPhase =
  | 'idle'
  | 'connecting'
  | 'connected'
  | 'lost'
  | 'offline'
  | 'needs-auth'
  | 'closed';

export interface ConnectionStatusView {
  readonly phase: ConnectionPhase;
  readonly state: ConnectionState;
  /** Whole seconds until the next attempt, while one is waited for; null otherwise. */
  readonly retryIn: number | null;
  /** Whether to try at once makes sense. */
  readonly canRetry: boolean;
  /** Tries at once. */
  readonly retry: () => void;
}

export interface ConnectionStatusLabels {
  readonly phases: Readonly<Record<ConnectionPhase, string>>;
  readonly retry: string;
  readonly retryIn: (seconds: number) => string;
}

export interface ConnectionStatusProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /** Other words, such as those of another language. Default English. */
  readonly labels?: {
    readonly [K in keyof ConnectionStatusLabels]?: K extends 'phases'
      ? Partial<ConnectionStatusLabels['phases']>
      : ConnectionStatusLabels[K];
  };
  /** What to show instead of the words and the button. What changes the phase is announced all the same. */
  readonly children?: (view: ConnectionStatusView) => ReactNode;
}

const english: ConnectionStatusLabels = {
  phases: {
    idle: 'Not connected',
    connecting: 'Connecting …',
    connected: 'Connected',
    lost: 'Connection lost. What you write is kept and sent later.',
    offline: 'You are offline. What you write is kept and sent later.',
    'needs-auth': 'Please sign in again.',
    closed: 'Disconnected',
  },
  retry: 'Retry now',
  retryIn: (seconds) => (seconds > 0 ? `Next try in ${seconds} s` : 'Trying …'),
};

const phaseOf = (state: ConnectionState): ConnectionPhase => {
  if (state.status === 'connecting' || state.status === 'authenticating') return 'connecting';
  if (state.status === 'reconnecting') return state.lost ? 'lost' : 'connected';
  return state.status;
};

/** What `<ConnectionStatus>` shows, for one of your own. */
export function useConnectionStatus(): ConnectionStatusView {
  const client = useRealtime();
  const state = useConnectionState();
  const phase = phaseOf(state);
  const retryIn = useCountdown(phase === 'lost' && state.status === 'reconnecting' ? state.retryAt : null);
  return {
    phase,
    state,
    retryIn,
    canRetry: phase === 'lost' || phase === 'offline' || phase === 'needs-auth' || phase === 'closed',
    retry: client.reconnect,
  };
}

/**
 * What the connection does: a text that screen readers announce politely, when the next try is, and a button to try now. Unstyled: `data-phase` on the outer element, and `data-part` on
 * `label`, `retry-in` and `retry`, are what styles hold on to.
 */
export function ConnectionStatus({ labels, children, ...rest }: ConnectionStatusProps): ReactElement {
  const view = useConnectionStatus();
  const words = { ...english, ...labels, phases: { ...english.phases, ...labels?.phases } };
  const label = words.phases[view.phase];
  return (
    <div {...rest} data-phase={view.phase}>
      {/* The seconds stand outside: nobody wants to hear each of them. */}
      <output data-part="label" {...(children ? { style: hidden } : {})}>
        {label}
      </output>
      {children ? (
        children(view)
      ) : (
        <>
          {view.retryIn !== null && <span data-part="retry-in">{words.retryIn(view.retryIn)}</span>}
          {view.canRetry && (
            <button type="button" data-part="retry" onClick={view.retry}>
              {words.retry}
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** Out of sight, and still read. */
const hidden = {
  position: 'absolute',
  width: 1,
  height: 1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
} as const;
