// The logger of a server without the option `logger`.
import { pino } from 'pino';
import type { ServerLogger } from '../observe/log.js';

/** Writes warnings and errors to the standard output, one line of JSON each. */
export const defaultLogger = (): ServerLogger => pino({ name: 'roomful', level: 'warn' });
