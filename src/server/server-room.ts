// The server as a sender of messages in its own rooms.
import type { AnyContract } from '../contract/define-room.js';
import { checkMessage, readMessage } from '../contract/validate.js';
import { RealtimeError } from '../protocol/error.js';
import type { EntryTuple, MemberTuple } from '../protocol/frames.js';
import type { ServerPorts } from './ports/ports.js';
import { findRoom } from './rooms/find-room.js';
import type { Settings } from './settings.js';

/** A message in the log of a room, as the server reads it. */
export interface LoggedMessage {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly offset: number;
  readonly timestamp: number;
  /** Null for a message of the server itself. */
  readonly sender: { readonly id: string; readonly user: MemberTuple[1] } | null;
}

/** A room as the server uses it. */
export interface ServerRoom {
  readonly id: string;
  /**
   * Appends a message of the server, whose `sender` is null. Rejects with `invalid`, `unknown-type` or
   * `denied`.
   */
  send(
    type: string,
    data: unknown,
  ): Promise<{
    readonly offset: number;
    readonly epoch: string;
    readonly timestamp: number;
    /** The tag of a receipt: `epoch`, `offset` and `tag` together name one message for good. */
    readonly tag?: string;
  }>;
  /** Sends a message to every member that is there now. No log keeps it. */
  broadcast(type: string, data: unknown): void;
  /** All members of the room, on all nodes. */
  members(): Promise<
    readonly { readonly id: string; readonly user: MemberTuple[1]; readonly presence: unknown }[]
  >;
  /** The messages of the log, oldest first. A message that the contract cannot read is left out. */
  history(options?: { readonly before?: number; readonly limit?: number }): Promise<readonly LoggedMessage[]>;
}

/** A message of the log; none if it is of a version that the contract cannot read. */
function readLogged(
  contract: AnyContract,
  [offset, , , id, timestamp, sender, type, version, data]: EntryTuple,
): readonly LoggedMessage[] {
  try {
    const read = readMessage(contract, type, version, data, 'trust-current');
    const from = sender && { id: sender[0], user: sender[1] };
    return [{ id, type, data: read.data, offset, timestamp, sender: from }];
  } catch {
    return [];
  }
}

/** Appends a message of the server itself. */
async function appendOwn(
  contract: AnyContract,
  room: string,
  message: { readonly type: string; readonly data: unknown },
  { rooms, broker }: Settings,
  ports: ServerPorts,
): Promise<Awaited<ReturnType<ServerRoom['send']>>> {
  const { type } = message;
  const { data, version } = checkMessage(contract, type, message.data);
  const found = findRoom(rooms, room);
  if (!found) throw new RealtimeError('denied', `this server has no room '${room}'`);
  const appended = await broker.append({
    room,
    producer: null,
    seq: 0,
    id: ports.randomId(11),
    follows: 0,
    sender: null,
    type,
    version,
    data,
    result: null,
    log: found.served.log,
  });
  if (appended.status !== 'ok') throw new RealtimeError('unavailable', 'the message could not be appended');
  const { offset, epoch, timestamp, tag } = appended;
  return { offset, epoch, timestamp, ...(tag !== undefined && { tag }) };
}

export function serverRoom(
  contract: AnyContract,
  params: Readonly<Record<string, string>>,
  settings: Settings,
  ports: ServerPorts,
): ServerRoom {
  const { broker } = settings;
  const id = contract.id(params as never);
  return {
    id,
    send: (type, data) => appendOwn(contract, id, { type, data }, settings, ports),
    broadcast(type, data) {
      const { data: checked, version } = checkMessage(contract, type, data);
      broker.publish(id, {
        type: 'broadcast',
        except: null,
        sender: null,
        message: type,
        version,
        data: checked,
      });
    },
    async history({
      before = null,
      limit = 50,
    }: { readonly before?: number | null; readonly limit?: number } = {}) {
      const page = await broker.read(id, { before, limit });
      if ('why' in page) return [];
      return page.entries.flatMap((entry) => readLogged(contract, entry));
    },
    members: async () =>
      (await broker.members(id)).map(([member, user, presence]) => ({ id: member, user, presence })),
  };
}
