// The part of a room's log that a member gets when it joins.
import type { ClientFrame } from '../../protocol/frames.js';
import { toPosition, type Position } from '../../protocol/position.js';
import { authorizeMember, noData } from '../access/authorize.js';
import type { LogPage } from '../broker/broker.js';
import { identityOf, type Membership } from '../members/peer.js';
import type { Answer, NotNow } from '../rooms/not-now.js';
import { maxEntriesPerRead, maxMessageBytes, newestPortion } from '../util/frame-splitting.js';
import type { FrameContext } from './context.js';

type JoinFrame = Extract<ClientFrame, { type: 'join' }>;

/** The entries for a member that joins. */
export interface CatchUpPage {
  readonly page: LogPage;
  /** Why the member does not get everything after its position; null if it does, or named none. */
  readonly why: string | null;
  readonly recovered: boolean;
  /** Whether the session goes on from a position that it was told of before: its broker knows its admission. */
  readonly isKnown: boolean;
}

/**
 * The newest entries of a page that fit in one frame. The others are history: they must not follow as if they were
 * new.
 */
function newestOfPage(page: LogPage): LogPage {
  const entries = newestPortion(page.entries);
  const [first] = entries;
  if (!first || entries.length === page.entries.length) return page;
  const from = { epoch: page.epoch, offset: first[0] - 1, tag: first[2] };
  return { ...page, entries, from, more: true };
}

/** Whether the session was told of everything after a position, or would have been if its connection had not broken. */
async function wasToldAfter(
  { room, served, peer }: Membership,
  at: Position,
  { broker }: FrameContext,
): Promise<boolean> {
  if (!served.authorize) return true;
  const { producer, user } = identityOf(peer);
  const from = await broker.admissions?.admitted(room, producer, user?.id ?? null);
  return from?.epoch === at.epoch && from.offset <= at.offset;
}

/**
 * Reads everything after the position of a join, if the log still has it whole; otherwise the newest entries, and why.
 *
 * The position is the client's claim. Entries that the session was not told of are history, so `authorize` is asked
 * whether the user may read it.
 */
export async function catchUp(
  frame: JoinFrame,
  membership: Membership,
  context: FrameContext,
): Promise<CatchUpPage | NotNow> {
  const { broker, settings } = context;
  let historyAnswer: Answer | null = null;
  const askHistory = async (): Promise<Answer> =>
    (historyAnswer ??= await authorizeMember(membership, 'history', null, noData, context));
  let why: string | null = null;
  if (frame.position) {
    const at = toPosition(frame.position);
    const isKnown = await wasToldAfter(membership, at, context);
    const answer = isKnown ? 'yes' : await askHistory();
    if (typeof answer !== 'string') return answer;
    if (answer === 'no') why = 'denied';
    else {
      const range = { after: at, limit: maxEntriesPerRead, bytes: maxMessageBytes };
      const page = await broker.read(frame.room, range);
      if (!('why' in page)) return { page, why: null, recovered: true, isKnown };
      ({ why } = page);
    }
  }
  const answer = frame.history > 0 ? await askHistory() : 'no';
  if (typeof answer !== 'string') return answer;
  const limit = answer === 'yes' ? Math.min(frame.history, settings.limits.history) : 0;
  const page = await broker.read(frame.room, { before: null, limit, bytes: maxMessageBytes });
  if ('why' in page) throw new Error('a broker refused to read its newest entries');
  // In a log that began anew the client missed nothing, whether or not it may read history.
  if (why === 'denied' && frame.position?.[0] !== page.epoch) why = 'epoch';
  return { page: newestOfPage(page), why, recovered: false, isKnown: false };
}
