// Proof of life, its absence, and what a sleeping machine does about it.
import { expect, test } from 'vitest';
import { updateLatency } from '../../../../src/client/machine/connection/heartbeat.live.js';
import type { ServerFrame } from '../../../../src/protocol/frames.js';
import {
  joinedFrame,
  machine,
  messageFrame,
  outgoing,
  typesOf,
  welcome,
  type Machine,
} from '../../../support/machine/run.js';

test('P19 silence ends a link after interval + timeout, and a probe comes before', () => {
  const client = machine({ heartbeat: { interval: 10_000, timeout: 4_000 } }).live('a');
  expect(typesOf(client.pass(9_999).take())).toEqual([]);
  expect(typesOf(client.pass(2_001).take())).toEqual(['write ping', 'write ping']);
  expect(client.state.connection).toMatchObject({
    status: 'live',
    heartbeat: { probeUntil: client.now + 2_000 },
  });
  expect(typesOf(client.pass(1_999).take())).toEqual([]);
  expect(client.pass(1).take()).toMatchObject([{ type: 'close', code: 4000 }]);
});

test.each<readonly [string, (client: Machine) => ServerFrame]>([
  ['pong', (client) => ({ type: 'pong', time: client.now, spread: 0 })],
  ['ack', () => ({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] })],
  [
    'nack',
    () => ({ type: 'nack', room: 'a', seq: 1, code: 'rejected', after: null, reason: null, details: null }),
  ],
  ['joined', () => joinedFrame('b')],
  ['history', () => ({ type: 'history', ref: 1, messages: [], more: false })],
])('P19 an answer counts as life: %s', (_, answer) => {
  const client = machine({ heartbeat: { interval: 10_000, timeout: 4_000 } }).live('a');
  for (let round = 0; round < 10; round++) client.pass(9_000).receive(answer(client));
  expect(client.state.connection).toMatchObject({ status: 'live', attempt: 1 });
});

test.each<readonly [string, (client: Machine, round: number) => ServerFrame]>([
  ['message', (_, round) => messageFrame('a', round)],
  ['broadcast', () => ({ type: 'broadcast', room: 'a', sender: null, message: 'post', version: 1, data: 1 })],
  ['presence', () => ({ type: 'presence', room: 'a', joined: [], left: [], changed: [] })],
  ['ping', (client) => ({ type: 'ping', time: client.now })],
])('P19 what others say proves nothing of a link whose pings are not answered: %s', (_, said) => {
  const client = machine({ heartbeat: { interval: 10_000, timeout: 4_000 } }).live('a');
  for (let round = 1; round <= 13; round++) client.pass(1_000).receive(said(client, round));
  expect(client.state.connection).toMatchObject({
    status: 'live',
    heartbeat: { probeUntil: client.now + 1_000 },
  });
  client.take();
  client.send(outgoing('x')).pass(999);
  expect(client.written().filter(({ type }) => type === 'send')).toEqual([]);
  expect(client.pass(1).take()).toMatchObject([{ type: 'close', code: 4000 }]);
});

test('P19 over HTTP too, a stream that still speaks hides no requests that stall', () => {
  const client = machine({ heartbeat: { interval: 1_000, timeout: 2_000 } });
  client.dispatch({ type: 'connect' });
  client.dispatch({ type: 'opened', attempt: 1, transport: 'http', codec: 'json', token: null });
  client
    .receive(welcome({ time: client.now }))
    .pass(0)
    .take();
  for (let round = 0; round < 29; round++) client.pass(100).receive({ type: 'ping', time: client.now });
  expect(client.state.connection).toMatchObject({ status: 'live', transport: 'http' });
  client.take();
  expect(client.pass(100).take()).toMatchObject([{ type: 'close', code: 4000 }]);
});

test('P18 the server states the interval where it is tighter, and never loosens the own one', () => {
  const tighter = machine();
  tighter
    .dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    )
    .receive(welcome({ heartbeat: [3_000, 1_000] }));
  expect(tighter.state.connection).toMatchObject({ heartbeat: { interval: 3_000, timeout: 1_000 } });
  const looser = machine();
  looser
    .dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    )
    .receive(welcome({ heartbeat: [300_000, 100_000] }));
  expect(looser.state.connection).toMatchObject({ heartbeat: { interval: 25_000, timeout: 10_000 } });
});

test('P18 a server that states an interval of 1 ms is followed in one of 100 ms', () => {
  const client = machine()
    .dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    )
    .receive(welcome({ heartbeat: [1, 5_000] }))
    .pass(0);
  expect(client.state.connection).toMatchObject({ heartbeat: { interval: 100, timeout: 5_000 } });
  client.take();
  expect(typesOf(client.pass(99).take())).toEqual([]);
  expect(typesOf(client.pass(1).take())).toEqual(['write ping']);
});

test('P18 a pong that answers a ping of an earlier connection is no measure of this one', () => {
  const client = machine().live();
  const asked = client.now;
  client
    .pass(1_000)
    .dispatch({ type: 'reconnect' })
    .dispatch({ type: 'opened', attempt: 2, transport: 'websocket', codec: 'json', token: null })
    .receive(welcome())
    .pass(50);
  client.receive({ type: 'pong', time: asked, spread: 4_000 });
  expect(client.state.latency).toBeNull();
  expect(client.state.connection).toMatchObject({ returnSpread: 0 });
  client.receive({ type: 'pong', time: client.now - 50, spread: 4_000 });
  expect(client.state.latency).toMatchObject({ last: 50 });
  expect(client.state.connection).toMatchObject({ returnSpread: 4_000 });
});

test('P19 a laptop that slept does not write into a dead socket: it probes first, and sends once there is life', () => {
  const client = machine().live('a').sleep(3_600_000);
  client.send(outgoing('x'));
  expect(typesOf(client.take())).toEqual(['write ping']);
  client.receive({ type: 'pong', time: client.now });
  expect(typesOf(client.take())).toEqual(['write send']);
});

test('P19 nothing is written while a link is doubted, and what waited goes to the next connection once', () => {
  const client = machine().live('a').sleep(3_600_000);
  client.send(outgoing('x'));
  client.take();
  client.pass(2_000);
  client.dispatch(
    { type: 'reconnect' },
    { type: 'opened', attempt: client.state.attempt + 1, transport: 'websocket', codec: 'json', token: null },
  );
  client.receive(welcome(), joinedFrame('a', { position: ['e', 0, ''], recovered: true }));
  expect(client.written().filter(({ type }) => type === 'send')).toMatchObject([{ id: 'x', seq: 1 }]);
});

test('an alarm that rings far too late proves a sleep, not a silence: what was said may still wait to be read', () => {
  const client = machine().live('a').dispatch({ type: 'visible' });
  client.take();
  client.sleep(60_000).dispatch({ type: 'tick' });
  expect(client.state.connection).toMatchObject({
    status: 'live',
    heartbeat: { probeUntil: client.now + 2_000 },
  });
});

test('P18 a ping is answered with its time', () => {
  expect(machine().live().receive({ type: 'ping', time: 42.5 }).written()).toEqual([
    { type: 'pong', time: 42.5 },
  ]);
});

test('latency: an average by eighths, jitter by sixteenths, and no sample from the future', () => {
  const first = updateLatency(null, 100);
  expect(first).toEqual({ last: 100, average: 100, jitter: 0 });
  expect(updateLatency(first, 180)).toEqual({ last: 180, average: 110, jitter: 5 });
  const client = machine().live();
  const { latency } = client.state;
  client.receive({ type: 'pong', time: client.now + 1_000 });
  expect(client.state.latency).toBe(latency);
});
