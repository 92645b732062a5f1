// Failures that the server reports.
import { isErrorCode } from '../../../protocol/codes.js';
import type { Failure } from './message.js';

/** The failure that a code of the server stands for. A code that this version does not know is a rejection. */
export const failureOf = (code: string, message: string): Failure => ({
  code: isErrorCode(code) ? code : 'rejected',
  message,
});
