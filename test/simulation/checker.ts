// Judges a history by what Roomful promises. Written against the promise, not against the machines: it knows offsets, ids and outcomes, and nothing of how they come about.
import type { History, Logged, LogLife, Page, Said, Seen, Sent } from './history.js';

const nameOf = ({ by, n }: Said): string => `${by} #${n}`;
const userOf = (page: string): string => page.split('/')[0] ?? page;
const sameEntry = (a: LogLife | undefined, b: LogLife | undefined, offset: number): boolean => {
  const [one, other] = [a?.entries[offset - 1], b?.entries[offset - 1]];
  return one !== undefined && one.id === other?.id;
};

/** What is wrong with a history, in sentences; none where all is well. */
export function judge(history: History): readonly string[] {
  return [
    ...receipts(history),
    ...logs(history),
    ...completeness(history),
    ...history.pages.flatMap((page) => views(page, history)),
    ...ends(history),
  ];
}

/** What the lives of a log hold, by what was said. */
const indexed = (lives: readonly LogLife[]): ReadonlyMap<string, Logged> =>
  new Map(lives.flatMap(({ entries }) => entries.map((entry) => [nameOf(entry.said), entry])));
const each = <T>(rooms: History['logs'], call: (lives: readonly LogLife[]) => T): ReadonlyMap<string, T> =>
  new Map(Array.from(rooms, ([room, lives]) => [room, call(lives)]));

/** Whether the log ever lost entries: then some things are allowed that never are otherwise. */
const everLost = ({ logs: rooms }: History): boolean =>
  Array.from(rooms.values()).some((lives) => lives.length > 1);

/** Each promise that resolved names a place, and at that place is its message; one that rejected is nowhere, unless it says that it does not know. */
function receipts(history: History): string[] {
  const wrong: string[] = [];
  const places = new Map<string, Sent>();
  const written = each(history.logs, indexed);
  for (const sent of history.sent) {
    const { outcome, room } = sent;
    const lives = history.logs.get(room) ?? [];
    if (!outcome) continue;
    if ('code' in outcome) {
      if (written.get(room)?.has(nameOf(sent)) && outcome.code !== 'in-doubt')
        wrong.push(`${nameOf(sent)} rejected with ${outcome.code} and is in the log`);
      if (!['rejected', 'in-doubt', 'closed'].includes(outcome.code))
        wrong.push(`${nameOf(sent)} rejected with ${outcome.code}`);
      if (outcome.code === 'rejected' && !sent.refuse)
        wrong.push(`${nameOf(sent)} was refused, and nobody did`);
      continue;
    }
    if (sent.refuse) wrong.push(`${nameOf(sent)} was accepted, and the handler refuses it`);
    if (outcome.offset === null) {
      wrong.push(`${nameOf(sent)} was acknowledged without a place`);
      continue;
    }
    const { offset, epoch } = outcome;
    if (!lives.some((life) => life.epoch === epoch && life.entries[offset - 1]?.id === outcome.id))
      wrong.push(`${nameOf(sent)} was acknowledged at ${offset}, where it is not`);
    const place = `${room} ${epoch} ${offset}`;
    const other = places.get(place);
    if (other && lives.filter((life) => life.epoch === epoch).length === 1)
      wrong.push(`${nameOf(sent)} and ${nameOf(other)} were acknowledged at one place`);
    places.set(place, sent);
  }
  return wrong;
}

/** In each life of a log: offsets without a gap, no message twice, each sender's in the order in which they were sent. */
function logs(history: History): string[] {
  const wrong: string[] = [];
  for (const [room, lives] of history.logs) {
    for (const { entries } of lives) {
      const last = new Map<string, number>();
      const ids = new Set<string>();
      for (const [index, { offset, id, said }] of entries.entries()) {
        if (offset !== index + 1) wrong.push(`${room} has offset ${offset} at place ${index + 1}`);
        if (ids.has(id)) wrong.push(`${nameOf(said)} is twice in ${room}`);
        ids.add(id);
        const before = last.get(said.by) ?? 0;
        if (said.n === before) wrong.push(`${nameOf(said)} is twice in ${room}, under two ids`);
        if (said.n < before) wrong.push(`${nameOf(said)} stands behind #${before} in ${room}`);
        last.set(said.by, Math.max(before, said.n));
      }
    }
  }
  return wrong;
}

/** Nothing is lost: what was acknowledged or lay on disk is in the log at the end, or its sender was told how much is not. */
function completeness(history: History): string[] {
  const wrong: string[] = [];
  const alive = new Set(history.pages.filter((page) => page.alive).map(({ name }) => name));
  const lost = everLost(history);
  const [earlier, latest] = [
    each(history.logs, (lives) => indexed(lives.slice(0, -1))),
    each(history.logs, (lives) => indexed(lives.slice(-1))),
  ];
  const gone = new Map<string, number>();
  for (const sent of history.sent) {
    const acked = sent.outcome !== null && !('code' in sent.outcome);
    if (acked && !latest.get(sent.room)?.has(nameOf(sent))) {
      if (!lost) wrong.push(`${nameOf(sent)} was acknowledged and is lost`);
      const place = `${sent.page} in ${sent.room}`;
      gone.set(place, (gone.get(place) ?? 0) + 1);
    }
    if (!sent.outcome && alive.has(sent.page)) wrong.push(`the promise of ${nameOf(sent)} never settled`);
  }
  // A log that lost what it had acknowledged gets it again from whoever still holds it; what nobody holds is counted.
  for (const { name, rooms, alive: there, since } of history.pages) {
    for (const [room, seen] of rooms) {
      const lacks = gone.get(`${name} in ${room}`) ?? 0;
      // Of a page before it too, whose session it has: of that one's numbers it does not know what became of them. What that one was sending again when it went may be counted, and arrive.
      const isMissing = (sent: Sent): boolean => {
        const found = latest.get(room)?.get(nameOf(sent));
        return (
          !found ||
          (!alive.has(sent.page) &&
            (found.at ?? -Infinity) >= since &&
            earlier.get(room)?.has(nameOf(sent)) === true)
        );
      };
      const most = history.sent.filter(
        (sent) => sent.room === room && userOf(sent.page) === userOf(name) && isMissing(sent),
      ).length;
      const told = seen.reduce((sum, event) => sum + (event.type === 'acked-lost' ? event.count : 0), 0);
      if (there && (told < lacks || told > most))
        wrong.push(
          `${name} was told that ${told} acknowledged messages are lost in ${room}, and ${lacks} are, of all its user's ${most}`,
        );
    }
  }
  const places = new Map(history.sent.map((sent) => [nameOf(sent), sent]));
  for (const { name, left } of history.pages) {
    for (const said of left) {
      const { room = '', refuse = false } = places.get(nameOf(said)) ?? {};
      if (!refuse && !earlier.get(room)?.has(nameOf(said)) && !latest.get(room)?.has(nameOf(said)))
        wrong.push(`${nameOf(said)} lay on disk when ${name} went, and is lost`);
    }
  }
  return wrong;
}

/** What a page saw of a room is what the log has, entry for entry, but for the gaps it was told of. */
function views(page: Page, history: History): string[] {
  const wrong: string[] = [];
  for (const [room, seen] of page.rooms) {
    const lives = history.logs.get(room) ?? [];
    wrong.push(...walk(seen, lives).map((what) => `${page.name} in ${room}: ${what}`));
  }
  return wrong;
}

/** Messages of a room that a page remembers to have told of: of one that is older it may tell again. */
const mostTold = 10_000;

/** Where a page stands that has passed over what it had told of before: in one of the lives that it may be reading. */
function passed(
  last: number,
  reading: Iterable<number>,
  lives: readonly LogLife[],
  told: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  const places = new Set([last]);
  for (const life of reading) {
    let at = last;
    for (let next = lives[life]?.entries[at]; next && told.has(next.id); next = lives[life]?.entries[at])
      places.add(++at);
  }
  return places;
}

function walk(seen: readonly Seen[], lives: readonly LogLife[]): string[] {
  const wrong: string[] = [];
  /** What the page has told of, by id, and as the how manieth. */
  const told = new Map<string, number>();
  /** The lives of the log that it may be reading: one message may stand at one place in several. */
  let reading: ReadonlySet<number> = new Set(lives.keys());
  let last: number | null = null;
  /** What the resets since the last message, if there were any, allow: to go on behind a gap, or anywhere. */
  let reset: 'gap' | 'anew' | null = null;
  for (const event of seen) {
    if (event.type === 'acked-lost') continue;
    if (event.type === 'reset') {
      const places = last === null ? null : passed(last, reading, lives, told);
      if (event.missing && places && !reset && !places.has(event.missing[0] - 1))
        wrong.push(`was told that ${event.missing.join(' to ')} is missing after ${last}`);
      reset = event.missing && reset !== 'anew' ? 'gap' : 'anew';
      continue;
    }
    const { offset, id, said } = event;
    if (told.size - (told.get(id) ?? -Infinity) < mostTold) wrong.push(`was told twice of ${nameOf(said)}`);
    const before = last;
    // Another life of the log: told of by a reset, or the same in everything seen so far.
    const mayFollow = (from: number, to: number): boolean =>
      from === to ||
      (from < to && (reset !== null || before === null || sameThrough(lives, from, to, before)));
    const next = new Set(
      Array.from(lives.keys()).filter(
        (to) =>
          lives[to]?.entries[offset - 1]?.id === id &&
          Array.from(reading).some((from) => mayFollow(from, to)),
      ),
    );
    if (next.size === 0) {
      wrong.push(
        `saw ${nameOf(said)} at ${offset}, where no log has it${reset ? '' : ', and was told of no reset'}`,
      );
      continue;
    }
    const places = last === null ? null : passed(last, next, lives, told);
    reading = next;
    if (last !== null && !reset && !places?.has(offset - 1))
      wrong.push(
        offset <= last
          ? `saw ${nameOf(said)} at ${offset} after ${last}`
          : `saw nothing of ${last + 1} to ${offset - 1}, and was told of no gap`,
      );
    if (last !== null && reset === 'gap' && offset <= last) wrong.push(`went back from ${last} to ${offset}`);
    last = offset;
    reset = null;
    told.set(id, told.size);
  }
  return wrong;
}

/** Whether a log that goes from one life to a later one kept everything up to `offset`, in every life between. */
function sameThrough(lives: readonly LogLife[], from: number, to: number, offset: number): boolean {
  for (let index = from; index < to; index++)
    if (offset > 0 && !sameEntry(lives[index], lives[index + 1], offset)) return false;
  return true;
}

/** At the end nothing is wrong any more: everybody is back, has seen everything, waits for nothing, and leaves nothing behind. */
function ends(history: History): string[] {
  const wrong: string[] = [...history.errors];
  for (const { name, alive, reconnects, unsettled, status, rooms } of history.pages) {
    if (!alive) continue;
    if (status.connection !== 'connected') wrong.push(`${name} ends ${status.connection}`);
    for (const [room, its] of status.rooms)
      if (its !== 'joined') wrong.push(`${name} ends ${its} in ${room}`);
    if (reconnects > 0) wrong.push(`${name} connected ${reconnects} times more while nothing was wrong`);
    if (unsettled > 0) wrong.push(`${name} still holds ${unsettled} messages`);
    for (const [room, seen] of rooms) {
      const log = history.logs.get(room)?.at(-1)?.entries ?? [];
      const told = new Set(seen.flatMap((event) => (event.type === 'message' ? event.id : [])));
      const last = seen.findLast((event) => event.type === 'message');
      // What stands behind the last message may be what the page had told of before the log was lost.
      const from = log.findIndex(({ id }) => id === last?.id) + 1;
      const unseen = log.slice(from).find(({ id }) => !told.has(id));
      if (unseen)
        wrong.push(`${name} saw nothing of ${room} at ${unseen.offset}, and it ends at ${log.length}`);
    }
  }
  for (const it of history.handledAgain) wrong.push(`the handler ran ${it.times} times for ${nameOf(it)}`);
  const { timers, connections, listeners } = history.leaks;
  if (timers) wrong.push(`${timers} timers are left`);
  if (connections) wrong.push(`${connections} connections are left`);
  if (listeners) wrong.push(`${listeners} listeners are left`);
  return wrong;
}
