// Reads frames from decoded values, and writes them. Everything that arrives is checked here.
import { clientChecks, kinds, maybe, type Check } from './checks.js';
import {
  clientKinds,
  clientWire,
  serverKinds,
  serverWire,
  type ClientFrame,
  type Frame,
  type ServerFrame,
} from './frames.js';
import type { Kinds, Wire } from './wire-types.js';

/**
 * Thrown for a value that is not a frame of this protocol. The message names the frame and the field, never their
 * content.
 */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

type AnyWire = Readonly<Record<string, readonly [opcode: number, fields: string]>>;
type AnyKinds = Readonly<Record<string, string>>;
type NamedChecks = Readonly<Record<string, Check>>;

/** Returns the fields of a frame, each with the check of its kind. */
export function checksIn(
  fields: string,
  fieldKinds: string,
  checks: NamedChecks,
): (readonly [name: string, check: Check])[] {
  const names = fields.split(' ');
  return fieldKinds
    .split(' ')
    .map((kind, index) => [
      names[index] as string,
      kind.endsWith('?') ? maybe(checks[kind.slice(0, -1)] as Check) : (checks[kind] as Check),
    ]);
}

function createParser<F extends Frame, W extends AnyWire, K extends AnyKinds>(
  wire: W & Wire<F, W>,
  fieldKinds: K & Kinds<F, W, K>,
  checks: NamedChecks,
): (value: unknown) => F | null {
  const table = new Map(
    Object.entries<AnyWire[string]>(wire).map(([type, [opcode, fields]]) => [
      opcode,
      [type, checksIn(fields, fieldKinds[type] as string, checks)] as const,
    ]),
  );
  return (value) => {
    if (!Array.isArray(value) || !Number.isSafeInteger(value[0]))
      throw new Malformed('a frame is an array that begins with an opcode');
    const known = table.get(value[0] as number);
    if (!known) return null;
    const [type, fields] = known;
    const frame: Record<string, unknown> = { type };
    let index = 1;
    for (const [name, check] of fields) {
      const field: unknown = value[index++];
      if (!check(field)) throw new Malformed(`${type}: ${name} is missing or not what it should be`);
      frame[name] = field ?? null;
    }
    // Each field has passed the check of its kind. The types Wire and Kinds hold the tables to the frame's type.
    return frame as unknown as F;
  };
}

function createWriter<F extends Frame, W extends AnyWire>(wire: W & Wire<F, W>): (frame: F) => unknown[] {
  const table = new Map(
    Object.entries<AnyWire[string]>(wire).map(([type, [opcode, fields]]) => [
      type,
      [opcode, fields.split(' ')] as const,
    ]),
  );
  return (frame) => {
    const [opcode, names] = table.get(frame.type) as readonly [number, readonly string[]];
    const values: unknown[] = [opcode];
    for (const name of names) values.push((frame as unknown as Record<string, unknown>)[name]);
    return values;
  };
}

/**
 * Reads a decoded value as a frame from a client. Returns null for an opcode that this version does not know. Throws
 * {@link Malformed}.
 */
export const parseClientFrame: (value: unknown) => ClientFrame | null = /* @__PURE__ */ createParser<
  ClientFrame,
  typeof clientWire,
  typeof clientKinds
>(clientWire, clientKinds, clientChecks);
/**
 * Reads a decoded value as a frame from a server. Returns null for an opcode that this version does not know. Throws
 * {@link Malformed}.
 */
export const parseServerFrame: (value: unknown) => ServerFrame | null = /* @__PURE__ */ createParser<
  ServerFrame,
  typeof serverWire,
  typeof serverKinds
>(serverWire, serverKinds, kinds);
/** Returns a frame as the tuple that a codec encodes. */
export const clientTuple: (frame: ClientFrame) => unknown[] = /* @__PURE__ */ createWriter<
  ClientFrame,
  typeof clientWire
>(clientWire);
/** Returns a frame as the tuple that a codec encodes. */
export const serverTuple: (frame: ServerFrame) => unknown[] = /* @__PURE__ */ createWriter<
  ServerFrame,
  typeof serverWire
>(serverWire);
