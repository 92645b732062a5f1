// What can happen to the client. What comes from a socket or a token request carries the attempt that asked.
import type { ServerFrame } from '../../../protocol/frames.js';
import type { Transport } from './connection-state.js';
import type { Entry, Session } from './state.js';

export interface Outgoing {
  readonly id: string;
  readonly room: string;
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
  readonly shown: unknown;
  readonly bytes: number;
  readonly ttl: number | null;
  readonly coalesce: string | null;
}

/** A message as storage gave it back. */
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
      readonly presence: Readonly<Record<string, unknown>> | null;
      /** What the contract makes of it, where that is another. */
      readonly shown?: Readonly<Record<string, unknown>> | null | undefined;
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
      readonly patch: Readonly<Record<string, unknown>>;
      /** What the contract makes of the whole, where that is another. */
      readonly shown?: Readonly<Record<string, unknown>> | null | undefined;
    };
