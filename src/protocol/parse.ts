// Unknown in; frame, unknown opcode or malformed out. The only file that trusts nobody.
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

/** What arrived is not a frame of this protocol. The reason names the frame and the field, never their content. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

type AnyWire = Readonly<Record<string, readonly [opcode: number, fields: string]>>;

type NamedChecks = Readonly<Record<string, Check>>;

/** The fields of a frame, and what the value of each must be, by the checks of each kind. */
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

function parser<F extends Frame>(
  wire: AnyWire,
  fieldKinds: Readonly<Record<string, string>>,
  checks: NamedChecks,
): (value: unknown) => F | null {
  const table = new Map(
    Object.entries(wire).map(([type, [opcode, fields]]) => [
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
    // Every field was checked; a test holds the table to the union.
    return frame as unknown as F;
  };
}

function writer<F extends Frame>(wire: AnyWire): (frame: F) => unknown[] {
  const table = new Map(
    Object.entries(wire).map(([type, [opcode, fields]]) => [type, [opcode, fields.split(' ')] as const]),
  );
  return (frame) => {
    const [opcode, names] = table.get(frame.type) as readonly [number, readonly string[]];
    const values: unknown[] = [opcode];
    for (const name of names) values.push((frame as unknown as Record<string, unknown>)[name]);
    return values;
  };
}

/** One decoded value as a frame from a client; null where the opcode is one this version does not know. Throws {@link Malformed}. */
export const parseClientFrame: (value: unknown) => ClientFrame | null = /* @__PURE__ */ parser<ClientFrame>(
  clientWire,
  clientKinds,
  clientChecks,
);
/** One decoded value as a frame from a server; null where the opcode is one this version does not know. Throws {@link Malformed}. */
export const parseServerFrame: (value: unknown) => ServerFrame | null = /* @__PURE__ */ parser<ServerFrame>(
  serverWire,
  serverKinds,
  kinds,
);
/** A frame as the tuple that a codec encodes. */
export const clientTuple: (frame: ClientFrame) => unknown[] = /* @__PURE__ */ writer<ClientFrame>(clientWire);
/** A frame as the tuple that a codec encodes. */
export const serverTuple: (frame: ServerFrame) => unknown[] = /* @__PURE__ */ writer<ServerFrame>(serverWire);
