// Where a reader stands in a room's log.

/**
 * A place in a room's log. `epoch` names one life of the log, `offset` counts its entries from 1 (0: before the first), `tag` is the random mark of
 * the entry at `offset`: a log that lost its newest entries and reused their offsets has other tags there.
 */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
  readonly tag: string;
}

export type PositionTuple = readonly [epoch: string, offset: number, tag: string];

export const toTuple = (at: Position): PositionTuple => [at.epoch, at.offset, at.tag];
export const toPosition = ([epoch, offset, tag]: PositionTuple): Position => ({ epoch, offset, tag });
