// All clients, in a process of their own, and what each has heard.
import { setTimeout as pause } from 'node:timers/promises';
import { answerParent } from '../support/child.mjs';
import { clients } from './clients.mjs';

const [, , name, port, count, library] = process.argv;

/** Of each client: what it heard, how often it has come, when it had all and when it came. */
const members = [];
let expected = 0;

const changed = (member) => {
  if (member.heard.length >= expected) member.hadAll ??= performance.now();
};

async function open() {
  while (members.length < Number(count)) {
    const member = { heard: [], times: 0, hadAll: null, cameAt: 0 };
    members.push(member);
    await clients[name](
      port,
      {
        heard(n) {
          member.heard.push(n);
          changed(member);
        },
        there() {
          member.times++;
          member.cameAt = performance.now();
        },
      },
      library,
    );
    if (members.length % 50 === 0) await pause(20);
  }
  while (members.some(({ times }) => times === 0)) await pause(20);
}

const until = async (check, ms) => {
  const end = performance.now() + ms;
  while (!check() && performance.now() < end) await pause(5);
};

/** From now on, where the server is back: until each has all, or so many ms have passed. */
async function catchUp({ missed, patience, began }) {
  await until(() => members.every(({ hadAll }) => hadAll !== null), patience);
  const after = (times) => times.map((at) => at - began).toSorted((one, two) => one - two);
  const came = after(members.filter(({ times }) => times > 1).map(({ cameAt }) => cameAt));
  const had = after(members.filter(({ hadAll }) => hadAll !== null).map(({ hadAll }) => hadAll));
  let lost = 0;
  let twice = 0;
  let misplaced = 0;
  for (const { heard } of members) {
    const known = new Set(heard);
    lost += missed - known.size;
    twice += heard.length - known.size;
    misplaced += heard.filter((n, at) => at > 0 && n < heard[at - 1]).length;
  }
  const share = (times, part) => times[Math.ceil(times.length * part) - 1] ?? Infinity;
  return {
    half: share(came, 0.5),
    most: share(came, 0.99),
    back: came.length,
    allCaughtUp: had.length === members.length ? had.at(-1) : patience,
    caughtUp: had.length,
    lost,
    twice,
    misplaced,
  };
}

const orders = {
  async expect({ missed }) {
    expected = missed;
    for (const member of members) member.hadAll = null;
    return 'expects';
  },
  now: () => performance.now(),
  catchUp,
};

await open();
answerParent('there', (order) => orders[order.what](order));
