// A React app: every hook, typed by the contract.
import { createRoot } from 'react-dom/client';
import {
  RealtimeProvider,
  useConnectionState,
  useLatency,
  useMessage,
  useMessages,
  useMyPresence,
  useOthers,
  useOutbox,
  useRealtime,
  useRealtimeStore,
  useRoom,
  useSend,
  type ConnectionState,
  type Room,
} from 'roomful';
import { chat } from './room.js';

const label = (state: ConnectionState): string => (state.status === 'connected' ? state.codec : state.status);

function Chat({ id }: { readonly id: string }) {
  const room: Room<typeof chat> = useRoom(chat, { id }, { presence: { name: 'Ada' } });
  const connection = useConnectionState(label);
  const latency = useLatency()?.last ?? 0;
  const { messages, loadOlder } = useMessages(room, 'post');
  const [send, { pending, error }] = useSend(room, 'post');
  const [mine, setMine] = useMyPresence(room);
  const names = useOthers(room, (others) => others.map(({ presence }) => presence?.name ?? '?'));
  const outbox = useOutbox(room);
  const client = useRealtime();
  const rooms = useRealtimeStore((state) => Object.keys(state.rooms).length);
  useMessage(room, 'cursor', ({ data }) => {
    console.log(data.x + data.y);
  });
  return (
    <main>
      <h1>{[connection, latency, rooms, mine?.name, ...names, room.status, error?.code].join(' ')}</h1>
      {messages.map((message) => (
        <p key={message.id}>{message.data.text.toUpperCase()}</p>
      ))}
      <button
        onClick={() => {
          void send({ text: 'hello' }).then(({ offset }) => {
            console.log(offset);
          });
        }}
        disabled={pending}
      >
        send
      </button>
      <button
        onClick={() => {
          setMine({ name: 'Eve' });
          loadOlder();
          client.reconnect();
        }}
      >
        {outbox.pending.length}
      </button>
    </main>
  );
}

createRoot(document.body).render(
  <RealtimeProvider url="wss://localhost/realtime" token={() => Promise.resolve('token')}>
    <Chat id="1" />
  </RealtimeProvider>,
);
