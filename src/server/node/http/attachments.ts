// Which paths of an HTTP server are served here, and by whom an upgrade is answered that is for none of them.
import type { Server } from 'node:http';

interface Attachment {
  readonly path: string;
  readonly listener: object;
  /** Ends its listening. */
  readonly stop: () => void;
}

/** By the order in which they came. The first answers what is for nobody. */
const attachments = new WeakMap<Server, Attachment[]>();
const attachmentsOf = (http: Server): readonly Attachment[] => attachments.get(http) ?? [];

/**
 * A path as it is compared: with a slash in front and none behind.
 *
 * @throws TypeError where it is no path.
 */
export function normalizePath(path: string): string {
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
  const before = attachmentsOf(http).find(({ path }) => path === attachment.path);
  before?.stop();
  attachments.set(http, [...attachmentsOf(http).filter((it) => it !== before), attachment]);
  return {
    wasTaken: before !== undefined,
    giveBack() {
      attachments.set(
        http,
        attachmentsOf(http).filter((it) => it !== attachment),
      );
    },
  };
}

/** Whether this listener is the one to answer what is for nobody. */
export const answersUnclaimed = (http: Server, asked: string, listener: object): boolean =>
  attachmentsOf(http)[0]?.listener === listener && !attachmentsOf(http).some(({ path }) => path === asked);

/** Whether anybody else listens for upgrades of this server. */
export const hasOtherListeners = (http: Server): boolean =>
  http.listenerCount('upgrade') > attachmentsOf(http).length;
