// The paths of an HTTP server that realtime servers serve, and the one that answers an upgrade for no path.
import type { Server } from 'node:http';

interface Attachment {
  readonly path: string;
  readonly listener: object;
  /** Ends its listening. */
  readonly stop: () => void;
}

/** In the order in which they were attached. The first one answers upgrades for no path. */
const attachments = new WeakMap<Server, Attachment[]>();
const attachmentsOf = (http: Server): readonly Attachment[] => attachments.get(http) ?? [];

/**
 * Gives a path the form in which paths are compared: with a slash in front, and none at the end.
 *
 * @throws TypeError if the text is no path.
 */
export function normalizePath(path: string): string {
  const absolutePath = path.startsWith('/') ? path : `/${path}`;
  if (!/^(?:\/[^/?#\s]+)*\/?$/.test(absolutePath))
    throw new TypeError(`path: '${path}' is no path: write segments joined by '/', such as '/realtime'`);
  return absolutePath === '/' ? absolutePath : absolutePath.replace(/\/$/, '');
}

/**
 * Takes a path of an HTTP server from any server that has it: two answers to one upgrade would break it.
 * Returns whether it was taken, and a function that gives it back.
 */
export function takePath(
  http: Server,
  attachment: Attachment,
): { readonly wasTaken: boolean; readonly giveBack: () => void } {
  const before = attachmentsOf(http).find(({ path }) => path === attachment.path);
  before?.stop();
  attachments.set(http, [...attachmentsOf(http).filter((other) => other !== before), attachment]);
  return {
    wasTaken: before !== undefined,
    giveBack() {
      attachments.set(
        http,
        attachmentsOf(http).filter((other) => other !== attachment),
      );
    },
  };
}

/** Whether this listener is the one that answers upgrades for no path. */
export const answersUnclaimed = (http: Server, askedPath: string, listener: object): boolean =>
  attachmentsOf(http)[0]?.listener === listener &&
  !attachmentsOf(http).some(({ path }) => path === askedPath);

/** Whether listeners of others wait for upgrades of this HTTP server. */
export const hasOtherListeners = (http: Server): boolean =>
  http.listenerCount('upgrade') > attachmentsOf(http).length;
