// Unknown in; frame, unknown opcode or malformed out. The only file that trusts nobody.
import { clientShapes, serverShapes, type ClientFrame, type Frame, type ServerFrame, type Shape } from './frames.js';

/** What arrived is not a frame of this protocol. The reason names the frame and the field, never their content. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

type Named = readonly [type: string, fields: Shape['fields']];

function byOpcode(shapes: Readonly<Record<string, Shape>>): ReadonlyMap<number, Named> {
  return new Map(Object.entries(shapes).map(([type, { op, fields }]) => [op, [type, fields]]));
}

function parser<F extends Frame>(shapes: Readonly<Record<string, Shape>>): (value: unknown) => F | null {
  const table = byOpcode(shapes);
  return (value) => {
    if (!Array.isArray(value) || !Number.isSafeInteger(value[0])) throw new Malformed('a frame is an array that begins with an opcode');
    const named = table.get(value[0] as number);
    if (!named) return null;
    const [type, fields] = named;
    const frame: Record<string, unknown> = { type };
    let index = 1;
    for (const [name, check] of fields) {
      const field: unknown = value[index++];
      if (!check(field)) throw new Malformed(`${type}: ${name} is missing or not what it should be`);
      frame[name] = field ?? null;
    }
    // Each field was checked against the table that `Shapes` ties to the union.
    return frame as unknown as F;
  };
}

/** One decoded value as a frame from a client; null where the opcode is one this version does not know. Throws {@link Malformed}. */
export const parseClientFrame: (value: unknown) => ClientFrame | null = parser<ClientFrame>(clientShapes);
/** One decoded value as a frame from a server; null where the opcode is one this version does not know. Throws {@link Malformed}. */
export const parseServerFrame: (value: unknown) => ServerFrame | null = parser<ServerFrame>(serverShapes);

function writer<F extends Frame>(shapes: Readonly<Record<string, Shape>>): (frame: F) => unknown[] {
  return (frame) => {
    const { op, fields } = shapes[frame.type] as Shape;
    const values: unknown[] = [op];
    for (const [name] of fields) values.push((frame as unknown as Record<string, unknown>)[name]);
    return values;
  };
}

/** A frame as the tuple that a codec encodes. */
export const clientTuple: (frame: ClientFrame) => unknown[] = writer<ClientFrame>(clientShapes);
/** A frame as the tuple that a codec encodes. */
export const serverTuple: (frame: ServerFrame) => unknown[] = writer<ServerFrame>(serverShapes);
