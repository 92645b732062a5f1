// Members, messages and failures, as the app sees them.
import type { ErrorCode } from '../../../protocol/codes.js';
import type { UserInfo } from '../../../protocol/frames.js';

/** A joined session, as others see it. */
export interface Member {
  readonly id: string;
  readonly user: UserInfo | null;
  readonly presence: unknown;
  /** Set while the client's own connection is down: this is the last that was known. */
  readonly stale?: true;
}

/** An entry of a room's log, or one of the client's own messages that is on its way there. */
export interface Message {
  readonly id: string;
  readonly room: string;
  readonly type: string;
  readonly data: unknown;
  /** Its place in the log; null while it has none. */
  readonly offset: number | null;
  /** In ms: by the server's clock for a message of the log, by the client's clock for one that is on its way. */
  readonly timestamp: number;
  readonly sender: Member | null;
  /** Only on own messages that the log has not shown yet. */
  readonly status?: 'queued' | 'sending' | 'sent' | 'failed';
}

/** A failure as data: the machine returns it, and a room handle makes an error of it. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: unknown;
}
