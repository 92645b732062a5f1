// The ways to treat broadcasts for a member that reads too slowly.

/**
 * What becomes of broadcasts for a member that reads too slowly:
 *
 * - `drop`: they are lost.
 * - `drop-oldest`: the newest 100 are kept for it.
 * - `coalesce`: the newest of each sender and type is kept for it.
 * - `close`: its connection is closed with 4008.
 */
export type SlowPolicy = 'drop' | 'drop-oldest' | 'coalesce' | 'close';

export const slowPolicies: readonly SlowPolicy[] = ['drop', 'drop-oldest', 'coalesce', 'close'];
