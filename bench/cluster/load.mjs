// The load, in a process of its own: one client publishes at one port, another receives at the other. As fast as it goes, or at a steady pace.
import { once } from 'node:events';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { answerParent } from '../support/child.mjs';
import { dialects, open } from './dialects.mjs';

/** Both clients, and what has become of what was published. */
async function pair({ dialect, from, to }, heard) {
  const counts = { sent: 0, received: 0, acknowledged: 0 };
  const { acknowledges, publish } = dialects[dialect];
  const receiver = await open(dialect, to, {
    delivered(n) {
      counts.received++;
      heard(n);
    },
  });
  const publisher = await open(dialect, from, {
    acknowledged(last) {
      counts.acknowledged = last;
      heard(null);
    },
  });
  // Whoever has just come is known to the other node by then.
  await pause(300);
  return {
    counts,
    /** Published, and neither received nor, where that is promised, acknowledged. */
    get inFlight() {
      return counts.sent - Math.min(counts.received, acknowledges ? counts.acknowledged : Infinity);
    },
    say(many) {
      publish(publisher, counts.sent + 1, counts.sent + 1 + many);
      counts.sent += many;
    },
    async end() {
      // Nothing of this run reaches the next.
      for (let waits = 0; this.inFlight > 0 && waits < 100; waits++) await pause(20);
      for (const socket of [publisher, receiver]) {
        const closed = once(socket, 'close');
        socket.terminate();
        await closed;
      }
    },
  };
}

/** Messages a second with at most `window` in flight. */
async function saturate({ window, warm, seconds, ...ports }) {
  let due = true;
  const it = await pair(ports, () => {
    if (due) return;
    due = true;
    // What is heard in one turn makes room at once.
    void setImmediate().then(() => {
      due = false;
      const room = window - it.inFlight;
      if (room > 0) it.say(room);
    });
  });
  due = false;
  it.say(window);
  await pause(warm * 1_000);
  const [began, before, cpu] = [performance.now(), it.counts.received, process.cpuUsage()];
  await pause(seconds * 1_000);
  const [elapsed, messages, { user, system }] = [
    performance.now() - began,
    it.counts.received - before,
    process.cpuUsage(cpu),
  ];
  due = true;
  await it.end();
  return { messages, perSecond: (messages * 1_000) / elapsed, cpu: user + system };
}

/** How long each message takes at `rate` a second, in ms. */
async function pace({ rate, seconds, ...ports }) {
  const sentAt = new Map();
  const took = [];
  const it = await pair(ports, (n) => {
    if (n !== null) took.push(performance.now() - sentAt.get(n));
  });
  const began = performance.now();
  while (performance.now() < began + seconds * 1_000) {
    sentAt.set(it.counts.sent + 1, performance.now());
    it.say(1);
    await pause(Math.max(0, began + (it.counts.sent * 1_000) / rate - performance.now()));
  }
  await pause(200);
  await it.end();
  // The first of them make the servers load and compile what each needs.
  const sorted = took.slice(Math.floor(took.length / 5)).toSorted((one, two) => one - two);
  return { p50: sorted[Math.floor(sorted.length / 2)], p99: sorted[Math.floor(sorted.length * 0.99)] };
}

answerParent('ready', (order) => (order.what === 'saturate' ? saturate(order) : pace(order)));
