import { describe, expect, test } from 'vitest';
import {
  createRecordReader,
  encodeClose,
  encodeRecord,
  readClose,
  recordKinds,
} from '../../src/protocol/records.js';
import { seededRandom } from '../../src/testing/random.js';

describe('P37 records', () => {
  const written = [
    encodeRecord(recordKinds.opened, 'roomful.v1.json\nnode'),
    encodeRecord(recordKinds.text, ''),
    encodeRecord(recordKinds.text, 'hé☃'),
    encodeRecord(recordKinds.binary, new Uint8Array(70_000).fill(7)),
    encodeClose(4403, 'no: not\nyou'),
  ];
  const all = new Uint8Array(written.flatMap((record) => [...record]));

  test('are read as they were written, however the stream is cut', () => {
    const random = seededRandom(1);
    for (const most of [1, 2, 3, 7, 1_000, 1_000_000]) {
      const read = createRecordReader(70_000);
      const records = [];
      for (let at = 0; at < all.length;) {
        const size = 1 + Math.floor(random() * most);
        records.push(...read(all.subarray(at, at + size)));
        at += size;
      }
      expect(records.map(({ kind, payload }) => [kind, payload.length])).toEqual([
        [0, 20],
        [1, 0],
        [1, 6],
        [2, 70_000],
        [3, 16],
      ]);
      expect(new TextDecoder().decode(records[2]?.payload)).toBe('hé☃');
      expect(readClose(records[4]?.payload ?? new Uint8Array())).toEqual([4403, 'no: not\nyou']);
    }
  });

  test('a piece in which nothing is whole gives nothing, and is kept', () => {
    const read = createRecordReader(10);
    const record = encodeRecord(recordKinds.text, 'abc');
    expect(read(record.subarray(0, 4))).toEqual([]);
    expect(read(record.subarray(4, 7))).toEqual([]);
    expect(read(record.subarray(7))).toHaveLength(1);
    expect(read(new Uint8Array())).toEqual([]);
  });

  test('one that promises more than the limit is refused before it is there', () => {
    const read = createRecordReader(10);
    expect(() => read(new Uint8Array([1, 0xff, 0xff, 0xff, 0xff]))).toThrow(RangeError);
  });

  test('a close that says nothing we know is 1006', () => {
    expect(readClose(new TextEncoder().encode('gone'))).toEqual([1006, '']);
    expect(readClose(new Uint8Array([0xff, 0xfe]))).toEqual([1006, '']);
  });
});
