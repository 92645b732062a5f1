// The plain loop with its frame built once, by what `ws` itself frames with.
import { requireFromRoot } from '../../support/places.mjs';
import { servePlain } from './plain.mjs';

const { Sender } = requireFromRoot('ws');

export const start = () =>
  servePlain((message, from, clients) => {
    const frame = [
      Buffer.concat(
        Sender.frame(Buffer.from(JSON.stringify(message)), {
          fin: true,
          rsv1: false,
          opcode: 1,
          mask: false,
          readOnly: false,
        }),
      ),
    ];
    for (const client of clients)
      if (client !== from && client.readyState === client.OPEN) client._sender.sendFrame(frame);
  });
