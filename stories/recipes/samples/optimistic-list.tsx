import { useState, type FormEvent } from 'react';
import { useMessages, useRoom, useSend } from 'roomful';
import { list } from '../../kit/rooms.js';

export function ShoppingList() {
  const room = useRoom(list, { id: 'groceries' }, { history: 100 });
  const { messages } = useMessages(room);
  const [add] = useSend(room, 'add');
  const [check] = useSend(room, 'check');
  const [text, setText] = useState('');
  // The list is what its messages make of it; own ones count from the moment they are sent.
  const done = new Set<string>();
  for (const message of messages)
    if (message.type === 'check') {
      if (message.data.done) done.add(message.data.of);
      else done.delete(message.data.of);
    }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void add({ text });
    setText('');
  };
  return (
    <>
      <ul aria-label="Groceries">
        {messages.map(
          (message) =>
            message.type === 'add' && (
              <li key={message.id}>
                <label>
                  <input
                    type="checkbox"
                    checked={done.has(message.data.text)}
                    onChange={({ target }) => {
                      void check({ of: message.data.text, done: target.checked });
                    }}
                  />{' '}
                  {message.data.text}
                </label>{' '}
                {message.status && <small>{message.status}</small>}
              </li>
            ),
        )}
      </ul>
      <form onSubmit={submit}>
        <input
          aria-label="To buy"
          value={text}
          onChange={({ target }) => {
            setText(target.value);
          }}
        />
        <button type="submit" disabled={!text}>
          Add
        </button>
      </form>
    </>
  );
}
