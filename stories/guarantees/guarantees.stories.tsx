// What a break in the line does, told by the events beside it.
import type { Meta, StoryObj } from '@storybook/react-vite';
import type { Room } from 'roomful';
import { expect, waitFor, within } from 'storybook/test';
import { Posts } from '../hooks/samples/messages.js';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { staged } from '../kit/staged.js';
import type { StageWorld } from '../kit/world.js';

const meta = {
  title: 'Guarantees/Nothing lost, nothing twice, nothing out of order',
  component: Posts,
  decorators: [staged({ log: 'Ada' })],
  parameters: { layout: 'fullscreen' },
} satisfies Meta<typeof Posts>;
export default meta;
type Story = StoryObj<typeof meta>;

const posts = (canvas: HTMLElement): (string | undefined)[] =>
  within(within(canvas).getByRole('list', { name: 'Messages' }))
    .queryAllByRole('listitem')
    .map(({ textContent }) => textContent?.trim());
const shows = (canvas: HTMLElement, ...lines: string[]): Promise<void> =>
  waitFor(() => expect(posts(canvas)).toEqual(lines));
const tells = (canvas: HTMLElement, ...words: string[]): Promise<void> =>
  waitFor(() => {
    const log = within(canvas).getByRole('log').textContent ?? '';
    for (const word of words) void expect(log).toContain(word);
  });
const joined = async (canvas: HTMLElement): Promise<StageWorld> => {
  const stage = await stageOf(canvas);
  await waitFor(() =>
    expect(stage.user('Ada').client.store.getState().rooms['chat/tea']?.status).toBe('joined'),
  );
  return stage;
};
const roomOf = ({ user }: StageWorld, name: string): Room<typeof chat> =>
  user(name).client.room(chat, { id: 'tea' });

/** The line breaks while messages are on their way. They are sent again on the next connection, under the numbers that they had. */
export const ACutMidSend: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    const { network } = stage.user('Ada');
    network.latency(150);
    const sent = ['one', 'two', 'three'].map((text) => roomOf(stage, 'Ada').send('post', { text }));
    // They have left, and are under way.
    await tells(canvasElement, '→ send number 3');
    network.drop();
    await expect((await Promise.all(sent)).map(({ offset }) => offset)).toEqual([1, 2, 3]);
    await shows(canvasElement, 'ada: one', 'ada: two', 'ada: three');
    await tells(canvasElement, '✕ connection lost: 1006', 'join chat/tea from offset 0');
  },
};

/** What was said during a cut is asked for from the position where it broke, and arrives in its order. */
export const AResume: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    const { network } = stage.user('Ada');
    await roomOf(stage, 'Bob').send('post', { text: 'before' });
    await shows(canvasElement, 'bob: before');
    network.cut();
    for (const text of ['during', 'still during']) await roomOf(stage, 'Bob').send('post', { text });
    network.restore();
    await shows(canvasElement, 'bob: before', 'bob: during', 'bob: still during');
    await tells(canvasElement, 'join chat/tea from offset 1', '2 missed');
  },
};

/** More was said than the server keeps: nothing can be given back, and the room says so, with the numbers of what is missing. */
export const AGap: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    const { network } = stage.user('Ada');
    for (let index = 0; index < 2; index++)
      await roomOf(stage, 'Bob').send('post', { text: `number ${index}` });
    await waitFor(() => expect(posts(canvasElement)).toHaveLength(2));
    network.cut();
    for (let index = 2; index < 1_200; index++)
      await stage.world.server.room(chat, { id: 'tea' }).send('post', { text: `number ${index}` });
    network.restore();
    await waitFor(() =>
      expect(within(canvasElement).getByRole('alert')).toHaveTextContent(/^Messages 3 to \d+ were missed\.$/),
    );
    await tells(canvasElement, 'trimmed');
  },
};

/** An acknowledgement is lost with its connection. The message is sent again; the server knows it, and says where it is. Bob has it once. */
export const ADuplicateDropped: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    const { network } = stage.user('Ada');
    const heard: string[] = [];
    const theirs = roomOf(stage, 'Bob');
    theirs.on('post', ({ data }) => {
      heard.push(data.text);
    });
    await waitFor(() => expect(theirs.status).toBe('joined'));
    // What goes up arrives; what comes down does not.
    network.stall('down');
    const sent = roomOf(stage, 'Ada').send('post', { text: 'once' });
    await waitFor(() => expect(heard).toEqual(['once']));
    network.drop();
    network.restore();
    await expect(await sent).toMatchObject({ duplicate: true });
    await tells(canvasElement, 'a duplicate: dropped');
    await expect(heard).toEqual(['once']);
    await shows(canvasElement, 'ada: once');
  },
};

/** The server is restarted, with its log: nobody needs to know. */
export const AServerRestart: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    await roomOf(stage, 'Bob').send('post', { text: 'before' });
    await stage.world.stopServer();
    const sent = roomOf(stage, 'Ada').send('post', { text: 'while it was away' });
    await stage.world.restartServer({ keepLog: true });
    await sent;
    await shows(canvasElement, 'bob: before', 'ada: while it was away');
  },
};

/** The server lost its log. What was acknowledged and is still held here is sent again; the room is `reset`, and says why. */
export const ALogThatIsGone: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    await roomOf(stage, 'Ada').send('post', { text: 'kept here' });
    await stage.world.restartServer();
    await tells(canvasElement, 'epoch');
    await waitFor(() => expect(posts(canvasElement)).toEqual(['ada: kept here']));
  },
};

/** A message that the server refuses holds up no later one. */
export const ARefusal: Story = {
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    const refused = roomOf(stage, 'Ada')
      .send('post', { text: 'a bad word' })
      .then(
        () => null,
        (error: { code: string }) => error.code,
      );
    const sent = roomOf(stage, 'Ada').send('post', { text: 'a good one' });
    await expect(await refused).toBe('rejected');
    await expect(await sent).toMatchObject({ offset: 1 });
    await tells(canvasElement, 'number 1 refused: rejected', 'number 2 acknowledged at offset 1');
  },
};
