// What the server writes to its log: one line an event, in words that cannot be mistaken for another line, and counted where there are many. What users say, and what proves who they are, never gets here.
import type { ServerPorts } from '../ports/ports.js';

/** Any logger with these methods, such as pino's: the details first. */
export interface ServerLogger {
  debug?(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** A logger with every level, safe to call with any text. */
export type ServerLog = Required<ServerLogger>;

/** Characters of a text in a line. */
const longest = 200;
/** Lines a second of one event; what comes beyond is counted. */
const most = 10;
const window = 1_000;

/** One line: controls, line ends and what steers a terminal or turns text around, written out. */
export function plain(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What is said of an exception: its kind and the place that threw it. Not its message, which may quote a token or a payload. */
export function traceOf(error: unknown): {
  readonly error: string;
  readonly code?: string;
  readonly at?: string;
} {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as { readonly code?: unknown };
  const said = error.stack ?? '';
  const frames = (error.message ? said.split(error.message).at(-1) : said)
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 3)
    .map((line) => line.trim().slice(3));
  return {
    error: error.name,
    ...(typeof code === 'string' && { code }),
    ...(frames?.length && { at: frames.join(' < ') }),
  };
}

const cleaned = (details: object): object =>
  Object.fromEntries(
    Object.entries(details).map(([key, it]) => [key, typeof it === 'string' ? plain(it) : it]),
  );

interface Count {
  since: number;
  lines: number;
  /** What was left out. */
  more: number;
}

/** `logger`, with every line made safe and their number bounded. One that throws harms nobody. */
export function createLog(
  logger: ServerLogger,
  { after, steady }: Pick<ServerPorts, 'after' | 'steady'>,
): ServerLog {
  const counts = new Map<string, Count>();

  const write = (level: keyof ServerLogger, details: object, message: string): void => {
    try {
      logger[level]?.(cleaned(details), message);
    } catch {
      // Whoever watches the log will miss it; nobody else may.
    }
  };
  const leveled =
    (level: keyof ServerLogger) =>
    (details: object, message: string): void => {
      const key = `${level}\n${message}`;
      const now = steady();
      let count = counts.get(key);
      if (!count || (now - count.since >= window && count.more === 0))
        counts.set(key, (count = { since: now, lines: 0, more: 0 }));
      if (count.lines++ < most) return write(level, details, message);
      if (count.more++ > 0) return;
      const { since } = count;
      after(window, () => {
        const { more = 0 } = counts.get(key) ?? {};
        counts.delete(key);
        write(level, { more, within: Math.round(steady() - since) }, message);
      });
    };
  return { debug: leveled('debug'), info: leveled('info'), warn: leveled('warn'), error: leveled('error') };
}
