// Which subprotocol is spoken, and what each close code means.
import { expect, test } from 'vitest';
import { json } from '../../src/protocol/codec.js';
import { closeCodes, errorCodes, isErrorCode, verdictOf } from '../../src/protocol/codes.js';
import { RealtimeError } from '../../src/protocol/error.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { chooseCodec, subprotocolOf } from '../../src/protocol/version.js';

test('P1 the client orders its offers, the server picks the first it knows', () => {
  const codecs = [json(), msgpack()];
  expect(subprotocolOf('json')).toBe('roomful.v1.json');
  expect(chooseCodec(['roomful.v2.json', 'roomful.v1.msgpack', 'roomful.v1.json'], codecs)?.name).toBe(
    'msgpack',
  );
  expect(chooseCodec(['roomful.v1.json', 'roomful.v1.msgpack'], codecs)?.name).toBe('json');
  expect(chooseCodec(['chat', 'roomful.v2.json'], codecs)).toBeNull();
});

test('the range of a close code gives the verdict that its row gives, but for those the text names', () => {
  const exceptions = new Set([1000, 4009, 4401, 4408, 4409, 4429]);
  const rows = Object.values(closeCodes).map((code: number) => [code, verdictOf(code)] as const);
  const ranged = rows.filter(([code]) => !exceptions.has(code));
  expect(ranged.map(([, verdict]) => verdict)).toEqual(
    ranged.map(([code]) => (code >= 4400 && code < 4500 ? 'stop' : 'retry')),
  );
});

test('an error says what it is, whether trying again helps, and what more is known', () => {
  const error = new RealtimeError('limited', 'too fast', { after: 5 });
  expect(error).toMatchObject({
    name: 'RealtimeError',
    code: 'limited',
    retryable: true,
    details: { after: 5 },
    message: 'too fast',
  });
  expect(new RealtimeError('rejected', 'no').details).toBeUndefined();
  expect(Object.keys(errorCodes).every(isErrorCode)).toBe(true);
  expect(['toString', '__proto__', 1, null].some(isErrorCode)).toBe(false);
});
