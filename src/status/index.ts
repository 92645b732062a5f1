// `roomful/status`: what the connection and the outbox do, in words for people. Unstyled.
export { ConnectionStatus, useConnectionStatus } from './connection-status.js';
export { OutboxProgress } from './outbox-progress.js';
export type {
  ConnectionPhase,
  ConnectionStatusLabels,
  ConnectionStatusProps,
  ConnectionStatusView,
} from './connection-status.js';
export type { OutboxProgressLabels, OutboxProgressProps } from './outbox-progress.js';
