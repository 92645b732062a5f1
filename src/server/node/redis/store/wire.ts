// What passes between nodes, as text: unknown in, event or nothing out. Others may write on our channels, and older versions of ourselves.
import { json } from '../../../../protocol/codec.js';
import { kinds, type Check } from '../../../../protocol/checks.js';
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { NodeEvent, NodeLoad, Parcel, RoomEvent } from '../../../broker/broker.js';

/** Of this format: another says nothing to us. */
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

/** What was said in a room's channel, or null where it is none of ours. */
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

/** `id`: its own, since it may be heard several times. `waited`: how long it could not be said, in ms. */
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

/** What was handed on, of any form that the codec reads. */
export function readAnyParcel(text: string): Parcel | null {
  const [from, type, id, body] = decodeTuple(text) ?? [];
  return from === formatVersion && type === 'parcel' && is('id', id) && body instanceof Uint8Array
    ? { id: id as string, body }
    : null;
}
