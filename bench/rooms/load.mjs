// The load, in a process of its own: light clients, a steady pace, and a count of what arrives.
import { setTimeout as pause } from 'node:timers/promises';
import { frame, openMany } from '../idle/connect.mjs';
import { answerParent } from '../support/child.mjs';

const [, , port] = process.argv;

const hello = (number) => [`[1,"session-of-${number}","i",null,false,"bench",1]`, '[20,'];
const join = (room, presence = null) => `[2,"${room}",null,0,${JSON.stringify(presence)}]`;
const roomOf = (number) => `bench/${number}`;
const open = (count, wordsOf, first = 0) =>
  openMany(Number(port), 'roomful', count, (number) => [hello(first + number), ...wordsOf(first + number)]);

/** Counts what begins so in what a socket hears. */
function counter(mark) {
  const sought = Buffer.from(mark);
  const it = { count: 0, bytes: 0 };
  it.listen = (socket) =>
    socket.on('data', (chunk) => {
      it.bytes += chunk.length;
      for (let at = chunk.indexOf(sought); at >= 0; at = chunk.indexOf(sought, at + sought.length))
        it.count++;
    });
  return it;
}

/** Calls `say` `rate` times a second, until it is stopped. */
function steadily(rate, say) {
  const began = performance.now();
  let said = 0;
  const timer = setInterval(() => {
    while (said < ((performance.now() - began) * rate) / 1_000) say(said++);
  }, 5);
  return () => {
    clearInterval(timer);
  };
}

const payload = (n) =>
  `{"n":${n},"by":"somebody","text":"what one says to the others here","x":${100 + (n % 900)}.25}`;
const send = (room, seq, n) => frame(`[4,"${room}",${seq},"m${n}","m",1,${payload(n)},null]`);

/** Each curve: a load that runs, and what it delivers. */
const loads = {
  async 'many-rooms'({ size, rate }) {
    const last = `[21,"${roomOf(size - 1)}"`;
    const [socket] = await open(1, () => [
      [Array.from({ length: size }, (_, room) => join(roomOf(room))).join('\n'), last],
    ]);
    const heard = counter('[25,"');
    heard.listen(socket);
    const stop = steadily(rate, (n) => {
      socket.write(send(roomOf(n % size), Math.floor(n / size) + 1, n));
    });
    return { sockets: [socket], heard, stop };
  },
  async 'rooms-of-one'({ size, rate }) {
    const sockets = await open(size, (number) => [[join(roomOf(number)), '[21,']]);
    const heard = counter('[25,"');
    for (const socket of sockets) heard.listen(socket);
    const stop = steadily(rate, (n) => {
      sockets[n % size].write(send(roomOf(n % size), Math.floor(n / size) + 1, n));
    });
    return { sockets, heard, stop };
  },
  async presence({ size, rate }) {
    const room = 'crowd/1';
    const here = (number) => [[join(room, { x: 0, y: 0, name: `member ${number}` }), '[21,']];
    const sockets = await open(size, here);
    // What a member hears of another: that it moved, and where it is now.
    const heard = counter('"x":');
    for (const socket of sockets) heard.listen(socket);
    const guest = sockets[0];
    let inside = true;
    const stop = steadily(rate, (n) => {
      // One in 21 comes or goes: 10 of 210 a second.
      if (n % 21 === 0) {
        guest.write(frame(inside ? `[3,"${room}"]` : join(room, { x: 0, y: 0, name: 'guest' })));
        inside = !inside;
      } else
        sockets[1 + ((n * 7) % Math.max(1, size - 1))].write(
          frame(`[6,"${room}",{"x":${n % 1_000},"y":${(n * 3) % 1_000}}]`),
        );
    });
    return { sockets, heard, stop };
  },
};

let running = null;

answerParent('ready', async (order) => {
  if (order.what === 'end') {
    running.stop();
    await pause(200);
    for (const socket of running.sockets) socket.destroy();
    return 'ended';
  }
  if (order.what === 'counts') return { count: running.heard.count, bytes: running.heard.bytes };
  running = await loads[order.what](order);
  return 'runs';
});
