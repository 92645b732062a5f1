// What does the connection do, in words for a person?
import type { ConnectionState } from 'roomful';

export interface Words {
  /** How much it asks to be looked at. */
  readonly tone: 'good' | 'quiet' | 'loud';
  readonly title: string;
  readonly detail: string | null;
}

const kept = 'What you write is kept and sent later.';

export function wordsFor(state: ConnectionState): Words {
  switch (state.status) {
    case 'idle':
      return { tone: 'quiet', title: 'Not connected yet', detail: null };
    case 'connecting':
    case 'authenticating':
      return { tone: 'quiet', title: 'Connecting…', detail: null };
    case 'connected':
      return { tone: 'good', title: 'Connected', detail: null };
    case 'reconnecting':
      return state.lost
        ? { tone: 'loud', title: 'Connection lost', detail: kept }
        : { tone: 'quiet', title: 'Reconnecting…', detail: null };
    case 'offline':
      return { tone: 'loud', title: 'This device is offline', detail: kept };
    case 'needs-auth':
      return { tone: 'loud', title: 'The server asks who you are', detail: state.reason.reason || null };
    case 'closed':
      return { tone: 'loud', title: 'Disconnected', detail: state.reason.reason || null };
    default:
      return state satisfies never;
  }
}
