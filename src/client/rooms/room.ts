// A room as an app sees it.
import type { PresenceIn, SendOf, TypeOf } from '../../contract/infer.js';
import type { RealtimeError } from '../../protocol/error.js';
import type { Receipt } from '../machine/model/effects.js';
import type { Continuity } from '../machine/model/room-state.js';
import type { RoomStatus } from '../machine/view/view.js';
import type { MessageIn } from './types.js';

export interface SendOptions {
  /**
   * How long the message may wait to be sent, in ms. After that it fails with `expired`, or with `in-doubt` if it was
   * sent and the server put it off.
   *
   * @default the `ttl` of the client's `outbox`
   */
  readonly ttl?: number;
  /**
   * A key for messages of which only the newest counts. A newer message with the same key replaces this one, as long as
   * this one was not sent. Both promises settle with the newer message.
   */
  readonly coalesce?: string;
  /** Takes the message back, if it was not sent yet: `send` rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

export interface HistoryOptions {
  /**
   * An offset: only entries before it are returned.
   *
   * @default the end of the log
   */
  readonly before?: number;
  /**
   * The largest number of entries to return.
   *
   * @default 50
   */
  readonly limit?: number;
}

export interface ListenOptions<R, T extends TypeOf<R>> {
  /**
   * Fields and values: the handler is called only for messages whose data has these values, compared by `Object.is`. A
   * message costs no more if a thousand handlers each ask for a value of their own.
   *
   * @default all messages of the type
   */
  readonly where?: Partial<MessageIn<R, T>['data']>;
}

/**
 * A room of a client: it sends messages, hears them, and shows your presence to the other members.
 *
 * `client.room(…)` returns the same object for as long as the room is used or you keep the object. Its `status`,
 * `continuity` and `error` are always current. `useRoom` returns another object after each change of these three, and
 * that object keeps the values that the component rendered with.
 *
 * @example
 * const room = client.room(chat, { id: '1' });
 * const stop = room.on('said', ({ data }) => console.log(data.text));
 * await room.send('said', { text: 'hello' });
 * stop();
 * room.leave();
 */
export interface Room<R = string> {
  readonly id: string;
  readonly status: RoomStatus;
  /** Says whether you have all messages since the last join: the client may have missed some, or started anew. */
  readonly continuity: Continuity;
  /** Why the room cannot be joined, or null. */
  readonly error: RealtimeError | null;
  /**
   * Sends a durable message. It goes into the room's log, and it waits in the outbox while the client is offline.
   * Resolves once the message is in the log. Rejects with a {@link RealtimeError}:
   *
   * - `invalid`: the data does not fit the contract or is too large;
   * - `rejected` and other codes: the server refused the message;
   * - `expired`, `overflow`, `aborted`: the outbox gave the message up before it was sent;
   * - `closed`: the client was closed before the message was sent;
   * - `in-doubt`: the message was sent, and no answer will come. It may be in the log.
   */
  send<T extends TypeOf<R>>(type: T, data: SendOf<R, T>, options?: SendOptions): Promise<Receipt>;
  /**
   * Sends a message to the members who are connected now. It is not logged. Returns false, and sends nothing, if the
   * room is not joined.
   *
   * @throws RealtimeError `invalid` if the data does not fit the contract or is too large
   */
  broadcast<T extends TypeOf<R>>(type: T, data: SendOf<R, T>): boolean;
  /**
   * Merges `patch` into your presence, which the other members see. The client sends changes at most every 50 ms.
   *
   * @throws RealtimeError `invalid` if the whole presence does not fit the contract or is too large
   */
  setPresence(patch: Partial<PresenceIn<R>>): void;
  /**
   * Reads entries of the log, oldest first. Rejects with `rejected` if the user may not read it, `denied` if the user
   * may not join the room, `unavailable` if the server cannot answer now, or `closed` if the client is closed.
   */
  history(options?: HistoryOptions): Promise<MessageIn<R>[]>;
  /**
   * Calls `handler` once for each message of this type, in order, broadcasts included. Returns a function that stops
   * it.
   */
  on<T extends TypeOf<R>>(
    type: T,
    handler: (message: MessageIn<R, T>) => void,
    options?: ListenOptions<R, T>,
  ): () => void;
  /** Ends one `client.room(…)`. The client leaves the room a second after its last holder is gone. */
  leave(): void;
}
