// `roomful/status`: components that show the connection and the outbox in words for people. They have no styles.
export { ConnectionStatus, useConnectionStatus } from './connection-status.js';
export { OutboxProgress } from './outbox-progress.js';
export type {
  ConnectionPhase,
  ConnectionStatusLabels,
  ConnectionStatusProps,
  ConnectionStatusView,
} from './connection-status.js';
export type { OutboxProgressLabels, OutboxProgressProps } from './outbox-progress.js';
