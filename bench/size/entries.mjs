// What is weighed: what an app's bundler keeps of these lines.

export const entries = {
  usual: `export { RealtimeProvider, useRoom, useMessage, useMessages, useConnectionState, defineRoom } from 'roomful';`,
  everything: `export * from 'roomful';`,
  everythingWithMsgpack: `export * from 'roomful'; export * from 'roomful/msgpack';`,
  client: `export { createClient } from 'roomful/client';`,
};

/** `everything` may not weigh more than this, whatever limits.json says: the project promises it. */
export const promise = { everything: 16_000 };
