// A client's message, parsed by the contract of its room when it is first read.
import type { AnyContract } from '../../contract/define-room.js';
import { readMessage, versionOf, type Validated } from '../../contract/validate.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { checkPayload } from '../../protocol/payload.js';
import { once } from '../util/once.js';

type SaidMessage = Pick<Extract<ClientFrame, { type: 'send' }>, 'message' | 'version' | 'data'>;

function parseMessage(contract: AnyContract, { message, version, data }: SaidMessage): Validated {
  checkPayload(data);
  const validated = readMessage(contract, message, version, data);
  // Without a schema, or with one that changes nothing, this is the same value, which was checked before.
  if (validated.data !== data) checkPayload(validated.data);
  return validated;
}

/**
 * Returns a function that checks and parses the message the first time it is called.
 *
 * Throws at once if the contract has no such type, or not in this version. To find that out, no code of the
 * app runs.
 */
export function parseLazily(contract: AnyContract, said: SaidMessage): () => Validated {
  const message = once(() => parseMessage(contract, said));
  const isKnown = contract.untyped || Object.hasOwn(contract.messages, said.message);
  if (!isKnown || (!contract.untyped && said.version > versionOf(contract, said.message))) message();
  return message;
}
