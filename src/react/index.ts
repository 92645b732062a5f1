// The names of the React half.
export { RealtimeProvider } from './provider.js';
export { useRealtime } from './context.js';
export { useRealtimeStore } from './use-selection.js';
export { useConnectionState } from './use-connection-state.js';
export { useLatency } from './use-latency.js';
export { useRoom } from './use-room.js';
export { useMessage } from './use-message.js';
export { useMessages } from './use-messages.js';
export { useSend } from './use-send.js';
export { useMyPresence } from './use-my-presence.js';
export { useOthers } from './use-others.js';
export { useOutbox } from './use-outbox.js';
export type { RealtimeProviderProps } from './provider.js';
export type { UseRoomOptions } from './use-room.js';
export type { Messages, UseMessagesOptions } from './use-messages.js';
export type { SendState } from './use-send.js';
export type { Outbox } from './use-outbox.js';
