// How far is one of my own messages, and what can I do about it?
import type { Message, Outbox } from 'roomful';

interface Props {
  readonly id: string;
  readonly status: NonNullable<Message['status']>;
  readonly outbox: Outbox;
}

const words = { queued: 'Waiting for the network', sending: 'Sending…', sent: 'Sent' } as const;

export function Delivery({ id, status, outbox }: Props) {
  if (status !== 'failed') {
    return (
      <span className="delivery" data-status={status}>
        {words[status]}
        {status === 'queued' && (
          <button
            type="button"
            className="link"
            onClick={() => {
              outbox.discard(id);
            }}
          >
            Take back
          </button>
        )}
      </span>
    );
  }
  const reason = outbox.failed.find((entry) => entry.id === id)?.error?.message;
  return (
    <span className="delivery" data-status="failed">
      <span>{reason ? `Refused: ${reason}` : 'Refused'}</span>
      <span className="choices">
        <button
          type="button"
          className="link"
          onClick={() => {
            outbox.retry(id);
          }}
        >
          Retry
        </button>
        <button
          type="button"
          className="link"
          onClick={() => {
            outbox.discard(id);
          }}
        >
          Discard
        </button>
      </span>
    </span>
  );
}
