// What the compiler must accept, and lines that must not compile.
import { z } from 'zod';
import {
  createClient,
  defineRoom,
  type,
  useMessage,
  useMessages,
  useMyPresence,
  useOthers,
  useRoom,
  useSend,
  type MessageIn,
  type Receipt,
} from '../../src/index.js';
import { createRealtimeServer, serve } from '../../src/server/node/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(equal: Equal<A, B>): boolean => equal;

const chat = defineRoom('chat/:team/:id', {
  messages: {
    post: z.object({ text: z.string(), at: z.number().default(0) }),
    cursor: type<{ x: number }>(),
    edit: {
      schema: z.object({ text: z.string() }),
      version: 2,
      upgrade: { 1: (old: { body: string }) => ({ text: old.body }) },
    },
  },
  presence: z.object({ name: z.string(), typing: z.boolean().optional() }),
});
const plain = defineRoom('ticker', { messages: { price: type<number>() } });

same<Parameters<typeof chat.id>[0], { readonly team: string; readonly id: string }>(true);
chat.id({ team: 'a', id: 'b' });
// @ts-expect-error a parameter is missing
chat.id({ team: 'a' });
// @ts-expect-error there is no such parameter
chat.id({ team: 'a', id: 'b', more: 'c' });

const client = createClient({ url: 'ws://x' });
const room = client.room(chat, { team: 'a', id: 'b' });
// @ts-expect-error parameters are needed
client.room(chat);
client.room(plain);
client.room('lobby');

export const sent: Promise<Receipt> = room.send('post', { text: 'a' });
void room.send('post', { text: 'a', at: 1 }, { ttl: 5, coalesce: 'k' });
// @ts-expect-error text is a string
void room.send('post', { text: 1 });
// @ts-expect-error there is no such message
void room.send('nothing', {});
room.on('post', ({ data, type: name }) => {
  same<typeof data, { text: string; at: number }>(true);
  same<typeof name, 'post'>(true);
});
room.setPresence({ typing: true });
// @ts-expect-error name is a string
room.setPresence({ name: 1 });
void client.room('lobby').send('anything', { goes: true });

export function Component(): null {
  const here = useRoom(chat, { team: 'a', id: 'b' }, { presence: { name: 'Ada' } });
  // @ts-expect-error a parameter is missing
  useRoom(chat, { team: 'a' });
  useMessage(
    here,
    'cursor',
    ({ data }) => {
      same<typeof data, { x: number }>(true);
    },
    { where: { x: 1 } },
  );
  // @ts-expect-error: x is a number
  useMessage(here, 'cursor', () => undefined, { where: { x: 'one' } });
  const { messages } = useMessages(here, 'edit');
  same<(typeof messages)[number]['data'], { text: string }>(true);
  const all = useMessages(here);
  for (const message of all.messages)
    if (message.type === 'cursor') same<typeof message.data, { x: number }>(true);
  same<(typeof all.messages)[number], MessageIn<typeof chat>>(true);
  const others = useOthers(here);
  same<(typeof others)[number]['presence'], { name: string; typing?: boolean | undefined } | null>(true);
  const names = useOthers(here, (members) => members.map(({ presence }) => presence?.name));
  same<typeof names, (string | undefined)[]>(true);
  const [send, { pending, error }] = useSend(here, 'post');
  void send({ text: 'a' });
  // @ts-expect-error text is a string
  void send({ text: pending, error });
  const [, update] = useMyPresence(here);
  update({ typing: false });
  return null;
}

const realtime = createRealtimeServer({
  rooms: [
    serve(chat, {
      authorize: ({ params, user }) => params.team === user?.id,
      on: {
        post: (message, { params, reject }) => {
          same<typeof params, { readonly team: string; readonly id: string }>(true);
          same<typeof message.data, { text: string; at: number }>(true);
          if (message.data.text === '') reject('empty');
          return { ok: true };
        },
      },
    }),
    // @ts-expect-error there is no such message
    serve(chat, { on: { nothing: () => 1 } }),
    serve('lobby'),
  ],
});
void realtime.room(chat, { team: 'a', id: 'b' }).send('post', { text: 'a' });
// @ts-expect-error text is a string
void realtime.room(chat, { team: 'a', id: 'b' }).send('post', { text: 1 });

// What a schema makes has to be plain data: whatever else is refused where the room is defined.
interface Tree {
  readonly text: string;
  readonly children: readonly Tree[];
}
defineRoom('plain', {
  messages: {
    recursive: type<Tree>(),
    unknown: type<unknown>(),
    many: type<{
      a?: { b: [number, string | null]; c: Uint8Array } | undefined;
      d: Record<string, boolean>;
    }>(),
    moment: z.object({ at: z.iso.datetime() }),
    dated: {
      schema: z.object({ at: z.number() }),
      version: 2,
      upgrade: { 1: (old: { at: string }) => ({ at: Number(old.at) }) },
    },
  },
  presence: z.object({ at: z.number().optional() }),
});
// @ts-expect-error a Date cannot be sent
defineRoom('exotic', { messages: { coerced: z.object({ at: z.coerce.date() }) } });
const dates = z.object({ all: z.array(z.object({ at: z.date().optional() })) });
// @ts-expect-error a Date within a list cannot be sent
defineRoom('exotic', { messages: { dates } });
// @ts-expect-error a bigint that a transform makes cannot be sent
defineRoom('exotic', { messages: { big: z.object({ n: z.string().transform((it) => BigInt(it)) }) } });
// @ts-expect-error a Map cannot be sent
defineRoom('exotic', { messages: { map: type<Map<string, string>>() } });
// @ts-expect-error a Set cannot be sent, in a message that has versions either
defineRoom('exotic', { messages: { set: { schema: z.set(z.string()), version: 1, upgrade: {} } } });
// @ts-expect-error a function cannot be sent
defineRoom('exotic', { messages: { call: type<{ run: () => void }>() } });
// @ts-expect-error a Date cannot be shown
defineRoom('exotic', { presence: z.object({ since: z.date() }) });
