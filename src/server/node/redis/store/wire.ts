// Texts that pass between nodes. They are read as unknown, since other programs may write on the same
// channels, and so may older versions of this one.
import { json } from '../../../../protocol/codec.js';
import { kinds, type Check } from '../../../../protocol/checks.js';
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { NodeEvent, NodeLoad, Parcel, RoomEvent } from '../../../broker/broker.js';

/** The version of the format. A text of another version is not read. */
const formatVersion = 1;

const codec = json();
export const encodeTuple = (value: readonly unknown[]): string => codec.encode(value) as string;
/** The items of an array, without its brackets. */
export const encodeItems = (value: readonly unknown[]): string => encodeTuple(value).slice(1, -1);

function decodeTuple(text: string): readonly unknown[] | null {
  try {
    const [it] = codec.decode(text);
    return Array.isArray(it) ? it : null;
  } catch {
    return null;
  }
}

const is = (kind: string, it: unknown): boolean => (kinds[kind] as Check)(it);

export function readEntry(text: unknown): EntryTuple | null {
  const it = typeof text === 'string' ? decodeTuple(text) : null;
  return it && is('entry', it) ? (it as unknown as EntryTuple) : null;
}

export type ChannelMessage =
  | { readonly type: 'entries'; readonly epoch: string; readonly entries: readonly EntryTuple[] }
  | Exclude<RoomEvent, { type: 'entry' | 'reset' }>;

/** Reads a text from the channel of a room. Null if it is no message of the broker. */
export function readChannelMessage(text: string): ChannelMessage | null {
  const [from, type, ...fields] = decodeTuple(text) ?? [];
  if (from !== formatVersion) return null;
  const [one, two, three, four, five] = fields;
  switch (type) {
    case 'entries':
      return is('id', one) && is('entries', two)
        ? { type, epoch: one as string, entries: two as readonly EntryTuple[] }
        : null;
    case 'presence':
      return is('members', one) && is('ids', two) && is('changes', three)
        ? ({ type, joined: one, left: two, changed: three } as ChannelMessage)
        : null;
    case 'broadcast':
      return (one === null || is('id', one)) &&
        (two === null || is('sender', two)) &&
        is('id', three) &&
        is('count', four)
        ? ({ type, except: one, sender: two, message: three, version: four, data: five } as ChannelMessage)
        : null;
    default:
      return null;
  }
}

export const writeBroadcast = ({
  except,
  sender,
  message,
  version: of,
  data,
}: Extract<RoomEvent, { type: 'broadcast' }>): string =>
  encodeTuple([formatVersion, 'broadcast', except, sender, message, of, data]);

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
  const [from, type, user, reason, id, waited] = decodeTuple(text) ?? [];
  if (from !== formatVersion || typeof user !== 'string' || !is('id', id) || !is('count', waited))
    return null;
  const rest = { id: id as string, waited: waited as number };
  if (type === 'reauthorize') return { ...rest, event: { type, user } };
  return type === 'disconnect' && typeof reason === 'string'
    ? { ...rest, event: { type, user, reason } }
    : null;
}

export const writeLoad = ({ node, connections, rooms, draining, full }: NodeLoad): string =>
  encodeTuple([formatVersion, node, connections, rooms, draining, full]);

export function readLoad(text: string): NodeLoad | null {
  const [from, node, connections, rooms, draining, full] = decodeTuple(text) ?? [];
  if (
    from !== formatVersion ||
    !is('id', node) ||
    !is('count', connections) ||
    !is('count', rooms) ||
    !is('bool', draining) ||
    !is('bool', full)
  )
    return null;
  return { node, connections, rooms, draining, full } as NodeLoad;
}

/** Reads a request that was handed on, in any form that the codec reads. */
export function readAnyParcel(text: string): Parcel | null {
  const [from, type, id, body] = decodeTuple(text) ?? [];
  return from === formatVersion && type === 'parcel' && is('id', id) && body instanceof Uint8Array
    ? { id: id as string, body }
    : null;
}
