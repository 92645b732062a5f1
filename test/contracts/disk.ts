// What must be true of any disk that an outbox lies on.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Disk, MessageRecord } from '../../src/client/storage/disk.js';

const record = (id: string, fields: Partial<MessageRecord> = {}): MessageRecord => ({
  id,
  order: 1,
  room: 'a',
  type: 'post',
  version: 1,
  data: { id },
  at: 1,
  expiresAt: null,
  coalesce: null,
  bytes: 10,
  seq: null,
  failure: null,
  ...fields,
});

/** `open` gives another view of the same disk each time, as another tab has; `fresh` begins a new one. */
export function diskContract(name: string, make: () => { readonly open: () => Promise<Disk> }): void {
  describe(`a disk: ${name}`, () => {
    let open: () => Promise<Disk>;
    beforeEach(() => {
      ({ open } = make());
    });
    const ids = async (disk: Disk, key: string): Promise<unknown[]> =>
      (await disk.messages(key)).map((it) => (it as MessageRecord).id).toSorted();

    test('gives back what was written, whole, to whoever opens it next', async () => {
      const data = { text: 'ü', bytes: Uint8Array.of(1, 2), deep: [{ at: null }] };
      await (
        await open()
      ).write('s', {
        row: { key: 's', owner: 'ada', member: 'm', usedAt: 5 },
        puts: [record('x', { data, seq: 7 })],
      });
      const disk = await open();
      expect(await disk.sessions()).toEqual([{ key: 's', owner: 'ada', member: 'm', usedAt: 5 }]);
      expect(await disk.messages('s')).toMatchObject([{ id: 'x', data, seq: 7 }]);
    });

    test('keeps sessions apart, though one key begins another', async () => {
      const disk = await open();
      for (const key of ['s', 's2', 't']) await disk.write(key, { puts: [record('x')] });
      await disk.write('s', { deletes: ['x'], puts: [record('y')] });
      await disk.remove('s2');
      expect([await ids(disk, 's'), await ids(disk, 's2'), await ids(disk, 't')]).toEqual([['y'], [], ['x']]);
    });

    test('a put of an id that is there replaces it, a delete of one that is not is nothing', async () => {
      const disk = await open();
      await disk.write('s', { puts: [record('x')] });
      await disk.write('s', { puts: [record('x', { seq: 3 })], deletes: ['nobody'] });
      expect(await disk.messages('s')).toMatchObject([{ id: 'x', seq: 3 }]);
    });

    test('reads more than one page', async () => {
      const disk = await open();
      await disk.write('s', { puts: Array.from({ length: 1_203 }, (_, index) => record(`m${index}`)) });
      expect(new Set(await ids(disk, 's')).size).toBe(1_203);
    });

    test('a step that cannot be stored stores nothing of it', async () => {
      const disk = await open();
      await expect(
        disk.write('s', { puts: [record('x'), record('y', { data: () => undefined })] }),
      ).rejects.toThrow(/clone/);
      expect(await ids(disk, 's')).toEqual([]);
    });

    test('a session is locked by one, until that one lets go', async () => {
      const [mine, yours] = [await open(), await open()];
      const unlock = await mine.lock('s');
      expect(unlock).not.toBeNull();
      expect(await yours.lock('s')).toBeNull();
      const other = await yours.lock('t');
      expect(other).not.toBeNull();
      unlock?.();
      await expect.poll(() => yours.lock('s')).not.toBeNull();
    });
  });
}
