// What is weighed: what an app's bundler keeps of these lines.

/** `beyond`: what it adds to another. */
export const entries = {
  everything: { text: `export * from 'roomful';` },
  usual: { text: `export { RealtimeProvider, useRoom, useMessage, useConnectionState } from 'roomful';` },
  client: { text: `export { createClient } from 'roomful/client';` },
  msgpack: { text: `export * from 'roomful'; export * from 'roomful/msgpack';`, beyond: 'everything' },
  indexeddb: { text: `export * from 'roomful'; export * from 'roomful/storage';`, beyond: 'everything' },
};

/** What an entry ought to weigh. limits.json holds what it may: today's weight and a little more, so that it only ever shrinks on purpose. */
export const aims = { everything: 12_000, usual: 10_000, msgpack: 6_000, indexeddb: 1_500 };

/** The packages of an app that does about the same without us: connects, joins, hears. */
export const peers = {
  'partysocket + zustand': `import Socket from 'partysocket/ws'; import { create } from 'zustand'; new Socket('ws://h').addEventListener('message', (it) => { globalThis.x = it; }); globalThis.y = create(() => ({}));`,
  'react-use-websocket': `import useWebSocket from 'react-use-websocket'; globalThis.x = () => useWebSocket('ws://h').lastJsonMessage;`,
  phoenix: `import { Socket, Presence } from 'phoenix'; const socket = new Socket('/s'); socket.connect(); const room = socket.channel('r'); room.join(); room.on('m', (it) => { globalThis.x = it; }); globalThis.y = Presence;`,
  'socket.io-client': `import { io } from 'socket.io-client'; const socket = io('http://h', { transports: ['websocket'] }); socket.emit('join', 'r'); socket.on('m', (it) => { globalThis.x = it; });`,
  centrifuge: `import { Centrifuge } from 'centrifuge'; const client = new Centrifuge('ws://h'); const room = client.newSubscription('r'); room.on('publication', (it) => { globalThis.x = it; }); room.subscribe(); client.connect();`,
  'ably with its hooks': `import { Realtime } from 'ably'; import { AblyProvider, ChannelProvider, useChannel } from 'ably/react'; globalThis.x = [Realtime, AblyProvider, ChannelProvider, useChannel];`,
  'liveblocks for React': `import { LiveblocksProvider, RoomProvider, useEventListener, useOthers } from '@liveblocks/react'; globalThis.x = [LiveblocksProvider, RoomProvider, useEventListener, useOthers];`,
};

/** The peer that is our floor: what the client is built on. It comes with the library. */
export const floor = 'partysocket + zustand';

/** The package whose version tells that of a peer. */
export const packageOf = { 'ably with its hooks': 'ably', 'liveblocks for React': '@liveblocks/react' };
