// A chat: what was said, what is on its way, and who is writing.
import { useMessages, useOthers, useOutbox, useRoom, type MessageIn } from 'roomful';
import { Panel } from '../panel.js';
import { chat, type Identity } from '../rooms.js';
import { ChatMessage } from './chat-message.js';
import { Composer } from './composer.js';

type Message = MessageIn<typeof chat, 'post'>;

/** Messages of one author within this time stand together. */
const groupTime = 120_000;

/** Safari lets nobody scroll by keyboard what cannot be focused. */
const reachable = 0;

export function Chat({ me }: { readonly me: Identity }) {
  const room = useRoom(
    chat,
    { id: 'lobby' },
    { history: 50, presence: { name: me.name, colour: me.colour, typing: false } },
  );
  const { messages, hasOlder, loadOlder, isLoading, gap } = useMessages(room, 'post');
  const outbox = useOutbox(room);
  const writing = useOthers(room, (others) =>
    others.flatMap(({ presence, stale }) => (presence?.typing && !stale ? [presence.name] : [])),
  );
  return (
    <Panel name="chat" title="Chat">
      <div className="log" role="log" aria-label="Messages" tabIndex={reachable}>
        <ol>
          {hasOlder && (
            <li className="aside">
              <button type="button" className="button small" disabled={isLoading} onClick={loadOlder}>
                {isLoading ? 'Loading…' : 'Earlier messages'}
              </button>
            </li>
          )}
          {gap && <li className="aside">{gap[1] - gap[0] + 1} messages before these were missed.</li>}
          {messages.map((message, index) => {
            const follows = together(messages[index - 1], message);
            const continues = together(message, messages[index + 1]);
            return (
              <ChatMessage
                key={message.id}
                message={message}
                me={me}
                follows={follows}
                continues={continues}
                outbox={outbox}
              />
            );
          })}
        </ol>
      </div>
      <p className="typing" aria-live="polite">
        {writing.length > 0 && (
          <>
            <span className="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {sentence(writing)}
          </>
        )}
      </p>
      <Composer room={room} me={me} />
    </Panel>
  );
}

function together(one: Message | undefined, next: Message | undefined): boolean {
  if (!one || !next || next.timestamp - one.timestamp >= groupTime) return false;
  const [author, other] = [one.sender?.user, next.sender?.user];
  return author?.id === other?.id && author?.['name'] === other?.['name'];
}

function sentence(names: readonly string[]): string {
  const [first, second] = names;
  if (names.length > 2) return `${names.length} people are typing`;
  return second === undefined ? `${first} is typing` : `${first} and ${second} are typing`;
}
