// The folders of src/, and what each may import and use: the one table behind `npm run check:architecture`, the lint
// rules for globals, and the table in ARCHITECTURE.md. A row speaks for the files that lie in its folder, and for no
// folder below: each folder has a row of its own. The order is that of the floors, the lowest first.

/** In place of a list of files: each file of the folder. */
export const everyFile = '*';

/** In place of a package's name: each module of Node itself. */
export const nodeModules = 'node:*';

const clocksAndChance = ['Date', 'performance', 'Math.random', 'crypto'];
const timers = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'requestAnimationFrame',
  'requestIdleCallback',
];
const browser = [
  'window',
  'document',
  'navigator',
  'location',
  'localStorage',
  'sessionStorage',
  'indexedDB',
];
const network = [
  'WebSocket',
  'EventSource',
  'fetch',
  'XMLHttpRequest',
  'Worker',
  'MessageChannel',
  'BroadcastChannel',
];
const node = ['process', 'Buffer', 'require', 'module', '__dirname', '__filename'];
/** Each of these holds all others. */
const globalObjects = ['globalThis', 'self', 'global'];

/**
 * The globals that tie code to a clock, to chance, to a browser or to Node. A file uses those that its row names.
 * Other globals (`URL`, `AbortController`, `TextEncoder`) are the same wherever the code runs.
 */
export const guardedGlobals = [
  ...clocksAndChance,
  ...timers,
  ...browser,
  ...network,
  ...node,
  ...globalObjects,
  'console',
];

/**
 * @typedef {object} Layer
 * @property {string} folder From the root of the project.
 * @property {string} purpose One sentence, in Markdown, for ARCHITECTURE.md.
 * @property {readonly string[]} imports Folders and single files that it may import, types and values.
 * @property {readonly string[]} [typeImports] Folders and single files of which it may import types only.
 * @property {Readonly<Record<string, '*' | readonly string[]>>} [packages] Packages by the name that an import gives,
 *   each with the files that may import it.
 * @property {Readonly<Record<string, '*' | readonly string[]>>} [globals] Guarded globals, each with the files that
 *   may use it.
 * @property {readonly string[]} [computedImports] Files that may import a module whose name is known at run time only.
 */

/** @type {readonly Layer[]} */
export const layers = [
  {
    folder: 'src/protocol',
    purpose:
      'What both ends agree on: frames and their wire tables, `parse` (unknown in; frame or malformed out: the only file that trusts nobody), codecs, the scans before them, codes with verdicts, positions, limits',
    imports: [],
    packages: { '@msgpack/msgpack': ['msgpack.ts'] },
  },
  {
    folder: 'src/contract',
    purpose: '`defineRoom`, typed patterns, validation through Standard Schema, message versions',
    imports: ['src/protocol'],
  },
  {
    folder: 'src/client/machine',
    purpose:
      'Pure: state (`connection-state`: what one transport is in its life), events, effects; `transition` is the table of contents; connection, heartbeat, backoff, room, presence, timeline, history, handover (from one connection to the next), outbox (what waits), flight (what is under way), queue (what states share), durable (what outlives the page), pump, deadline, view',
    imports: ['src/protocol'],
  },
  {
    folder: 'src/client/edge',
    purpose:
      'Impure and without decisions: socket (partysocket, one attempt at a time), http and fallback (which of the two), signals, clock, frame, ids, address',
    imports: ['src/protocol'],
    typeImports: ['src/client/machine'],
    packages: { 'partysocket/ws': ['socket.ts'] },
    globals: {
      Date: ['clock.ts'],
      performance: ['clock.ts'],
      setTimeout: ['clock.ts', 'frame.ts'],
      clearTimeout: ['clock.ts', 'frame.ts'],
      queueMicrotask: ['frame.ts'],
      requestAnimationFrame: ['frame.ts'],
      crypto: ['ids.ts'],
      fetch: ['http.ts'],
      WebSocket: ['socket.ts'],
      globalThis: ['address.ts', 'http.ts', 'signals.ts', 'socket.ts'],
      location: ['address.ts', 'http.ts'],
      document: ['frame.ts', 'signals.ts'],
      navigator: ['signals.ts'],
    },
  },
  {
    folder: 'src/client/storage',
    purpose:
      'An outbox that outlives its page, imported only by apps that want it (`roomful/storage`): the port, IndexedDB and memory as disks, sessions and their locks, the writer, what other pages left',
    imports: ['src/protocol', 'src/client/machine'],
    typeImports: ['src/client/edge'],
    globals: { indexedDB: ['indexed-db.ts'], navigator: ['indexed-db.ts'] },
  },
  {
    folder: 'src/client',
    purpose:
      '`driver` (the door), `connection` (what comes with the first attempt) and `later` (which fetches it), `attempts` (url, token, link, codec), `client`, `room-handle` (calls become events), `handlers` (who is told of which message), `told` (of which it was told before), `promises` (what an app was promised), `options`',
    imports: ['src/protocol', 'src/contract', 'src/client/machine', 'src/client/edge'],
    typeImports: ['src/client/storage'],
    packages: { 'zustand/vanilla': ['driver.ts'] },
    globals: {
      queueMicrotask: ['driver.ts'],
      'Math.random': ['client.ts'],

      console: ['client.ts'],
    },
  },
  {
    folder: 'src/react',
    purpose: 'Provider, context, one file a hook. No protocol knowledge',
    imports: [
      'src/client',
      'src/client/machine/shared.ts',
      'src/client/machine/timeline.ts',
      'src/protocol/error.ts',
    ],
    typeImports: ['src/client/machine', 'src/contract'],
    packages: { react: everyFile, zustand: ['use-selection.ts', 'use-send.ts'] },
    globals: { setTimeout: ['provider.ts'], clearTimeout: ['provider.ts'] },
  },
  {
    folder: 'src',
    purpose: 'The entry `roomful`: it names what React apps import',
    imports: ['src/client', 'src/contract', 'src/react'],
  },
  {
    folder: 'src/status',
    purpose:
      'What the connection and the outbox do, in words for people: unstyled, an entry of its own (`roomful/status`)',
    imports: ['src/react', 'src/client/edge/clock.ts'],
    typeImports: ['src/client/machine'],
    packages: { react: everyFile },
  },
  {
    folder: 'src/devtools',
    purpose:
      'A panel into a client (`client.inspect` stands between events and the machine): recorder, faults; Redux DevTools; `absent.ts` is what a production build gets',
    imports: [
      'src/devtools/tabs',
      'src/react/context.ts',
      'src/client/edge/clock.ts',
      'src/client/machine/connection-state.ts',
      'src/protocol/parse.ts',
    ],
    typeImports: ['src/client', 'src/client/machine', 'src/protocol'],
    packages: { react: everyFile, 'react-dom': ['devtools.tsx'] },
    globals: {
      queueMicrotask: ['faults.ts'],
      localStorage: ['preferences.ts'],
      globalThis: ['redux.ts'],
    },
  },
  {
    folder: 'src/devtools/tabs',
    purpose: "The panel's tabs, a file each",
    imports: ['src/devtools', 'src/client/machine/view.ts'],
    typeImports: ['src/client/machine', 'src/protocol'],
    packages: { react: everyFile },
    globals: { navigator: ['frames.tsx'] },
  },
  {
    folder: 'src/server',
    purpose:
      'The core, which also runs in a browser: connection, session, lane, hub, outgoing, batch, wheel, drain, rebalance and cluster, told (what nodes say of a user), the `Broker` port and the memory broker',
    imports: ['src/protocol', 'src/contract', 'src/server/handlers'],
    globals: { Date: ['memory-broker.ts'], crypto: ['memory-broker.ts'], console: ['options.ts'] },
  },
  {
    folder: 'src/server/handlers',
    purpose: 'One file a kind of frame: what the server does when it arrives',
    imports: ['src/protocol', 'src/contract', 'src/server'],
  },
  {
    folder: 'src/server/node/fallback',
    purpose: 'HTTP in the shape of a WebSocket, for clients whose network blocks WebSocket',
    imports: ['src/protocol', 'src/server'],
    packages: { [nodeModules]: everyFile },
    globals: { Buffer: ['body.ts', 'seal.ts', 'stream.ts'] },
  },
  {
    folder: 'src/server/node',
    purpose:
      'The server for Node: `ws` upgrade, transport, health, metrics, `listen` and `attach`, `jwt`, proxies, the default log',
    imports: ['src/protocol', 'src/server', 'src/server/node/fallback'],
    typeImports: ['src/contract'],
    packages: {
      [nodeModules]: everyFile,
      jose: ['jwt.ts', 'remote-keys.ts'],
      pino: ['logger.ts'],
      'prom-client': ['metrics.ts'],
      'proxy-addr': ['proxies.ts'],
      ws: ['served-socket.ts', 'transport.ts', 'upgrade.ts'],
    },
    globals: {
      Buffer: ['random.ts', 'served-socket.ts', 'transport.ts'],
      Date: ['ports.ts'],
      performance: ['ports.ts'],
      'Math.random': ['ports.ts'],
      setTimeout: ['ports.ts', 'upgrade.ts'],
      clearTimeout: ['ports.ts'],
      setImmediate: ['ports.ts'],
      process: ['reach.ts', 'served-socket.ts'],
    },
  },
  {
    folder: 'src/server/node/redis',
    purpose:
      'The broker of many nodes: client, cluster, calls, scripts, appends, reads, feeds, presence, tells, parcels, loads, wire',
    imports: ['src/protocol', 'src/server', 'src/server/node/ports.ts', 'src/server/node/random.ts'],
    packages: { [nodeModules]: everyFile },
    globals: { Buffer: ['parcel-text.ts'], Date: ['broker.ts', 'outcome.ts'], setImmediate: ['appends.ts'] },
  },
  {
    folder: 'src/server/node/cli',
    purpose: 'The ready-made server, `roomful serve`: a caller of the public API',
    imports: ['src/server', 'src/server/node', 'src/server/node/redis'],
    packages: { [nodeModules]: everyFile, pino: ['say.ts'] },
    globals: {
      process: ['main.ts', 'serve.ts'],
      setInterval: ['serve.ts'],
      clearInterval: ['serve.ts'],
      'Math.random': ['redis.ts'],
    },
    computedImports: ['redis.ts', 'rooms.ts'],
  },
  {
    folder: 'src/testing',
    purpose: 'The in-memory network, the virtual clock, worlds of users',
    imports: ['src/protocol', 'src/client', 'src/client/edge', 'src/react/provider.ts', 'src/server'],
    typeImports: ['src/client/storage'],
    packages: { react: everyFile },
    globals: {
      MessageChannel: ['macrotask.ts'],
      globalThis: ['macrotask.ts'],
      setImmediate: ['macrotask.ts'],
    },
  },
];
