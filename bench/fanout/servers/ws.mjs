// The plain loop: a string serialized once, sent to each of the others.
import { servePlain } from './plain.mjs';

export const start = () =>
  servePlain((message, from, clients) => {
    const text = JSON.stringify(message);
    for (const client of clients) if (client !== from && client.readyState === client.OPEN) client.send(text);
  });
