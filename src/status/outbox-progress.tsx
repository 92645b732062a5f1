// Shows the progress of a backlog of messages, and the failed messages.
import type { ComponentPropsWithoutRef, ReactElement } from 'react';
import { useOutbox } from '../react/use-outbox.js';

export interface OutboxProgressLabels {
  readonly sending: (done: number, total: number) => string;
  readonly failed: (count: number) => string;
  readonly retry: string;
  readonly discard: string;
}

export interface OutboxProgressProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /**
   * The room whose failed messages are counted. The progress is always that of all rooms.
   *
   * @default all rooms
   */
  readonly room?: { readonly id: string };
  /**
   * Other words, such as those of another language.
   *
   * @default English words
   */
  readonly labels?: Partial<OutboxProgressLabels>;
}

const english: OutboxProgressLabels = {
  sending: (done, total) => `Sending what was kept: ${done} of ${total}`,
  failed: (count) => (count === 1 ? '1 message was not sent' : `${count} messages were not sent`),
  retry: 'Send again',
  discard: 'Discard',
};

/**
 * Shows a progress bar while a backlog is sent, and the number of failed messages with buttons to send them again or
 * to discard them. Otherwise it shows an empty element, so that screen readers announce a later text. It has no
 * styles: use `data-part` in your styles, which is `label`, `bar`, `failed`, `retry` and `discard`.
 *
 * @example
 * <OutboxProgress room={room} />
 */
export function OutboxProgress({ room, labels, ...rest }: OutboxProgressProps): ReactElement {
  const { progress, failed, retry, discard } = useOutbox(room);
  const words = { ...english, ...labels };
  const forFailed = (act: (id: string) => void) => (): void => {
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
          <button type="button" data-part="retry" onClick={forFailed(retry)}>
            {words.retry}
          </button>
          <button type="button" data-part="discard" onClick={forFailed(discard)}>
            {words.discard}
          </button>
        </span>
      )}
    </div>
  );
}
