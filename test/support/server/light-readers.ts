// Members of a room in a process of their own: how late they hear what the measured server says.
import { machineTime, roomReader, type RoomReader } from './room-reader.js';
import { quantiles, type Quantiles } from '../quantiles.js';

export interface ReadersOrders {
  readonly port: number;
  readonly room: string;
  readonly count: number;
}

/** Asked by a number: answered, once so many messages were heard or a connection was lost, with what was heard since it was asked before. `gone`: how many have lost their connection. */
export interface Heard {
  readonly latency: Quantiles;
  readonly messages: number;
  readonly gone: number;
}

const { port, room, count } = JSON.parse(process.argv[2] ?? '{}') as ReadersOrders;
const saidAt = Buffer.from('{"at":');
const entry = Buffer.from('[25,');
let late: number[] = [];
let messages = 0;
let gone = 0;
/** How many are to be heard before it answers; null: nobody asks. */
let wanted: number | null = null;

function answer(): void {
  if (wanted === null || (messages < wanted && gone === 0)) return;
  const heard: Heard = { latency: quantiles(late), messages, gone };
  late = [];
  messages = 0;
  wanted = null;
  process.send?.(heard);
}

await Promise.all(
  Array.from(
    { length: count },
    (_, index) =>
      new Promise<void>((resolve) => {
        const { socket, say }: RoomReader = roomReader(port, `reader-${index}`, room, (message) => {
          if (message.includes('[21,')) resolve();
          if (message.subarray(0, 3).toString() === '[9,') say([10, 0]);
          // The first of those that came together is the oldest, and the latest to be heard.
          const at = message.indexOf(saidAt);
          if (at < 0) return;
          late.push(
            machineTime() -
              Number.parseFloat(message.toString('latin1', at + saidAt.length, at + saidAt.length + 24)),
          );
          for (let from = message.indexOf(entry); from >= 0; from = message.indexOf(entry, from + 1_000))
            messages++;
          answer();
        });
        socket.on('close', () => {
          gone++;
          answer();
        });
      }),
  ),
);

process.on('message', (least: number) => {
  wanted = least;
  answer();
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.('ready');
