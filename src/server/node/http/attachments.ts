// Which paths of an HTTP server are served here, and by whom an upgrade is answered that is for none of them.
import type { Server } from 'node:http';

interface Attachment {
  readonly path: string;
  readonly listener: object;
  /** Ends its listening. */
  readonly stop: () => void;
}

/** By the order in which they came. The first answers what is for nobody. */
const attached = new WeakMap<Server, Attachment[]>();
const at = (http: Server): readonly Attachment[] => attached.get(http) ?? [];

/**
 * A path as it is compared: with a slash in front and none behind.
 *
 * @throws TypeError where it is no path.
 */
export function plainPath(path: string): string {
  const whole = path.startsWith('/') ? path : `/${path}`;
  if (!/^(?:\/[^/?#\s]+)*\/?$/.test(whole))
    throw new TypeError(`path: '${path}' is none: write segments joined by '/', such as '/realtime'`);
  return whole === '/' ? whole : whole.replace(/\/$/, '');
}

/** Takes a path of a server, from whoever has it: two that answer one upgrade would break it. Returns whether somebody had it, and what gives it back. */
export function takePath(
  http: Server,
  attachment: Attachment,
): { readonly wasTaken: boolean; readonly giveBack: () => void } {
  const before = at(http).find(({ path }) => path === attachment.path);
  before?.stop();
  attached.set(http, [...at(http).filter((it) => it !== before), attachment]);
  return {
    wasTaken: before !== undefined,
    giveBack() {
      attached.set(
        http,
        at(http).filter((it) => it !== attachment),
      );
    },
  };
}

/** Whether this listener is the one to answer what is for nobody. */
export const isAppointed = (http: Server, asked: string, listener: object): boolean =>
  at(http)[0]?.listener === listener && !at(http).some(({ path }) => path === asked);

/** Whether anybody else listens for upgrades of this server. */
export const hasOthers = (http: Server): boolean => http.listenerCount('upgrade') > at(http).length;
