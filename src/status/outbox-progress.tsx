// How far a backlog of own messages is sent, and which were not.
import type { ComponentPropsWithoutRef, ReactElement } from 'react';
import { useOutbox } from '../react/use-outbox.js';

export interface OutboxProgressLabels {
  readonly sending: (done: number, total: number) => string;
  readonly failed: (count: number) => string;
  readonly retry: string;
  readonly discard: string;
}

export interface OutboxProgressProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /** The room whose messages count as not sent. Default: those of all rooms. A backlog is always of all rooms. */
  readonly room?: { readonly id: string };
  /** Other words, such as those of another language. Default English. */
  readonly labels?: Partial<OutboxProgressLabels>;
}

const english: OutboxProgressLabels = {
  sending: (done, total) => `Sending what was kept: ${done} of ${total}`,
  failed: (count) => (count === 1 ? '1 message was not sent' : `${count} messages were not sent`),
  retry: 'Send again',
  discard: 'Discard',
};

/**
 * While a backlog is sent, a progress bar; where messages failed, how many, with buttons to send them again or to forget them; otherwise nothing but an empty element, so that what
 * comes is announced. Unstyled: `data-part` is `label`, `bar`, `failed`, `retry` and `discard`.
 */
export function OutboxProgress({ room, labels, ...rest }: OutboxProgressProps): ReactElement {
  const { progress, failed, retry, discard } = useOutbox(room);
  const words = { ...english, ...labels };
  const forEach = (act: (id: string) => void) => (): void => {
    for (const { id } of failed) act(id);
  };
  return (
    <div {...rest}>
      <output data-part="label">
        {progress
          ? words.sending(progress.done, progress.total)
          : failed.length > 0
            ? words.failed(failed.length)
            : ''}
      </output>
      {progress && (
        <progress
          data-part="bar"
          aria-label={words.sending(progress.done, progress.total)}
          max={progress.total}
          value={progress.done}
        />
      )}
      {failed.length > 0 && (
        <span data-part="failed">
          <button type="button" data-part="retry" onClick={forEach(retry)}>
            {words.retry}
          </button>
          <button type="button" data-part="discard" onClick={forEach(discard)}>
            {words.discard}
          </button>
        </span>
      )}
    </div>
  );
}
