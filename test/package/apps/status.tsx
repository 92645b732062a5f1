// A status line, in words of one's own.
import { ConnectionStatus, OutboxProgress, useConnectionStatus, type ConnectionPhase } from 'roomful/status';

export const usePhase = (): ConnectionPhase => useConnectionStatus().phase;

export const Status = () => (
  <>
    <ConnectionStatus className="status" labels={{ retry: 'Noch einmal' }} />
    <OutboxProgress room={{ id: 'chat/1' }} />
  </>
);
