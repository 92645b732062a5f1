// The server's log: one line for each event, safe to print, and counted if there are many. Payloads, tokens
// and session keys never get here.
import type { ServerPorts } from '../ports/ports.js';
import { compositeKey } from '../util/composite-key.js';

/** A logger that takes the details first, such as one of pino. */
export interface ServerLogger {
  debug?(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** A logger with every level, safe to call with any text. */
export type ServerLog = Required<ServerLogger>;

/** The characters of a text in a line, at most. */
const maxTextLength = 200;
/** The lines of one event in a window, at most. Further ones are counted. */
const maxLinesPerWindow = 10;
const windowMs = 1_000;

/**
 * Puts a text on one line, and writes out line ends, control characters and characters that turn text around.
 */
export function escapeText(text: string): string {
  const shortened = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
  return shortened.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The kind of an exception and the place that threw it. Its message is left out: it may quote a token or a
 * payload.
 */
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
  /** The lines that were left out. */
  more: number;
}

/** Makes the lines of `logger` safe, and bounds their number. A logger that throws harms no one else. */
export function createServerLog(
  logger: ServerLogger,
  { setTimer, monotonicNow }: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>,
): ServerLog {
  const counts = new Map<string, LineCount>();

  const write = (level: keyof ServerLogger, details: object, message: string): void => {
    try {
      logger[level]?.(escapeDetails(details), message);
    } catch {
      // A lost line must not break the caller.
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
