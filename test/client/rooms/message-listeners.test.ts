import { expect, test, vi } from 'vitest';
import { createMessageListeners } from '../../../src/client/rooms/message-listeners.js';
import type { Message } from '../../../src/client/machine/model/message.js';

const message = (data: unknown, type = 'tick'): Message => ({
  id: 'm',
  room: 'r',
  type,
  data,
  offset: null,
  timestamp: 0,
  sender: null,
});

function setup() {
  const handlers = createMessageListeners();
  const heard: string[] = [];
  const failed = vi.fn<(error: unknown) => void>();
  return {
    heard,
    failed,
    hears: (name: string, where = {}, type = 'tick') =>
      handlers.add(
        type,
        ({ data }) => {
          heard.push(`${name} ${JSON.stringify(data)}`);
        },
        where,
      ),
    add: handlers.add,
    say(...data: readonly unknown[]) {
      heard.length = 0;
      for (const it of data) handlers.deliver(message(it), failed);
      return [...heard];
    },
  };
}

test('who asks for one thing hears of it alone, who asks for nothing of all', () => {
  const { hears, say } = setup();
  hears('all');
  hears('one', { id: 1 });
  hears('two', { id: 2 });
  hears('other type', {}, 'tock');
  expect(say({ id: 1 }, { id: 3 }, null, 'text')).toEqual([
    'all {"id":1}',
    'one {"id":1}',
    'all {"id":3}',
    'all null',
    'all "text"',
  ]);
});

test('every field that is asked for must be so, whichever is found first', () => {
  const { hears, say } = setup();
  hears('both', { side: 'buy', id: 1 });
  hears('side', { side: 'buy' });
  hears('none', { '': 1 });
  expect(say({ side: 'buy', id: 1 }, { side: 'buy', id: 2 }, { side: 'sell', id: 1 })).toEqual([
    'both {"side":"buy","id":1}',
    'side {"side":"buy","id":1}',
    'side {"side":"buy","id":2}',
  ]);
});

test('a thousand rows cost a message no more than one', () => {
  const { add, say } = setup();
  let looked = 0;
  for (let id = 0; id < 1_000; id++)
    add(
      'tick',
      () => {
        looked++;
      },
      { id },
    );
  say(...Array.from({ length: 1_000 }, (_, id) => ({ id })));
  expect(looked).toBe(1_000);
});

test('who comes or goes while a message is handed out changes nothing about who hears it', () => {
  const { add, hears, heard, say } = setup();
  const stops: (() => void)[] = [];
  add(
    'tick',
    () => {
      for (const stop of stops.splice(0)) stop();
      hears('late');
      hears('late row', { id: 1 });
    },
    {},
  );
  stops.push(hears('leaving'));
  expect(say({ id: 1 })).toEqual(['leaving {"id":1}']);
  expect(say({ id: 1 })).toEqual(['late {"id":1}', 'late row {"id":1}']);
  expect(heard).toHaveLength(2);
});

test('one that throws harms no other, and one that was stopped stays stopped though another of its kind came', () => {
  const { add, hears, failed, say } = setup();
  add(
    'tick',
    () => {
      throw new Error('mine');
    },
    { id: 1 },
  );
  const stop = hears('first', { id: 1 });
  stop();
  hears('second', { id: 1 });
  stop();
  expect(say({ id: 1 })).toEqual(['second {"id":1}']);
  expect(failed).toHaveBeenCalledTimes(1);
});
