// The log of whoever brings none.
import { pino } from 'pino';
import type { ServerLogger } from '../observe/log.js';

/** Warnings and errors, a JSON line each, on the standard output. */
export const defaultLogger = (): ServerLogger => pino({ name: 'roomful', level: 'warn' });
