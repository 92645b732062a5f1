// One message: whose it is, what it says and how far it is.
import type { MessageIn, Outbox } from 'roomful';
import { Avatar } from '../avatars.js';
import { Delivery } from '../delivery.js';
import { formatTime } from '../format.js';
import { identitySchema, type chat, type Identity } from '../rooms.js';

interface Props {
  readonly message: MessageIn<typeof chat, 'post'>;
  readonly me: Identity;
  /** Whether the message above is of the same author. */
  readonly follows: boolean;
  /** Whether the message below is. */
  readonly continues: boolean;
  readonly outbox: Outbox;
}

export function ChatMessage({ message, me, follows, continues, outbox }: Props) {
  const { id, data, timestamp, sender, status } = message;
  if (!sender && !status) return <li className="aside">{data.text}</li>;
  const author = identitySchema.safeParse(sender?.user).data ?? null;
  const isMine = status !== undefined || author?.id === me.id;
  if (isMine) {
    return (
      <li className="message mine" data-follows={follows}>
        <p
          className="bubble"
          data-status={status}
          style={status === 'failed' ? undefined : { backgroundColor: me.colour }}
        >
          {data.text}
        </p>
        {status && status !== 'sent' ? (
          <p className="meta">
            <Delivery id={id} status={status} outbox={outbox} />
          </p>
        ) : (
          !continues && (
            <p className="meta">
              <time>{formatTime(timestamp)}</time> <Tick />
            </p>
          )
        )}
      </li>
    );
  }
  const name = author?.name ?? 'Somebody';
  return (
    <li className="message" data-follows={follows}>
      {!follows && <Avatar name={name} colour={author?.colour ?? '#566173'} />}
      {!follows && (
        <p className="meta">
          <strong>{name}</strong> <time>{formatTime(timestamp)}</time>
        </p>
      )}
      <p className="bubble">{data.text}</p>
    </li>
  );
}

function Tick() {
  return (
    <>
      <svg
        className="tick"
        viewBox="0 0 12 12"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <path d="m2.5 6.5 2.5 2.5 4.5-5.5" />
      </svg>
      <span className="unseen">delivered</span>
    </>
  );
}
