// What a client says in a room, as the room's contract has it.
import { readMessage, versionOf, type Validated } from '../../contract/validate.js';
import type { AnyContract } from '../../contract/define-room.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { checkPayload } from '../../protocol/payload.js';
import { once } from '../util/once.js';

type SaidMessage = Pick<Extract<ClientFrame, { type: 'send' }>, 'message' | 'version' | 'data'>;

function parseMessage(contract: AnyContract, { message, version, data }: SaidMessage): Validated {
  checkPayload(data);
  const validated = readMessage(contract, message, version, data);
  // Without a schema, and where the schema changes nothing, this is the same value, which has been checked.
  if (validated.data !== data) checkPayload(validated.data);
  return validated;
}

/**
 * The message, checked and parsed when it is first asked for. Throws at once where the contract has no such type, or not in
 * this version: finding that out runs no code of the app.
 */
export function parseLazily(contract: AnyContract, said: SaidMessage): () => Validated {
  const message = once(() => parseMessage(contract, said));
  const isKnown = contract.untyped || Object.hasOwn(contract.messages, said.message);
  if (!isKnown || (!contract.untyped && said.version > versionOf(contract, said.message))) message();
  return message;
}
