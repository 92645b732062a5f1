// The loop that joins what is due in one turn of the event loop, framed once and past `ws`'s own sending: about the most that Node allows.
import { requireFromRoot } from '../../support/places.mjs';
import { servePlain } from './plain.mjs';

const { Sender } = requireFromRoot('ws');
const frame = (text) =>
  Buffer.concat(
    Sender.frame(Buffer.from(text), { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: false }),
  );

let due = [];
let all = new Set();

function flush() {
  const batch = due;
  due = [];
  const joined = Buffer.concat(batch.map(({ bytes }) => bytes));
  const senders = new Set(batch.map(({ from }) => from));
  for (const client of all) {
    if (client.readyState !== client.OPEN) continue;
    if (!senders.has(client)) {
      client._socket.write(joined);
      continue;
    }
    const others = batch.filter(({ from }) => from !== client);
    if (others.length > 0) client._socket.write(Buffer.concat(others.map(({ bytes }) => bytes)));
  }
}

export const start = () =>
  servePlain((message, from, clients) => {
    all = clients;
    if (due.push({ bytes: frame(JSON.stringify(message)), from }) === 1) setImmediate(flush);
  });
