// The page: one connection, and what uses it.
import { RealtimeProvider } from 'roomful';
import { RealtimeDevtools } from 'roomful/devtools/production';
import { indexedDBStorage } from 'roomful/storage';
import { useState } from 'react';
import { CuttableSocket } from './cuttable-socket.js';
import { Header } from './header.js';
import { loadIdentity } from './identity.js';
import { Board } from './panels/board.js';
import { Chat } from './panels/chat.js';
import { Orders } from './panels/orders.js';
import { Ticker } from './panels/ticker.js';
import { StatusBar } from './status-bar.js';

const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/realtime`;

/** Orders given offline are still there after a reload. */
const outbox = { storage: indexedDBStorage({ name: 'roomful-demo' }) };

/** Asked at each attempt, so that a new name or colour goes out with the next. */
const token = (): string => JSON.stringify(loadIdentity());

export function App() {
  const [me, setMe] = useState(loadIdentity);
  return (
    <RealtimeProvider url={url} token={token} WebSocket={CuttableSocket} outbox={outbox}>
      <div className="app">
        <Header me={me} onChange={setMe} />
        <StatusBar />
        <main className="panels">
          <Chat me={me} />
          <Board me={me} />
          <Ticker />
          <Orders me={me} />
        </main>
      </div>
      <RealtimeDevtools />
    </RealtimeProvider>
  );
}
