// Everything that can happen to the client. An event from a socket or a token request carries the number of its
// attempt.
import type { ServerFrame } from '../../../protocol/frames.js';
import type { Transport } from './connection-state.js';
import type { Entry } from './entry.js';
import type { PresenceValue } from './room-state.js';
import type { Session } from './state.js';

/** A durable message that the app sends. */
export interface Outgoing {
  readonly id: string;
  readonly room: string;
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
  readonly displayData: unknown;
  readonly bytes: number;
  readonly ttl: number | null;
  readonly coalesceKey: string | null;
}

/** A message that was read from storage. */
export interface Restored {
  readonly room: string;
  readonly entry: Entry;
}

export type Event =
  | { readonly type: 'connect' | 'reconnect' | 'close' | 'tick' | 'pump' }
  | {
      readonly type: 'opened';
      readonly attempt: number;
      readonly transport: Transport;
      readonly codec: string;
      readonly token: string | null;
    }
  | { readonly type: 'received'; readonly attempt: number; readonly frames: readonly ServerFrame[] }
  | { readonly type: 'lost'; readonly attempt: number; readonly code: number; readonly reason: string }
  | { readonly type: 'token'; readonly attempt: number; readonly token: string | null }
  | { readonly type: 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow' }
  | {
      readonly type: 'retain';
      readonly room: string;
      readonly history: number;
      readonly presence: PresenceValue | null;
      /** The same as the room's contract reads it, if that is another value. */
      readonly shown?: PresenceValue | null | undefined;
    }
  | { readonly type: 'release'; readonly room: string }
  | {
      readonly type: 'list-retain';
      readonly room: string;
      readonly list: string;
      readonly limit: number;
      readonly ref: number;
    }
  | { readonly type: 'list-release'; readonly room: string; readonly list: string }
  | {
      readonly type: 'history';
      readonly ref: number;
      readonly room: string;
      readonly before: number | null;
      readonly limit: number;
      readonly list: string | null;
    }
  | { readonly type: 'send'; readonly messages: readonly Outgoing[] }
  | { readonly type: 'restored'; readonly session: Session; readonly messages: readonly Restored[] }
  | {
      readonly type: 'stored';
      readonly records: readonly (readonly [room: string, id: string, seq: number | null])[];
    }
  | { readonly type: 'storage-lost' | 'disowned' }
  | { readonly type: 'contract'; readonly room: string }
  | { readonly type: 'retry' | 'discard' | 'abort'; readonly room: string; readonly id: string }
  | {
      readonly type: 'broadcast';
      readonly room: string;
      readonly message: string;
      readonly version: number;
      readonly data: unknown;
    }
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly patch: PresenceValue;
      /** The whole presence as the room's contract reads it, if that is another value. */
      readonly shown?: PresenceValue | null | undefined;
    };
