// A position in the log of a room.

/**
 * A place in the log of a room, from which a reader can go on. `epoch` names one life of the log. `offset` counts its
 * entries from 1; 0 stands before the first. `tag` is the random text of the entry at `offset`: a log that lost its
 * newest entries, and gave their offsets to others, has other tags there.
 */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
  readonly tag: string;
}

export type PositionTuple = readonly [epoch: string, offset: number, tag: string];

export const toTuple = (at: Position): PositionTuple => [at.epoch, at.offset, at.tag];
export const toPosition = ([epoch, offset, tag]: PositionTuple): Position => ({ epoch, offset, tag });
