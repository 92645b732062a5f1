// Chooses the transport of an attempt: WebSocket, or HTTP after WebSocket has failed twice and never worked.
import type { Connect, Link, LinkEvents } from './link.js';

/** Opens a link whose code is still loading. */
function connectLater(
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

/** @param load fetches the code of the fallback. It is called until it succeeds once. */
export function withFallback(socket: Connect, load: () => Promise<Connect>): Connect {
  let fallback: Connect | undefined;
  let worked = false;
  let failures = 0;
  return (url, protocols, events) => {
    const http = !worked && failures > 1;
    let isJudged = false;
    // A link works once it has brought a message: a proxy may let it open, and let no frame through.
    const judge = (works: boolean): void => {
      if (isJudged) return;
      isJudged = true;
      if (works) worked ||= !http;
      // After a failure over HTTP, WebSocket gets one attempt, and then it is HTTP's turn again.
      else failures = http ? 1 : failures + 1;
    };
    const watched: LinkEvents = {
      ...events,
      message(data) {
        judge(true);
        events.message(data);
      },
      better() {
        failures = 0;
        events.better?.();
      },
      closed(code, reason) {
        // The server itself sent a code of the protocol, so the link works.
        judge(code >= 4000);
        events.closed(code, reason);
      },
    };
    let link: Link;
    try {
      link = http
        ? connectLater(async () => (fallback ??= await load()), url, protocols, watched)
        : socket(url, protocols, watched);
    } catch (error) {
      judge(false);
      throw error;
    }
    return {
      ...link,
      close(code, reason) {
        // The client gave the link up because nothing came. Another close says nothing about the transport.
        if (code === 1006) judge(false);
        link.close(code, reason);
      },
    };
  };
}
