// Every payload through every way of writing it, in a process of its own: nanoseconds to write and to read, and bytes.
import { pathToFileURL } from 'node:url';
import { createServer } from 'vite';
import { answerParent } from '../support/child.mjs';
import { requireFromRoot, root } from '../support/places.mjs';
import { frameOf, payloads } from './payloads.mjs';

// The parts of the library that an app cannot reach: from the source, by the same compiler that builds it.
const vite = await createServer({
  root,
  configFile: false,
  logLevel: 'warn',
  appType: 'custom',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const load = (path) => vite.ssrLoadModule(pathToFileURL(`${root}src/protocol/${path}`).href);
const [{ json }, { msgpack }, { parseServerFrame, serverTuple }] = await Promise.all(
  ['codec.ts', 'msgpack.ts', 'parse.ts'].map(load),
);
await vite.close();
const { Decoder, Encoder } = requireFromRoot('@msgpack/msgpack');

const [ourJson, ourMsgpack] = [json(), msgpack()];
const [encoder, decoder] = [new Encoder(), new Decoder()];

/** JSON with bytes as base64, which is the least that one can write who needs them. */
const bare = {
  write(tuple) {
    const data = tuple[2][8];
    return JSON.stringify(
      data instanceof Uint8Array
        ? tuple.with(
            2,
            tuple[2].with(8, Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64')),
          )
        : tuple,
    );
  },
  read: (text) => JSON.parse(text),
  readBytes(text) {
    const tuple = JSON.parse(text);
    tuple[2][8] = new Uint8Array(Buffer.from(tuple[2][8], 'base64'));
    return tuple;
  },
};

const ours = (codec) => ({
  write: (frame) => codec.encode(serverTuple(frame)),
  read: (message) => codec.decode(message).map(parseServerFrame),
});
const coded = (codec) => ({
  write: ([tuple]) => codec.encode(tuple),
  read: (message) => codec.decode(message),
});

function waysOf(data) {
  const frame = frameOf(data);
  const tuple = serverTuple(frame);
  const codecs = { json: coded(ourJson), msgpack: coded(ourMsgpack) };
  return {
    JSON: { write: () => bare.write(tuple), read: data instanceof Uint8Array ? bare.readBytes : bare.read },
    'roomful json, codec alone': { write: () => codecs.json.write([tuple]), read: codecs.json.read },
    'roomful json': { write: () => ours(ourJson).write(frame), read: ours(ourJson).read },
    '@msgpack/msgpack': { write: () => encoder.encode(tuple), read: (bytes) => decoder.decode(bytes) },
    'roomful msgpack, codec alone': { write: () => codecs.msgpack.write([tuple]), read: codecs.msgpack.read },
    'roomful msgpack': { write: () => ours(ourMsgpack).write(frame), read: ours(ourMsgpack).read },
  };
}
const ways = Object.fromEntries(Object.entries(payloads).map(([name, data]) => [name, waysOf(data)]));

/** What is measured must not be found to be of no use. */
let sink;

/** Nanoseconds of one call. */
function timed(call, milliseconds) {
  let calls = 0;
  let many = 1;
  const began = process.hrtime.bigint();
  for (;;) {
    for (let at = 0; at < many; at++) sink = call();
    calls += many;
    const taken = Number(process.hrtime.bigint() - began);
    if (taken >= milliseconds * 1e6) return taken / calls;
    if (taken < milliseconds * 1e5) many *= 2;
  }
}

answerParent('ready', ({ milliseconds }) =>
  Object.entries(ways).flatMap(([payload, list]) =>
    Object.entries(list).map(([way, { write, read }]) => {
      const written = write();
      const message = typeof written === 'string' ? written : written.slice();
      const one = {
        payload,
        way,
        bytes: Buffer.byteLength(message),
        write: timed(write, milliseconds),
        read: timed(() => read(message), milliseconds),
      };
      if (!sink) throw new Error(`${way} read nothing`);
      return one;
    }),
  ),
);
