import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { RealtimeProvider } from 'roomful';
import { RealtimeDevtools } from 'roomful/devtools';
import { indexedDBStorage } from 'roomful/storage';
import { Chat } from './chat.js';

const outbox = { storage: indexedDBStorage() };

function App() {
  const [name, setName] = useState<string | null>(null);
  if (name === null) {
    return (
      <form
        action={(form) => {
          setName(String(form.get('name')));
        }}
      >
        <label>
          Your name <input name="name" required />
        </label>{' '}
        <button>Enter</button>
      </form>
    );
  }
  return (
    <RealtimeProvider
      url={() => `${location.origin.replace(/^http/, 'ws')}/realtime`}
      token={name}
      outbox={outbox}
    >
      <Chat id="lobby" name={name} />
      <RealtimeDevtools />
    </RealtimeProvider>
  );
}

createRoot(document.querySelector('#root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
