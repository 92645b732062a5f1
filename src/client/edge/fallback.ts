// Which transport an attempt is made with: WebSocket, unless it fails twice before it ever worked.
import type { Connect, Link, LinkEvents } from './link.js';

/** One whose code is still to come. */
function later(
  load: () => Promise<Connect>,
  url: string,
  protocols: readonly string[],
  events: LinkEvents,
): Link {
  let link: Link | undefined;
  let ended = false;
  load()
    .then((connect) => {
      if (!ended) link = connect(url, protocols, events);
    })
    .catch((error: unknown) => {
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

/** @param load fetches the code of the fallback, until it is there. */
export function withFallback(socket: Connect, load: () => Promise<Connect>): Connect {
  let fallback: Connect | undefined;
  let worked = false;
  let failures = 0;
  return (url, protocols, events) => {
    const http = !worked && failures > 1;
    let told = false;
    // What opens and brings nothing has not worked: a proxy in between may let no frame through.
    const tell = (works: boolean): void => {
      if (told) return;
      told = true;
      if (works) worked ||= !http;
      // They take turns.
      else failures = http ? 1 : failures + 1;
    };
    const watched: LinkEvents = {
      ...events,
      message(data) {
        tell(true);
        events.message(data);
      },
      better() {
        failures = 0;
        events.better?.();
      },
      closed(code, reason) {
        // A code of the protocol's own was said by the server.
        tell(code >= 4000);
        events.closed(code, reason);
      },
    };
    let link: Link;
    try {
      link = http
        ? later(async () => (fallback ??= await load()), url, protocols, watched)
        : socket(url, protocols, watched);
    } catch (error) {
      tell(false);
      throw error;
    }
    return {
      ...link,
      close(code, reason) {
        // Given up because nothing came; any other close says nothing of the transport.
        if (code === 1006) tell(false);
        link.close(code, reason);
      },
    };
  };
}
