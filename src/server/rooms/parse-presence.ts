// A member's presence, parsed by the contract of its room, so that other members see nothing else.
import type { AnyContract } from '../../contract/define-room.js';
import { checkPresence } from '../../contract/validate.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';

export type Presence = Readonly<Record<string, unknown>>;

/**
 * Parses a whole presence. Throws `invalid` if it does not fit the contract, or is no object of plain data.
 */
export function parsePresence(contract: AnyContract, said: unknown): Presence {
  const parsed = checkPresence(contract, said);
  if (parsed !== said) checkPayload(parsed, 'presence');
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || parsed instanceof Uint8Array)
    throw new RealtimeError('invalid', 'a presence is an object');
  return parsed as Presence;
}

const isSame = (first: unknown, second: unknown): boolean =>
  Object.is(first, second) || JSON.stringify(first) === JSON.stringify(second);

/** The fields of `now` that differ from those of `before`. */
export const changedFields = (before: Presence | null, now: Presence): Presence =>
  Object.fromEntries(Object.entries(now).filter(([key, value]) => !before || !isSame(before[key], value)));
