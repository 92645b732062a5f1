// A small chat as two people see it, side by side in a world of its own.
import { useId, useState, type FormEvent, type ReactElement } from 'react';
import { RealtimeProvider, defineRoom, useMessages, useRoom, useSend, type } from 'roomful';
import { createTestRealtime, serve, type TestUser } from 'roomful/testing';
import { useWorld, type World } from '../use-world.js';
import './two-windows.css';

const chat = defineRoom('chat/:id', { messages: { post: type<{ readonly text: string }>() } });
const people = [{ id: 'ada', name: 'Ada' }, { id: 'bob', name: 'Bob' }] as const;
const nameOf = (id: string | undefined): string => people.find((person) => person.id === id)?.name ?? 'Somebody';

const words = { joining: 'Joining', joined: 'Joined', reconnecting: 'Reconnecting', denied: 'Denied', left: 'Not in the room' } as const;
const waits = { queued: 'Waiting to be sent', sending: 'Sending', sent: 'Sent', failed: 'Not sent' } as const;

interface Two extends World {
  readonly users: readonly { readonly id: string; readonly user: TestUser }[];
}

/** `private` is a room that only Ada may enter. */
function twoUsers(): Two {
  const world = createTestRealtime({ rooms: [serve(chat, { authorize: ({ params, user }) => params.id !== 'private' || user?.id === 'ada' })] });
  world.network.latency(30, { jitter: 20 });
  return { world, users: people.map(({ id }) => ({ id, user: world.user({ id }, { connect: false, backoff: { initial: 100, max: 400 } }) })) };
}

export interface TwoWindowsProps {
  /** The id of the chat that both enter. */
  readonly room: string;
}

/** Ada and Bob in one chat. Each window has a client, and a network that can be switched off. */
export function TwoWindows({ room }: TwoWindowsProps): ReactElement {
  const made = useWorld(twoUsers);
  return (
    <main className="two-windows">
      {made?.users.map(({ id, user }) => (
        <RealtimeProvider key={id} client={user.client}>
          <Window me={id} room={room} user={user} />
        </RealtimeProvider>
      ))}
    </main>
  );
}

function Window({ me, room: id, user }: { readonly me: string; readonly room: string; readonly user: TestUser }): ReactElement {
  const room = useRoom(chat, { id }, { history: 50 });
  const heading = useId();
  return (
    <section className="window" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{nameOf(me)}</h2>
        <output className={`state state-${room.status}`}>{words[room.status]}</output>
        <NetworkSwitch user={user} />
      </header>
      {room.status === 'denied' ? <p className="refusal" role="alert">This room is not open to you.</p> : <Conversation me={me} id={id} />}
    </section>
  );
}

function NetworkSwitch({ user }: { readonly user: TestUser }): ReactElement {
  const [up, setUp] = useState(true);
  const toggle = (): void => {
    if (up) user.network.cut(); else user.network.restore();
    setUp(!up);
  };
  return <button type="button" className="network" role="switch" aria-checked={up} onClick={toggle}>Network</button>;
}

function Conversation({ me, id }: { readonly me: string; readonly id: string }): ReactElement {
  const { messages } = useMessages(useRoom(chat, { id }), 'post');
  return (
    <>
      <ol className="posts" aria-label="Messages">
        {messages.map(({ id: key, sender, data, status }) => {
          const mine = status !== undefined || sender?.user?.id === me;
          return (
            <li key={key} className={status ? 'mine waiting' : mine ? 'mine' : 'theirs'}>
              <b>{mine ? 'You' : nameOf(sender?.user?.id)}</b>
              <span>{data.text}</span>
              {status && <small>{waits[status]}</small>}
            </li>
          );
        })}
      </ol>
      <Composer id={id} />
    </>
  );
}

function Composer({ id }: { readonly id: string }): ReactElement {
  const [send] = useSend(useRoom(chat, { id }), 'post');
  const [text, setText] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!text.trim()) return;
    void send({ text });
    setText('');
  };
  return (
    <form className="composer" onSubmit={submit}>
      <input aria-label="Message" placeholder="Message" autoComplete="off" value={text} onChange={({ target }) => { setText(target.value); }} />
      <button type="submit">Send</button>
    </form>
  );
}
