// What the server writes to its log: one line an event, in words that cannot be mistaken for another line, and counted where there are many. What users say, and what proves who they are, never gets here.
import type { ServerPorts } from '../ports/ports.js';
import { compositeKey } from '../util/composite-key.js';

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
const maxTextLength = 200;
/** Lines a second of one event; what comes beyond is counted. */
const maxLinesPerWindow = 10;
const windowMs = 1_000;

/** One line: controls, line ends and what steers a terminal or turns text around, written out. */
export function escapeText(text: string): string {
  const shortened = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
  return shortened.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
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
  const stack = error.stack ?? '';
  const frames = (error.message ? stack.split(error.message).at(-1) : stack)
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

const escapeDetails = (details: object): object =>
  Object.fromEntries(
    Object.entries(details).map(([key, value]) => [
      key,
      typeof value === 'string' ? escapeText(value) : value,
    ]),
  );

interface LineCount {
  since: number;
  lines: number;
  /** What was left out. */
  more: number;
}

/** `logger`, with every line made safe and their number bounded. One that throws harms nobody. */
export function createServerLog(
  logger: ServerLogger,
  { setTimer, monotonicNow }: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>,
): ServerLog {
  const counts = new Map<string, LineCount>();

  const write = (level: keyof ServerLogger, details: object, message: string): void => {
    try {
      logger[level]?.(escapeDetails(details), message);
    } catch {
      // Whoever watches the log will miss it; nobody else may.
    }
  };
  const writeAtLevel =
    (level: keyof ServerLogger) =>
    (details: object, message: string): void => {
      const key = compositeKey(level, message);
      const now = monotonicNow();
      let count = counts.get(key);
      if (!count || (now - count.since >= windowMs && count.more === 0))
        counts.set(key, (count = { since: now, lines: 0, more: 0 }));
      if (count.lines++ < maxLinesPerWindow) return write(level, details, message);
      if (count.more++ > 0) return;
      const { since } = count;
      setTimer(windowMs, () => {
        const { more = 0 } = counts.get(key) ?? {};
        counts.delete(key);
        write(level, { more, within: Math.round(monotonicNow() - since) }, message);
      });
    };
  return {
    debug: writeAtLevel('debug'),
    info: writeAtLevel('info'),
    warn: writeAtLevel('warn'),
    error: writeAtLevel('error'),
  };
}
