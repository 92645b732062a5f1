// The lives of a room's log, by what nodes noted while it had them: a Redis that goes back in time, or forgets, begins another.
import type { Logged, LogLife, Said } from '../../simulation/history.js';

export type Noted = readonly [room: string, epoch: string, offset: number, id: string, said: Said];
export type Logs = ReadonlyMap<string, LogLife>;

/** What each room's log held while it held this: what it began with, and what was noted since, a life for each epoch. */
export function livesOf(began: Logs, notes: readonly Noted[]): ReadonlyMap<string, readonly LogLife[]> {
  const rooms = new Map<string, Map<string, Map<number, Logged>>>();
  const entriesOf = (room: string, epoch: string): Map<number, Logged> => {
    let epochs = rooms.get(room);
    if (!epochs) rooms.set(room, (epochs = new Map()));
    let entries = epochs.get(epoch);
    if (!entries) epochs.set(epoch, (entries = new Map()));
    return entries;
  };
  for (const [room, { epoch, entries }] of began)
    for (const entry of entries) entriesOf(room, epoch).set(entry.offset, entry);
  for (const [room, epoch, offset, id, said] of notes) {
    const entries = entriesOf(room, epoch);
    const known = entries.get(offset);
    if (known && known.id !== id)
      throw new Error(`${room} has two messages at ${offset}: ${known.id} and ${id}`);
    entries.set(offset, { offset, id, said });
  }
  return new Map(
    Array.from(rooms, ([room, epochs]) => [
      room,
      Array.from(epochs, ([epoch, entries]) => ({
        epoch,
        entries: [...entries.values()].toSorted((one, two) => one.offset - two.offset),
      })),
    ]),
  );
}
