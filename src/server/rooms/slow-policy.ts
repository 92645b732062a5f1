// What a room does with broadcasts for a member that reads too slowly.

/** What becomes of broadcasts for a member that reads too slowly: dropped; the newest 100 kept; the newest of each sender and type kept; or the connection closed with 4008. */
export type SlowPolicy = 'drop' | 'drop-oldest' | 'coalesce' | 'close';

export const slowPolicies: readonly SlowPolicy[] = ['drop', 'drop-oldest', 'coalesce', 'close'];
