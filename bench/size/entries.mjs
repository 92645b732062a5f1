// What is weighed: what an app's bundler keeps of these lines.

export const entries = {
  usual: `export { RealtimeProvider, useRoom, useMessage, useMessages, useConnectionState, defineRoom } from 'roomful';`,
  everything: `export * from 'roomful';`,
  everythingWithMsgpack: `export * from 'roomful'; export * from 'roomful/msgpack';`,
  client: `export { createClient } from 'roomful/client';`,
};

/** What an entry ought to weigh. limits.json holds what it may: today's weight and a little more, so that it only ever shrinks on purpose. */
export const aims = { everything: 16_000 };
