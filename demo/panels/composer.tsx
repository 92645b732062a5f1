// Where a message is written, and where the others learn that one is.
import { useMyPresence, useSend, type Room } from 'roomful';
import { useEffect, useState, type FormEvent } from 'react';
import { SendIcon } from '../icons.js';
import type { chat, Identity } from '../rooms.js';

/** Without a key for this long, nobody is typing any more. */
const pause = 2_500;

export function Composer({ room, me }: { readonly room: Room<typeof chat>; readonly me: Identity }) {
  const [text, setText] = useState('');
  const [typing, setTyping] = useState(false);
  const [send] = useSend(room, 'post');
  const [, update] = useMyPresence(room);

  useEffect(() => {
    update({ name: me.name, colour: me.colour, typing });
  }, [me, typing, update]);

  useEffect(() => {
    if (text === '') return undefined;
    const timer = setTimeout(() => {
      setTyping(false);
    }, pause);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);

  const write = (next: string): void => {
    setText(next);
    setTyping(next.trim() !== '');
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    // A failure stands in the list, by its message.
    send({ text }).catch(() => undefined);
    write('');
  };

  return (
    <form className="composer" onSubmit={submit}>
      <input
        aria-label="Message"
        placeholder="Write to everybody here"
        value={text}
        maxLength={500}
        autoComplete="off"
        enterKeyHint="send"
        onChange={(event) => {
          write(event.target.value);
        }}
      />
      <button type="submit" className="button primary">
        <SendIcon /> Send
      </button>
    </form>
  );
}
