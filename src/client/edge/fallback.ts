// Which transport an attempt is made with: WebSocket, unless it fails twice before it ever worked.
import type { Connect, Link, LinkEvents } from './link.js';

/** How long HTTP is taken without asking again whether WebSocket works by now, in ms. */
const remembered = 600_000;

/** One whose code is still to come. */
function later(load: () => Promise<Connect>, url: string, protocols: readonly string[], events: LinkEvents): Link {
  let link: Link | undefined;
  let ended = false;
  load().then((connect) => {
    if (!ended) link = connect(url, protocols, events);
  }).catch((error: unknown) => {
    events.closed(1006, String(error));
  });
  return {
    transport: 'http',
    send(data) {
      link?.send(data);
    },
    close(code, reason) {
      ended = true;
      link?.close(code, reason);
    },
  };
}

/** @param load fetches the code of the fallback. */
export function withFallback(socket: Connect, load: () => Promise<Connect>, now: () => number): Connect {
  let worked = false;
  let failures = 0;
  let until = 0;
  return (url, protocols, events) => {
    const http = !worked && (failures > 1 || now() < until);
    let told = false;
    const tell = (opened: boolean): void => {
      if (told) return;
      told = true;
      if (http) {
        // Whether or not it opened: the next to fail decides again.
        failures = 1;
        until = opened ? now() + remembered : 0;
      } else if (opened) worked = true;
      else failures++;
    };
    const watched: LinkEvents = {
      ...events,
      opened(protocol) {
        tell(true);
        events.opened(protocol);
      },
      closed(code, reason) {
        tell(false);
        events.closed(code, reason);
      },
    };
    let link: Link;
    try {
      link = http ? later(load, url, protocols, watched) : socket(url, protocols, watched);
    } catch (error) {
      tell(false);
      throw error;
    }
    return {
      ...link,
      close(code, reason) {
        // Given up because nothing came; any other close before it opened says nothing of the transport.
        if (code === 1006) tell(false);
        link.close(code, reason);
      },
    };
  };
}
