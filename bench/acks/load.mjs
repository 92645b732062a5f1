// The load, in a process of its own: so many messages on their way at once, or one now and then.
import { setTimeout as pause } from 'node:timers/promises';
import { answerParent } from '../support/child.mjs';
import { clients } from './clients.mjs';

const [name, port, library] = process.argv.slice(2);
const send = await clients[name](port, library);

/** Messages acknowledged within `seconds`, with `inFlight` on their way all the time. */
async function saturate(inFlight, seconds) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const end = began + seconds * 1_000;
  let count = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        await send();
        count++;
      }
    }),
  );
  const elapsed = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { count, perSecond: count / elapsed, elapsed, cpuSeconds: (user + system) / 1e6 };
}

/** How long one takes while nothing else is on its way, in ms. */
async function roundTrips(seconds) {
  const took = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const began = performance.now();
    await send();
    took.push(performance.now() - began);
    await pause(2);
  }
  const sorted = took.toSorted((one, two) => one - two);
  return { p50: sorted[Math.floor(sorted.length / 2)], p99: sorted[Math.floor(sorted.length * 0.99)] };
}

answerParent('ready', ({ inFlight, seconds }) =>
  inFlight ? saturate(inFlight, seconds) : roundTrips(seconds),
);
