// What people are told of the connection and of what waits.
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defineRoom, type } from '../../src/contract/index.js';
import { useRoom } from '../../src/react/use-room.js';
import { ConnectionStatus, OutboxProgress, type ConnectionStatusProps } from '../../src/status/index.js';
import {
  createTestRealtime,
  serve,
  type TestRealtime,
  type TestUser,
  type TestUserOptions,
} from '../../src/testing/index.js';

const chat = defineRoom('chat/:id', { messages: { post: type<string>() } });
const start = new Date('2026-01-01T12:00:00Z').getTime();
const open: TestRealtime[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: start });
});
afterEach(async () => {
  cleanup();
  vi.useRealTimers();
  for (const world of open.splice(0)) await world.close();
});

function App(props: ConnectionStatusProps): ReactElement {
  useRoom(chat, { id: '1' });
  return (
    <>
      <ConnectionStatus {...props} />
      <OutboxProgress />
    </>
  );
}

interface Mounted {
  readonly world: TestRealtime;
  readonly ada: TestUser;
  readonly pass: (ms: number) => Promise<void>;
  readonly text: () => string;
  readonly phase: () => string | null | undefined;
}

async function mount(props: ConnectionStatusProps = {}, options: TestUserOptions = {}): Promise<Mounted> {
  const world = createTestRealtime({
    rooms: [
      serve(chat, { on: { post: ({ data }, { reject }) => (data === 'bad' ? reject('no') : undefined) } }),
    ],
  });
  open.push(world);
  const ada = world.user({ id: 'ada' }, { flush: 'microtask', ...options } as TestUserOptions);
  const { container } = render(<App {...props} />, { wrapper: ada.wrapper });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn++)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
  };
  const pass = async (ms: number): Promise<void> => {
    await act(async () => {
      for (let left = ms; left >= 0; left -= 100) {
        await settle();
        if (left > 0) vi.advanceTimersByTime(Math.min(100, left));
      }
    });
  };
  await pass(500);
  return {
    world,
    ada,
    pass,
    text: () => screen.getAllByRole('status')[0]?.textContent ?? '',
    phase: () => container.querySelector('[data-phase]')?.getAttribute('data-phase'),
  };
}

test('a short interruption is not worth a word; one that lasts is, with the time to the next try and a button', async () => {
  const { ada, pass, text, phase } = await mount({}, { backoff: { initial: 60_000, max: 60_000 } });
  expect([text(), phase()]).toEqual(['Connected', 'connected']);
  ada.network.cut();
  await pass(4_000);
  expect([text(), phase()]).toEqual(['Connected', 'connected']);
  await pass(2_000);
  expect([text(), phase()]).toEqual(['Connection lost. What you write is kept and sent later.', 'lost']);
  const before = screen.getByText(/^Next try in \d+ s$/);
  const seconds = Number(/\d+/.exec(before.textContent)?.[0]);
  await pass(3_000);
  expect(before.textContent).toBe(`Next try in ${seconds - 3} s`);
  expect(screen.getAllByRole('status')[0]?.contains(before)).toBe(false);
  ada.network.restore();
  fireEvent.click(screen.getByRole('button', { name: 'Retry now' }));
  await pass(500);
  expect([text(), phase(), screen.queryByRole('button')]).toEqual(['Connected', 'connected', null]);
});

test('no network, a refused token and a close are told at once', async () => {
  const { ada, pass, phase } = await mount();
  ada.signal('offline');
  ada.network.cut();
  await pass(2_500);
  expect(phase()).toBe('offline');
  await act(async () => {
    ada.client.close();
  });
  await pass(100);
  expect(phase()).toBe('closed');
});

test("other words, and a picture of one's own, which is announced all the same", async () => {
  const { text } = await mount({
    labels: { phases: { connected: 'Verbunden' } },
    children: ({ phase, canRetry }) => (
      <b>
        {phase} {String(canRetry)}
      </b>
    ),
  });
  expect(text()).toBe('Verbunden');
  expect(screen.getByText('connected false')).toBeTruthy();
});

test('a message that failed is told, sent again or forgotten', async () => {
  const { ada, pass } = await mount();
  const room = ada.client.room(chat, { id: '1' });
  for (const text of ['bad', 'bad']) room.send('post', text).catch(() => undefined);
  await pass(500);
  expect(screen.getByText('2 messages were not sent')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Send again' }));
  await pass(500);
  expect(screen.getByText('2 messages were not sent')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Discard' }));
  await pass(200);
  expect(screen.queryByText(/not sent/)).toBeNull();
  expect(ada.client.store.getState().outbox.failed).toEqual([]);
});

test('a backlog that is sent is shown as a bar', async () => {
  const { ada, pass } = await mount({}, { outbox: { window: 1 } });
  ada.network.cut();
  await pass(200);
  const room = ada.client.room(chat, { id: '1' });
  for (let index = 0; index < 20; index++) room.send('post', `m${index}`).catch(() => undefined);
  ada.network.latency(50);
  ada.network.restore();
  await act(async () => {
    ada.client.reconnect();
  });
  await pass(1_000);
  const bar = screen.getByRole('progressbar') as HTMLProgressElement;
  expect([bar.max, bar.value > 0 && bar.value < 20]).toEqual([20, true]);
  await pass(4_000);
  expect(screen.queryByRole('progressbar')).toBeNull();
});

test('on a server it is idle', () => {
  const world = createTestRealtime({ rooms: [serve(chat)] });
  open.push(world);
  const { wrapper: Wrapper } = world.user({ id: 'ada' }, { connect: false });
  expect(
    renderToString(
      <Wrapper>
        <ConnectionStatus />
      </Wrapper>,
    ),
  ).toContain('data-phase="idle"');
});
