// What a server of Roomful says to the client in the page.

import { frame, Socket, task } from '../page.mjs';

export const [, , , , library] = process.argv;

let offset = 0;

const limits = {
  frame: 65_536,
  fragments: 256,
  rooms: 128,
  window: 256,
  history: 256,
  rate: 5_000,
  roomRate: 10_000,
  presence: 4_096,
  depth: 32,
  items: 50_000,
};

/** Answers what a client says: a welcome, and its room. `there`: once it is in it. */
export function serve() {
  let arrive = () => undefined;
  const there = new Promise((resolve) => {
    arrive = resolve;
  }).then(async () => {
    // What shows that it is.
    await task();
    frame();
    await task();
  });
  Socket.answer = (text) => {
    const said = text
      .split('\n')
      .map((line) => JSON.parse(line))
      .flatMap(([opcode, room]) => {
        if (opcode === 1) return [[20, 'me', [25_000, 10_000], limits, Date.now(), 'node', null, null]];
        if (opcode !== 2) return [];
        arrive();
        return [[21, room, ['epoch', 0, ''], false, null, [], null, 0, false]];
      });
    return said.length ? said.map((tuple) => JSON.stringify(tuple)).join('\n') : null;
  };
  offset = 0;
  return there;
}

/** A burst as the server writes it: one message, for it was due in one turn. */
export const frames = (messages) =>
  messages.map((it) => JSON.stringify([26, 'bench/1', ['other', null], 'tick', 1, it])).join('\n');

/** The same as entries of the room's log. */
export const entries = (messages) =>
  messages
    .map((it) =>
      JSON.stringify([
        25,
        'bench/1',
        [
          ++offset,
          `t${offset}`,
          offset === 1 ? '' : `t${offset - 1}`,
          `id${offset}`,
          Date.now(),
          ['other', null],
          'tick',
          1,
          it,
        ],
      ]),
    )
    .join('\n');
