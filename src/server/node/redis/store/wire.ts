// Texts that pass between nodes. They are read as unknown, since other programs may write on the same
// channels, and so may older versions of this one.
import { kinds, type Check } from '../../../../protocol/checks.js';
import { json } from '../../../../protocol/codec.js';
import type { EntryTuple, SenderTuple } from '../../../../protocol/frames.js';
import type { NodeEvent, NodeLoad, Parcel, RoomEvent } from '../../../broker/broker.js';

/** The version of the format. A text of another version is not read. */
const formatVersion = 1;

const codec = json();
export const encodeTuple = (value: readonly unknown[]): string => codec.encode(value) as string;
/** The items of an array, without its brackets. */
export const encodeItems = (value: readonly unknown[]): string => encodeTuple(value).slice(1, -1);

function decodeTuple(text: string): readonly unknown[] | null {
  try {
    const [tuple] = codec.decode(text);
    return Array.isArray(tuple) ? tuple : null;
  } catch {
    return null;
  }
}

/** A check of the protocol, as the type of the values that pass it. */
const guardOf =
  <T>(kind: string) =>
  (value: unknown): value is T =>
    (kinds[kind] as Check)(value);

type PresenceEvent = Extract<RoomEvent, { type: 'presence' }>;

const isId = guardOf<string>('id');
const isIds = guardOf<readonly string[]>('ids');
const isCount = guardOf<number>('count');
const isBoolean = guardOf<boolean>('bool');
const isEntry = guardOf<EntryTuple>('entry');
const isEntries = guardOf<readonly EntryTuple[]>('entries');
const isSender = guardOf<SenderTuple>('sender');
const isMembers = guardOf<PresenceEvent['joined']>('members');
const isChanges = guardOf<PresenceEvent['changed']>('changes');

/** Reads an entry of a log. Null if the text is none. */
export function readEntry(text: unknown): EntryTuple | null {
  const entry = typeof text === 'string' ? decodeTuple(text) : null;
  return isEntry(entry) ? entry : null;
}

export type ChannelMessage =
  | { readonly type: 'entries'; readonly epoch: string; readonly entries: readonly EntryTuple[] }
  | Exclude<RoomEvent, { type: 'entry' | 'reset' }>;

function readEntries([epoch, entries]: readonly unknown[]): ChannelMessage | null {
  return isId(epoch) && isEntries(entries) ? { type: 'entries', epoch, entries } : null;
}

function readPresence([joined, left, changed]: readonly unknown[]): ChannelMessage | null {
  return isMembers(joined) && isIds(left) && isChanges(changed)
    ? { type: 'presence', joined, left, changed }
    : null;
}

function readBroadcast([except, sender, message, version, data]: readonly unknown[]): ChannelMessage | null {
  const isAddressed = except === null || isId(except);
  const hasSender = sender === null || isSender(sender);
  return isAddressed && hasSender && isId(message) && isCount(version)
    ? { type: 'broadcast', except, sender, message, version, data }
    : null;
}

/** Reads a text from the channel of a room. Null if it is no message of the broker. */
export function readChannelMessage(text: string): ChannelMessage | null {
  const [version, type, ...fields] = decodeTuple(text) ?? [];
  if (version !== formatVersion) return null;
  switch (type) {
    case 'entries':
      return readEntries(fields);
    case 'presence':
      return readPresence(fields);
    case 'broadcast':
      return readBroadcast(fields);
    default:
      return null;
  }
}

export const writeBroadcast = ({
  except,
  sender,
  message,
  version,
  data,
}: Extract<RoomEvent, { type: 'broadcast' }>): string =>
  encodeTuple([formatVersion, 'broadcast', except, sender, message, version, data]);

/**
 * Writes a command. `id`: its own id, since it may be heard several times. `waited`: for how long it could
 * not be sent, in ms.
 */
export const writeNodeEvent = (event: NodeEvent, id: string, waited: number): string =>
  encodeTuple([
    formatVersion,
    event.type,
    event.user,
    event.type === 'disconnect' ? event.reason : null,
    id,
    waited,
  ]);

export function readNodeEvent(
  text: string,
): { readonly id: string; readonly event: NodeEvent; readonly waited: number } | null {
  const [version, type, user, reason, id, waited] = decodeTuple(text) ?? [];
  if (version !== formatVersion || typeof user !== 'string' || !isId(id) || !isCount(waited)) return null;
  if (type === 'reauthorize') return { id, waited, event: { type, user } };
  return type === 'disconnect' && typeof reason === 'string'
    ? { id, waited, event: { type, user, reason } }
    : null;
}

export const writeLoad = ({ node, connections, rooms, draining, full }: NodeLoad): string =>
  encodeTuple([formatVersion, node, connections, rooms, draining, full]);

export function readLoad(text: string): NodeLoad | null {
  const [version, node, connections, rooms, draining, full] = decodeTuple(text) ?? [];
  if (version !== formatVersion || !isId(node)) return null;
  return isCount(connections) && isCount(rooms) && isBoolean(draining) && isBoolean(full)
    ? { node, connections, rooms, draining, full }
    : null;
}

/** Reads a request that was handed on, in any form that the codec reads. */
export function readAnyParcel(text: string): Parcel | null {
  const [version, type, id, body] = decodeTuple(text) ?? [];
  return version === formatVersion && type === 'parcel' && isId(id) && body instanceof Uint8Array
    ? { id, body }
    : null;
}
