// Selectors that make new objects at each call: every hook that takes one renders, and goes on with the store.
import { cleanup, render, screen, waitFor } from '@testing-library/react';
import { StrictMode, type ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useConnectionState, useOthers, useRealtimeStore, useRoom } from '../../src/index.js';
import { createTestRealtime, type TestRealtime, type TestUser } from '../../src/testing/index.js';
import { chat, servedRooms } from '../support/server/rooms.js';

let world: TestRealtime;
let ada: TestUser;
let bob: TestUser;

beforeEach(() => {
  world = createTestRealtime({ rooms: servedRooms() });
  ada = world.user({ id: 'ada' });
  bob = world.user({ id: 'bob' });
});
afterEach(async () => {
  cleanup();
  await world.close();
});

/** What a selector makes of a text, and how the text is read from it. */
const shapes: Readonly<Record<string, readonly [(text: string) => unknown, (made: never) => string]>> = {
  'an object in an object': [(text) => ({ of: { text } }), (made: { of: { text: string } }) => made.of.text],
  'an array in an object': [
    (text) => ({ texts: [text] }),
    (made: { texts: string[] }) => made.texts.join(''),
  ],
  'an array of objects': [(text) => [{ text }], (made: { text: string }[]) => made[0]?.text ?? ''],
  'an array of entries': [(text) => [['text', text]], (made: [string, string][]) => made[0]?.[1] ?? ''],
  'a Map of objects': [
    (text) => new Map([['it', { text }]]),
    (made: Map<string, { text: string }>) => made.get('it')?.text ?? '',
  ],
  'a class instance': [(text) => new URL(`http://x/#${text}`), (made: URL) => made.hash.slice(1)],
  'a function': [(text) => () => text, (made: () => string) => made()],
};

/** A component a hook: it shows what its selector selects. */
const hooks = {
  useRealtimeStore: (make: (text: string) => unknown, read: (made: never) => string) =>
    function Shown(): ReactNode {
      useRoom(chat, { id: '1' });
      const made = useRealtimeStore(({ rooms }) => make(String(rooms['chat/1']?.others.length ?? 0)));
      return <p>{read(made as never)} others</p>;
    },
  useOthers: (make: (text: string) => unknown, read: (made: never) => string) =>
    function Shown(): ReactNode {
      const made = useOthers(useRoom(chat, { id: '1' }), (others) => make(String(others.length)));
      return <p>{read(made as never)} others</p>;
    },
  useConnectionState: (make: (text: string) => unknown, read: (made: never) => string) =>
    function Shown(): ReactNode {
      const others = useOthers(useRoom(chat, { id: '1' }));
      const made = useConnectionState(({ status }) => make(status));
      return <p>{read(made as never) === 'connected' ? others.length : '?'} others</p>;
    },
};

describe.each(Object.keys(hooks) as (keyof typeof hooks)[])('a selector of %s', (hook) => {
  test.each(Object.keys(shapes))('may make %s', async (shape) => {
    const [make, read] = shapes[shape] ?? [];
    if (!make || !read) throw new Error('no such shape');
    const Shown = hooks[hook](make, read);
    render(
      <StrictMode>
        <ada.wrapper>
          <Shown />
        </ada.wrapper>
      </StrictMode>,
    );
    await waitFor(() => {
      expect(screen.getByText('0 others')).toBeTruthy();
    });
    bob.client.room(chat, { id: '1' });
    await waitFor(() => {
      expect(screen.getByText('1 others')).toBeTruthy();
    });
  });
});

test('a selector is called once for one state, however often React asks', async () => {
  const states = new Set<unknown>();
  let calls = 0;
  const selector = (state: object): readonly unknown[] => {
    calls++;
    states.add(state);
    return [{ state }];
  };
  function Shown(): ReactNode {
    useRealtimeStore(selector);
    const status = useConnectionState(({ status: it }) => it);
    return <p>{status}</p>;
  }
  render(
    <ada.wrapper>
      <Shown />
    </ada.wrapper>,
  );
  await waitFor(() => {
    expect(screen.getByText('connected')).toBeTruthy();
  });
  expect(calls).toBe(states.size);
});
