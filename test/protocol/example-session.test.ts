// The example session of PROTOCOL.md: its bytes go to the real server, and what comes back has to be what stands there.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { json } from '../../src/protocol/codec.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { serve } from '../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../support/server/raw.js';

const text = readFileSync(join(import.meta.dirname, '../../PROTOCOL.md'), 'utf8');
const section = text.slice(text.indexOf('## 13. An example session'));

const sha256 = (input: string): string => createHash('sha256').update(input).digest('base64url').slice(0, 16);

/** The server of the example: a token is the id of its user. */
function exampleWorld(): RawWorld {
  return rawWorld({ rooms: [serve('lobby', { presence: true })] }, { digest: sha256 });
}

type Step =
  | { readonly does: 'say' | 'hear'; readonly name: string; readonly line: string }
  | { readonly does: 'break'; readonly name: string }
  | { readonly does: 'wait'; readonly ms: number };

function stepOf(line: string): Step {
  const [, name = '', sign = '', rest = ''] = /^(\w+) ([→←✕]) ?(.*)$/.exec(line) ?? [];
  const [, ms] = /^(\d+) ms pass$/.exec(line) ?? [];
  if (ms !== undefined) return { does: 'wait', ms: Number(ms) };
  if (sign === '✕') return { does: 'break', name };
  if (sign === '') throw new Error(`no step of the example session: ${line}`);
  return { does: sign === '→' ? 'say' : 'hear', name, line: rest };
}

const steps = Array.from(section.matchAll(/^```text\n([\s\S]*?)^```/gm), ([, block = '']) =>
  block.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
)
  .flat()
  .map(stepOf);

test('each line that the server is said to send is what it sends, and it sends no other', async () => {
  const world = exampleWorld();
  const peers = new Map<string, RawPeer>();
  const heard = (peer: RawPeer): string[] => peer.messages.flatMap((message) => String(message).split('\n'));
  const taken = new Map<RawPeer, number>();
  const transcript: Step[] = [];

  /** Puts down what each peer was sent since it was looked at. */
  const listen = (): void => {
    for (const [name, peer] of peers) {
      const lines = heard(peer);
      for (const line of lines.slice(taken.get(peer) ?? 0)) transcript.push({ does: 'hear', name, line });
      taken.set(peer, lines.length);
    }
  };

  for (const [index, step] of steps.entries()) {
    if (step.does === 'hear') continue;
    transcript.push(step);
    if (step.does === 'wait') await world.clock.advance(step.ms);
    else if (step.does === 'break') {
      peers.get(step.name)?.events.closed(1006);
      peers.delete(step.name);
      await world.clock.advance(0);
    } else {
      // Lines of one client in a row are one message.
      const next = steps[index + 1];
      if (next?.does === 'say' && next.name === step.name) continue;
      const lines: string[] = [];
      for (let at = index; at >= 0; at--) {
        const before = steps[at];
        if (before?.does !== 'say' || before.name !== step.name) break;
        lines.unshift(before.line);
      }
      const peer = peers.get(step.name) ?? world.peer();
      peers.set(step.name, peer);
      await peer.sayRaw(lines.join('\n'));
    }
    listen();
  }
  expect(transcript.map(lineOf)).toEqual(steps.map(lineOf));
});

function lineOf(step: Step): string {
  if (step.does === 'wait') return `${step.ms} ms pass`;
  if (step.does === 'break') return `${step.name} ✕`;
  return `${step.name} ${step.does === 'say' ? '→' : '←'} ${step.line}`;
}

test('the example has frames of both directions, a connection that breaks, and one that comes back', () => {
  expect(new Set(steps.map(({ does }) => does))).toEqual(new Set(['say', 'hear', 'break', 'wait']));
  expect(steps.filter(({ does }) => does === 'hear').length).toBeGreaterThan(10);
});

/** Rows of the table of bytes: the frame in JSON, and the same in MessagePack in hexadecimal digits. */
const pairs = Array.from(
  section.matchAll(/^\| `(\[.+\])` \| `([\da-f ]+)` \|$/gm),
  ([, line = '', hex = '']) =>
    [line, Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))] as const,
);

test.each(pairs)('%s has these bytes in MessagePack, and the server takes them', async (line, bytes) => {
  const tuples = json().decode(line);
  expect(msgpack().decode(bytes)).toEqual(tuples);
  expect(Uint8Array.from(msgpack().encode(tuples[0] as unknown[]) as Uint8Array)).toEqual(bytes);

  const peer = exampleWorld().peer(msgpack());
  await peer.hello();
  await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: null });
  await peer.sayRaw(bytes);
  expect(peer.closed).toBe(null);
});

test('the table of bytes has a message and a broadcast', () => {
  expect(pairs.map(([line]) => (JSON.parse(line) as unknown[])[0])).toEqual([4, 5]);
});
