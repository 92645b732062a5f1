// The queue of frames that are due to a connection, written once a turn.
import { describe, expect, test, vi } from 'vitest';
import { json } from '../../../src/protocol/codec.js';
import { createSendFlusher } from '../../../src/server/delivery/send-queue.js';
import type { Transport } from '../../../src/server/ports/ports.js';

describe('a send queue', () => {
  function transport(): Transport & { readonly sent: unknown[]; waiting: number } {
    const sent: unknown[] = [];
    const it = {
      sent,
      waiting: 0,
      send: (data: unknown) => {
        sent.push(data);
      },
      close: () => undefined,
      terminate: () => undefined,
      buffered: () => it.waiting,
    };
    return it;
  }

  const calm = { slow: () => undefined, overflow: () => undefined, failed: () => undefined };

  test('is one message a turn, joined once for all to whom the same is due', () => {
    const turns: (() => void)[] = [];
    const codec = json();
    const join = vi.spyOn(codec, 'join');
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const [a, b, c] = [transport(), transport(), transport()];
    const [x, y, z] = [a, b, c].map((it) => flusher.createQueue(codec, it, calm));
    for (const part of ['[1]', '[2]']) for (const queue of [x, y, z]) queue?.push(part);
    z?.push('[3]');
    expect([turns.length, a.sent]).toEqual([1, []]);
    turns[0]?.();
    expect([a.sent, b.sent, c.sent]).toEqual([['[1]\n[2]'], ['[1]\n[2]'], ['[1]\n[2]\n[3]']]);
    expect(join).toHaveBeenCalledTimes(2);
  });

  test('is cut between frames where it is long, and still joined once for all', () => {
    const turns: (() => void)[] = [];
    const codec = json();
    const join = vi.spyOn(codec, 'join');
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 10_000_000);
    const [a, b] = [transport(), transport()];
    const queues = [a, b].map((it) => flusher.createQueue(codec, it, calm));
    const [small, half, huge] = ['[1]', '1'.repeat(131_072), '2'.repeat(600_000)];
    for (const part of [half, half, small, huge, small, small]) for (const queue of queues) queue.push(part);
    turns[0]?.();
    expect(a.sent).toEqual([`${half}\n${half}`, small, huge, `${small}\n${small}`]);
    expect(b.sent).toEqual(a.sent);
    expect(join).toHaveBeenCalledTimes(4);
  });

  test('leaves before its turn where more is due than may wait, so that what it costs is seen', () => {
    const turns: (() => void)[] = [];
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const reader = transport();
    const overflow = vi.fn<() => void>();
    const queue = flusher.createQueue(json(), reader, { ...calm, overflow });
    for (let count = 0; count < 50; count++) {
      queue.push('1'.repeat(400));
      reader.waiting = reader.sent.join('').length;
    }
    expect(overflow).toHaveBeenCalledTimes(1);
    expect(reader.sent.join('').length).toBeLessThan(4_000);
  });

  test('is given up once for a reader for whom too much waits', () => {
    const turns: (() => void)[] = [];
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const slow = transport();
    slow.waiting = 2_001;
    const overflow = vi.fn<() => void>();
    const queue = flusher.createQueue(json(), slow, {
      slow: () => undefined,
      failed: () => undefined,
      overflow() {
        overflow();
        queue.flush();
      },
    });
    queue.push('[1]');
    turns[0]?.();
    queue.push('[2]');
    turns[1]?.();
    expect(overflow).toHaveBeenCalledTimes(1);
    expect(slow.sent).toEqual([]);
  });

  test('says once that a reader is slow, and again after it was not', () => {
    const turns: (() => void)[] = [];
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const reader = transport();
    reader.waiting = 1_001;
    const slow = vi.fn<() => void>();
    const queue = flusher.createQueue(json(), reader, { ...calm, slow });
    for (const part of ['[1]', '[2]']) {
      queue.push(part);
      turns.pop()?.();
    }
    expect([slow.mock.calls.length, queue.isSlow, reader.sent]).toEqual([1, true, ['[1]', '[2]']]);
    queue.isSlow = false;
    queue.push('[3]');
    turns.pop()?.();
    expect(slow).toHaveBeenCalledTimes(2);
  });
});
