// `roomful/testing`: for the tests and the stories of apps.
export { createTestRealtime } from './world.js';
export { serve } from '../server/rooms/serve.js';
export type { TestRealtime, TestRealtimeOptions, TestUser, TestUserOptions } from './world.js';
export type { Network, NetworkControls } from './network.js';
export type { TestClock } from './clock.js';
export type { ServerCore, ServerStats } from '../server/server.js';
export type { LoggedMessage, ServerRoom } from '../server/server-room.js';
export type { ServedRoom, ServeOptions, User } from '../server/rooms/serve.js';
