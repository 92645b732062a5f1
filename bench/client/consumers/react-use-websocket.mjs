// react-use-websocket as its README shares one socket: each component filters what is for it. The filter looks at the text alone, which is the cheapest there is.
import { each, mount, React, rendered, requirePeer, Socket } from '../page.mjs';

const { default: useWebSocket } = requirePeer('react-use-websocket');

export async function consume(components) {
  const Entity = ({ id }) => {
    const start = `{"id":${id},`;
    const { lastJsonMessage } = useWebSocket('ws://localhost/', {
      share: true,
      filter: ({ data }) => data.startsWith(start),
    });
    rendered();
    return React.createElement('b', null, lastJsonMessage?.value ?? 0);
  };
  const page = await mount(each(Entity, components));
  const socket = Socket.newest;
  return {
    ...page,
    burst: (messages) => messages.map((it) => JSON.stringify(it)),
    hear: (texts) => {
      for (const text of texts) socket.hear(text);
    },
  };
}
