// Shows the connection in words for the people who use an app.
import type { ComponentPropsWithoutRef, ReactElement, ReactNode } from 'react';
import type { ConnectionState } from '../client/machine/view/view.js';
import { useRealtime } from '../react/context.js';
import { useConnectionState } from '../react/use-connection-state.js';
import { useCountdown } from './countdown.js';

/** The connection as a person sees it. During an interruption of less than five seconds it stays `'connected'`. */
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
  /** Whole seconds until the next attempt, or null if the client does not wait for one. */
  readonly retryIn: number | null;
  /** True if a button to connect at once makes sense. */
  readonly canRetry: boolean;
  /** Connects at once. */
  readonly retry: () => void;
}

export interface ConnectionStatusLabels {
  readonly phases: Readonly<Record<ConnectionPhase, string>>;
  readonly retry: string;
  readonly retryIn: (seconds: number) => string;
}

export interface ConnectionStatusProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /**
   * Other words, such as those of another language.
   *
   * @default English words
   */
  readonly labels?: {
    readonly [K in keyof ConnectionStatusLabels]?: K extends 'phases'
      ? Partial<ConnectionStatusLabels['phases']>
      : ConnectionStatusLabels[K];
  };
  /** Shows something else in place of the words and the button. Screen readers still announce each phase. */
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

/** Returns what `<ConnectionStatus>` shows, for a component of your own. */
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
 * Shows the state of the connection as a text that screen readers announce, the time of the next attempt, and a
 * button to try now. It has no styles. Use `data-phase` of the outer element in your styles, and `data-part` of its
 * parts: `label`, `retry-in` and `retry`.
 *
 * @example
 * <ConnectionStatus className="status" labels={{ retry: 'Try now' }} />
 */
export function ConnectionStatus({ labels, children, ...rest }: ConnectionStatusProps): ReactElement {
  const view = useConnectionStatus();
  const words = { ...english, ...labels, phases: { ...english.phases, ...labels?.phases } };
  const label = words.phases[view.phase];
  return (
    <div {...rest} data-phase={view.phase}>
      {/* The seconds stand outside, so that screen readers do not announce each of them. */}
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

/** Hides the text from sight, and not from screen readers. */
const hidden = {
  position: 'absolute',
  width: 1,
  height: 1,
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
} as const;
