// The panel as a developer uses it.
import { act, cleanup, fireEvent, render, within } from '@testing-library/react';
import { StrictMode, type ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defineRoom, type } from '../../src/contract/index.js';
import { RealtimeDevtools as Absent } from '../../src/devtools/absent.js';
import { RealtimeDevtools } from '../../src/devtools/index.js';
import { useRoom } from '../../src/react/use-room.js';
import { createTestRealtime, serve, type TestRealtime } from '../../src/testing/index.js';

const chat = defineRoom('chat/:id', { messages: { post: type<string>() } });
const open: TestRealtime[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  cleanup();
  localStorage.clear();
  for (const world of open.splice(0)) await world.close();
});

function App(): ReactElement {
  useRoom(chat, { id: '1' });
  return <RealtimeDevtools defaultOpen />;
}

interface Mounted {
  readonly world: TestRealtime;
  readonly ada: ReturnType<TestRealtime['user']>;
  readonly panel: ReturnType<typeof within>;
  readonly pass: (ms: number) => Promise<void>;
}

async function mount(): Promise<Mounted> {
  const world = createTestRealtime({ rooms: [serve(chat)], clock: 'virtual' });
  open.push(world);
  const ada = world.user({ id: 'ada' });
  const { container } = render(
    <StrictMode>
      <App />
    </StrictMode>,
    { wrapper: ada.wrapper },
  );
  const root = container.querySelector('[data-roomful-devtools]')?.shadowRoot;
  if (!root) throw new Error('no shadow root');
  // The panel follows the page's clock, a quarter of a second behind.
  const pass = async (ms: number): Promise<void> => {
    await act(async () => {
      await world.advance(ms);
      vi.advanceTimersByTime(300);
    });
  };
  await pass(1_000);
  return { world, ada, panel: within(root as unknown as HTMLElement), pass };
}

test('it shows the connection, rooms, frames and events, and no secret', async () => {
  const { panel, ada } = await mount();
  expect(panel.getByRole('region', { name: 'Roomful devtools' }).textContent).toContain('connected');
  fireEvent.click(panel.getByRole('tab', { name: /^Rooms/ }));
  expect(panel.getByRole('row', { name: /chat\/1/ }).textContent).toContain('joined');
  fireEvent.click(panel.getByRole('tab', { name: /^Frames/ }));
  fireEvent.click(panel.getByRole('button', { name: /out hello/ }));
  expect(panel.getByText(/"client":/).textContent).toContain('•••');
  fireEvent.change(panel.getByRole('searchbox'), { target: { value: 'welcome' } });
  expect(panel.getAllByRole('listitem')).toHaveLength(1);
  fireEvent.click(panel.getByRole('tab', { name: /^Events/ }));
  fireEvent.click(panel.getByRole('button', { name: /opened/ }));
  expect(panel.getByRole('row', { name: /connection\.status/ }).textContent).toBe(
    'connection.status"opening""greeting"',
  );
  const inspection = ada.client.inspect((event, step) => step(event));
  const { key } = inspection.state().session;
  inspection.stop();
  expect(panel.getByRole('region', { name: 'Roomful devtools' }).innerHTML).not.toContain(key);
});

test('its faults are made by buttons, and the outbox shows what waits', async () => {
  const { panel, pass, ada } = await mount();
  ada.network.cut();
  void ada.client.room(chat, { id: '1' }).send('post', 'hello');
  await pass(100);
  fireEvent.click(panel.getByRole('tab', { name: /^Outbox/ }));
  expect(panel.getByRole('row', { name: /post/ }).textContent).toMatch(/queued|sending/);
  ada.network.restore();
  await pass(10_000);
  expect(panel.getByText(/Nothing waits/)).toBeTruthy();
  fireEvent.click(panel.getByRole('button', { name: 'Cut' }));
  await pass(0);
  expect(panel.getByRole('region', { name: 'Roomful devtools' }).textContent).toContain('reconnecting');
  const stall = panel.getByRole('button', { name: 'Stall' });
  fireEvent.click(stall);
  await pass(0);
  expect(stall.getAttribute('aria-pressed')).toBe('true');
});

test('it is closed and opened, docked and resized, and stays as it was left', async () => {
  const first = await mount();
  fireEvent.change(first.panel.getByRole('combobox', { name: 'Dock' }), { target: { value: 'right' } });
  const edge = first.panel.getByRole('button', { name: /^Size of the devtools/ });
  fireEvent.keyDown(edge, { key: 'ArrowLeft' });
  expect(first.panel.getByRole('region', { name: 'Roomful devtools' }).style.width).toBe('50vw');
  fireEvent.keyDown(first.panel.getByRole('tab', { name: /^Connection/ }), { key: 'ArrowRight' });
  fireEvent.click(first.panel.getByRole('button', { name: 'Close devtools' }));
  cleanup();
  const { panel } = await mount();
  fireEvent.click(panel.getByRole('button', { name: /^Open Roomful devtools: connected/ }));
  expect(panel.getByRole('region', { name: 'Roomful devtools' }).className).toContain('dock-right');
  expect(panel.getByRole('tab', { selected: true }).textContent).toContain('Events');
});

test('a server render and a production build show nothing', () => {
  const world = createTestRealtime({ rooms: [serve(chat)] });
  open.push(world);
  const { wrapper: Wrapper } = world.user({ id: 'ada' }, { connect: false });
  expect(
    renderToString(
      <Wrapper>
        <RealtimeDevtools />
      </Wrapper>,
    ),
  ).toBe('<div data-roomful-devtools=""></div>');
  expect(renderToString(<Absent />)).toBe('');
});
