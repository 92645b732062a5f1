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
 * @property {readonly string[]} [startsLive] Files that may import a file named `*.live.ts`. Such a file is only needed
 *   once there is a connection, and other files of this kind may import it too.
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
    folder: 'src/client/machine/model',
    purpose:
      'What the machine knows and says: state, events, effects, limits, drafts of a state, and what a slice is. A slice is one concern with all its phases: events, frames, deadlines, and what it has to tell the server',
    imports: ['src/protocol'],
  },
  {
    folder: 'src/client/machine/room',
    purpose:
      'Slices of one room: membership (users, joins, leaves), log (entries, gaps), presence, broadcasts, lists of messages, history',
    imports: ['src/protocol', 'src/client/machine/model'],
  },
  {
    folder: 'src/client/machine/outbox',
    purpose:
      "Slices of the client's own durable messages: what waits (`queue`), what is under way (`in-flight`), what was read back from storage (`restore`)",
    imports: ['src/protocol', 'src/client/machine/model', 'src/client/machine/room'],
  },
  {
    folder: 'src/client/machine/connection',
    purpose:
      'Slices of the connection: what opens, loses and follows it (`lifecycle`), `hello` and `welcome` (`greeting`), heartbeat, token, signals of the browser; backoff',
    imports: ['src/protocol', 'src/client/machine/model', 'src/client/machine/room'],
  },
  {
    folder: 'src/client/machine/view',
    purpose: 'The public state, as hooks return it. A part that did not change keeps its identity',
    imports: ['src/client/machine/model', 'src/client/machine/room'],
    typeImports: ['src/protocol'],
  },
  {
    folder: 'src/client/machine',
    purpose:
      'The machine, a pure function: `transition` (an event in), `slices` (the list of all slices), `receive` (frames in), `reconcile` (frames out, so that the server agrees with the state), `handover` (the move to the next connection), `deadline` (the next moment at which something is due)',
    imports: [
      'src/protocol',
      'src/client/machine/model',
      'src/client/machine/room',
      'src/client/machine/outbox',
      'src/client/machine/connection',
    ],
  },
  {
    folder: 'src/client/edge',
    purpose:
      'Impure and without decisions: socket (partysocket, one attempt at a time), http and fallback (which of the two), signals, clock, frame, ids, address',
    imports: ['src/protocol'],
    typeImports: ['src/client/machine/model'],
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
    imports: ['src/protocol', 'src/client/machine/model'],
    typeImports: ['src/client/edge'],
    globals: { indexedDB: ['indexed-db.ts'], navigator: ['indexed-db.ts'] },
  },
  {
    folder: 'src/client/driver',
    purpose:
      'The only way into the machine: `machine-runner` (events in order, inspectors), `publisher` (the store, and messages for handlers), `alarm` (one timer for all deadlines)',
    imports: ['src/client/machine', 'src/client/machine/view'],
    typeImports: ['src/client/edge', 'src/client/machine/model'],
    packages: { 'zustand/vanilla': ['publisher.ts'] },
    globals: { queueMicrotask: ['driver.ts'] },
  },
  {
    folder: 'src/client/rooms',
    purpose:
      'Rooms as an app holds them: handles (calls become events), checks of what the app passes, promises, the handlers of messages',
    imports: [
      'src/protocol',
      'src/contract',
      'src/client/machine/model',
      'src/client/machine/room',
      'src/client/machine/view',
    ],
    typeImports: ['src/client/driver'],
  },
  {
    folder: 'src/client',
    purpose:
      '`client` (makes the parts of a client and connects them), `client-events` (listeners of the app), `perform` (does effects), `deliver` (messages to handlers), `storage-link` (attaches the outbox to a storage), `attempts` (url, token, link, codec), `connection` (the code that comes with the first attempt) and `late-code` (which fetches it), `options`',
    imports: [
      'src/protocol',
      'src/client/edge',
      'src/client/machine/model',
      'src/contract',
      'src/client/machine',
      'src/client/driver',
      'src/client/rooms',
    ],
    typeImports: ['src/client/storage', 'src/client/machine/view'],
    globals: { 'Math.random': ['client.ts'], console: ['client.ts'] },
    startsLive: ['attempts.ts'],
  },
  {
    folder: 'src/react',
    purpose: 'Provider, context, one file a hook. No protocol knowledge',
    imports: [
      'src/client',
      'src/client/rooms',
      'src/client/machine/view/structural-sharing.ts',
      'src/client/machine/room/lists.ts',
      'src/protocol/error.ts',
    ],
    typeImports: ['src/client/machine/model', 'src/contract', 'src/client/machine/view', 'src/client/driver'],
    packages: { react: everyFile, zustand: ['use-selection.ts', 'use-send.ts'] },
    globals: { setTimeout: ['provider.ts'], clearTimeout: ['provider.ts'] },
  },
  {
    folder: 'src',
    purpose: 'The entry `roomful`: it names what React apps import',
    imports: ['src/react', 'src/contract', 'src/client'],
  },
  {
    folder: 'src/status',
    purpose:
      'What the connection and the outbox do, in words for people: unstyled, an entry of its own (`roomful/status`)',
    imports: ['src/react', 'src/client/edge/clock.ts'],
    typeImports: ['src/client/machine/view'],
    packages: { react: everyFile },
  },
  {
    folder: 'src/devtools/recording',
    purpose:
      'The events, frames and states of a client, recorded through `client.inspect`, and faults on purpose',
    imports: [
      'src/client/edge/clock.ts',
      'src/client/machine/model/connection-state.ts',
      'src/protocol/codes.ts',
      'src/protocol/parse.ts',
    ],
    typeImports: ['src/client', 'src/client/machine/view', 'src/client/machine/model', 'src/protocol'],
    packages: { react: everyFile },
    globals: { queueMicrotask: ['faults.ts'] },
  },
  {
    folder: 'src/devtools/tabs',
    purpose: "The panel's tabs, a file each",
    imports: [
      'src/devtools/recording',
      'src/client/machine/model',
      'src/client/machine/view/connection-view.ts',
    ],
    typeImports: ['src/protocol', 'src/client/machine/view'],
    packages: { react: everyFile },
    globals: { navigator: ['frames.tsx'] },
  },
  {
    folder: 'src/devtools',
    purpose:
      'The panel and its frame, and the bridge to Redux DevTools; `absent.ts` is what a production build gets',
    imports: ['src/devtools/recording', 'src/devtools/tabs', 'src/react/context.ts'],
    typeImports: ['src/client'],
    packages: { react: everyFile, 'react-dom': ['devtools.tsx'] },
    globals: { localStorage: ['preferences.ts'], globalThis: ['redux.ts'] },
  },
  {
    folder: 'src/server/util',
    purpose:
      'Helpers without a subject of their own: a timer wheel, a token bucket, sizes, a bound on waiting, values that may be promises',
    imports: ['src/protocol'],
  },
  {
    folder: 'src/server/ports',
    purpose: 'The interfaces through which the core meets the world: clock, timers, transport, meter',
    imports: [],
    typeImports: ['src/protocol', 'src/server/util'],
  },
  {
    folder: 'src/server/broker',
    purpose: 'The `Broker` port, and the broker in memory',
    imports: ['src/server/util'],
    typeImports: ['src/protocol'],
    globals: { Date: ['memory-broker.ts'], crypto: ['memory-broker.ts'] },
  },
  {
    folder: 'src/server/observe',
    purpose: 'The log, and the lines that closed connections leave in it',
    imports: ['src/protocol', 'src/server/util'],
    typeImports: ['src/server/ports'],
  },
  {
    folder: 'src/server/rooms',
    purpose: "The rooms that an app defines (`serve`), and how a room's contract reads data",
    imports: ['src/protocol', 'src/contract', 'src/server/util'],
    typeImports: ['src/server/broker'],
  },
  {
    folder: 'src/server/delivery',
    purpose:
      'Events on their way to members: hub, send queue, slow readers, lists of members. A member is a `Receiver` here, and its connection a `Reader`',
    imports: ['src/protocol', 'src/server/util', 'src/server/broker'],
    typeImports: ['src/server/ports', 'src/server/rooms'],
  },
  {
    folder: 'src/server/members',
    purpose:
      'Connections as handlers see them (`Peer`), their memberships, and members that are shown without a connection',
    imports: ['src/server/util'],
    typeImports: [
      'src/protocol',
      'src/server/ports',
      'src/server/broker',
      'src/server/rooms',
      'src/server/delivery',
    ],
  },
  {
    folder: 'src/server/access',
    purpose: 'The question to `authorize`, and the consequences of its answers',
    imports: [
      'src/protocol',
      'src/server/util',
      'src/server/observe',
      'src/server/rooms',
      'src/server/delivery',
    ],
    typeImports: ['src/server/ports', 'src/server/broker', 'src/server/members'],
  },
  {
    folder: 'src/server/messages',
    purpose: 'A durable message on its way into the log: its sequence, its handler, its append',
    imports: [
      'src/protocol',
      'src/contract',
      'src/server/util',
      'src/server/broker',
      'src/server/observe',
      'src/server/rooms',
      'src/server/delivery',
      'src/server/members',
      'src/server/access',
    ],
    typeImports: ['src/server/ports'],
  },
  {
    folder: 'src/server/frames',
    purpose: 'One file for each kind of frame: what the server does with it',
    imports: [
      'src/protocol',
      'src/server/util',
      'src/server/broker',
      'src/server/observe',
      'src/server/rooms',
      'src/server/delivery',
      'src/server/members',
      'src/server/access',
      'src/server/messages',
    ],
    typeImports: ['src/server/ports'],
  },
  {
    folder: 'src/server/connection',
    purpose:
      'One connection: bytes in, frames in order, its life as a machine; and limits on the number of connections',
    imports: [
      'src/protocol',
      'src/server/util',
      'src/server/observe',
      'src/server/delivery',
      'src/server/members',
      'src/server/frames',
    ],
    typeImports: ['src/server/ports', 'src/server/broker', 'src/server/rooms'],
  },
  {
    folder: 'src/server/cluster',
    purpose: 'The other nodes: load, rebalancing, drain',
    imports: ['src/protocol', 'src/server/delivery'],
    typeImports: ['src/server/util', 'src/server/ports', 'src/server/broker', 'src/server/members'],
  },
  {
    folder: 'src/server',
    purpose:
      'The composition of the core, which also runs in a browser; its options; the server as a sender of messages',
    imports: [
      'src/protocol',
      'src/contract',
      'src/server/util',
      'src/server/ports',
      'src/server/broker',
      'src/server/observe',
      'src/server/rooms',
      'src/server/delivery',
      'src/server/members',
      'src/server/access',
      'src/server/messages',
      'src/server/connection',
      'src/server/cluster',
    ],
    typeImports: ['src/server/frames'],
    globals: { console: ['options.ts'] },
  },
  {
    folder: 'src/server/node/system',
    purpose: 'The clock, timers and random numbers of Node, and timeouts for clients that leave',
    imports: [],
    typeImports: ['src/server/ports'],
    packages: { [nodeModules]: everyFile },
    globals: {
      Buffer: ['random.ts'],
      Date: ['ports.ts'],
      performance: ['ports.ts'],
      'Math.random': ['ports.ts'],
      setTimeout: ['ports.ts'],
      clearTimeout: ['ports.ts'],
      setImmediate: ['ports.ts'],
    },
  },
  {
    folder: 'src/server/node/auth',
    purpose: 'Users from JSON Web Tokens',
    imports: ['src/protocol', 'src/server/node/system'],
    typeImports: ['src/server', 'src/server/rooms'],
    packages: { jose: ['jwt.ts', 'remote-keys.ts'] },
  },
  {
    folder: 'src/server/node/http',
    purpose: 'Upgrade to WebSocket through `ws`, transport, health, metrics, proxies',
    imports: ['src/server/observe', 'src/protocol', 'src/server/node/system'],
    typeImports: ['src/server', 'src/server/ports', 'src/server/connection'],
    packages: {
      [nodeModules]: everyFile,
      'prom-client': ['metrics.ts'],
      'proxy-addr': ['proxies.ts'],
      ws: ['served-socket.ts', 'transport.ts', 'upgrade.ts'],
    },
    globals: {
      Buffer: ['served-socket.ts', 'transport.ts'],
      setTimeout: ['upgrade.ts'],
      process: ['reach.ts', 'served-socket.ts'],
    },
  },
  {
    folder: 'src/server/node/fallback',
    purpose: 'Streams and requests in place of a WebSocket, for clients whose network blocks it',
    imports: [
      'src/server/connection',
      'src/server/util',
      'src/server/broker',
      'src/server/observe',
      'src/protocol',
      'src/server/node/system',
    ],
    typeImports: ['src/server/ports', 'src/server'],
    packages: { [nodeModules]: everyFile },
    globals: { Buffer: ['body.ts', 'seal.ts', 'stream.ts'] },
  },
  {
    folder: 'src/server/node',
    purpose: 'The server for Node: `listen` and `attach`, and the entry `roomful/server`',
    imports: [
      'src/server/node/auth',
      'src/server/rooms',
      'src/server/broker',
      'src/protocol',
      'src/server/node/http',
      'src/server/observe',
      'src/server',
      'src/server/ports',
      'src/server/node/fallback',
      'src/server/node/system',
    ],
    typeImports: ['src/server/connection', 'src/server/util', 'src/contract', 'src/server/cluster'],
    packages: { [nodeModules]: everyFile, pino: ['logger.ts'] },
  },
  {
    folder: 'src/server/node/redis/client',
    purpose:
      'Redis clients behind one port: node-redis, ioredis, clusters; calls that are answered in time or fail',
    imports: ['src/server/broker', 'src/server/util'],
    typeImports: ['src/server/ports'],
    packages: { [nodeModules]: everyFile },
  },
  {
    folder: 'src/server/node/redis/store',
    purpose: 'The keys, texts and Lua scripts of everything that is kept in Redis',
    imports: ['src/server/broker', 'src/protocol'],
    packages: { [nodeModules]: ['keys.ts'] },
  },
  {
    folder: 'src/server/node/redis/log',
    purpose: 'The log of a room: appends, reads, subscriptions',
    imports: ['src/protocol', 'src/server/util', 'src/server/node/redis/store', 'src/server/node/system'],
    typeImports: ['src/server/broker', 'src/server/node/redis/client', 'src/server/ports'],
    globals: { Date: ['append-reply.ts'], setImmediate: ['appends.ts'] },
  },
  {
    folder: 'src/server/node/redis/members',
    purpose: 'Members, sessions and admissions of a room',
    imports: ['src/server/broker', 'src/server/node/redis/store', 'src/protocol', 'src/server/util'],
    typeImports: ['src/server/node/redis/client', 'src/server/ports'],
  },
  {
    folder: 'src/server/node/redis/nodes',
    purpose: 'Commands and requests from node to node, and the loads of nodes',
    imports: ['src/server/util', 'src/server/node/redis/store', 'src/server/node/system'],
    typeImports: ['src/server/broker', 'src/server/ports', 'src/server/node/redis/client'],
    globals: { Buffer: ['node-message-text.ts'] },
  },
  {
    folder: 'src/server/node/redis',
    purpose: 'The broker of many nodes, put together',
    imports: [
      'src/server/broker',
      'src/server/util',
      'src/server/node/redis/members',
      'src/server/node/redis/log',
      'src/server/node/redis/client',
      'src/server/node/redis/nodes',
      'src/server/node/redis/store',
      'src/server/node/system/ports.ts',
      'src/server/node/system/random.ts',
    ],
    typeImports: ['src/protocol', 'src/server/ports'],
    globals: { Date: ['broker.ts', 'parts.ts'] },
  },
  {
    folder: 'src/server/node/cli',
    purpose: 'The ready-made server, `roomful serve`: a caller of the public API',
    imports: ['src/server/node/redis', 'src/server/node/auth', 'src/server/rooms', 'src/server/node'],
    typeImports: [
      'src/server/node/http',
      'src/server/broker',
      'src/server/observe',
      'src/server/node/redis/client',
      'src/server',
    ],
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
    imports: [
      'src/client/edge',
      'src/server/rooms',
      'src/server',
      'src/protocol',
      'src/client',
      'src/server/broker',
      'src/react/provider.ts',
    ],
    typeImports: ['src/server/ports', 'src/client/storage'],
    packages: { react: everyFile },
    globals: {
      MessageChannel: ['macrotask.ts'],
      globalThis: ['macrotask.ts'],
      setImmediate: ['macrotask.ts'],
    },
  },
];
