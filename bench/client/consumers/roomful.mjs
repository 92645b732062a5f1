// Roomful: a table of one room, and in each row a `useMessage` for the entity that it shows.
import { pathToFileURL } from 'node:url';
import { each, mount, rendered, React, Socket } from '../page.mjs';
import { frames, library, serve } from './server.mjs';

export async function consume(components) {
  const { RealtimeProvider, useMessage, useRoom } = await import(pathToFileURL(`${library}/index.js`).href);
  const there = serve();
  const Entity = ({ id, room }) => {
    const [value, show] = React.useState(0);
    useMessage(
      room,
      'tick',
      ({ data }) => {
        show(data.value);
      },
      { where: { id } },
    );
    rendered();
    return React.createElement('b', null, value);
  };
  const Table = () => each(Entity, components, { room: useRoom('bench/1') });
  const page = await mount(
    React.createElement(RealtimeProvider, { url: 'ws://localhost/realtime' }, React.createElement(Table)),
  );
  await there;
  const socket = Socket.newest;
  return {
    ...page,
    burst: frames,
    hear: (text) => {
      socket.hear(text);
    },
  };
}
