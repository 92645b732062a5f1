// The sessions of a user that a room remembers: a sorted set for each user, whose scores say until when a
// session counts as in use. The keys that these scripts delete share the room's hash tag.

const beginPart = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local function number(n) return string.format('%.0f', n) end
`;

/** Forgets the sessions that are longest out of use, if there are too many. */
const boundPart = `
local function bound(life, most, producers, admissions)
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', number(now - tonumber(life)))
  local surplus = redis.call('ZCOUNT', KEYS[1], '-inf', number(now)) - tonumber(most)
  if surplus <= 0 then return end
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', number(now), 'LIMIT', 0, surplus)) do
    redis.call('DEL', producers .. session, admissions .. session)
    redis.call('ZREM', KEYS[1], session)
  end
end
`;

/**
 * Records a session that was admitted to a room, or that sent its first message there.
 *
 * - KEYS: 1 sessions
 * - ARGV: 1 ms to add to the clock, 2 the session, 3 how long it counts as in use, in ms, 4 how long sessions
 *   are remembered, in ms, 5 how many that are not in use, 6 the beginning of producers' keys, 7 the
 *   beginning of admissions' keys
 */
export const began: string = `${beginPart}${boundPart}
redis.call('ZADD', KEYS[1], number(now + tonumber(ARGV[3])), ARGV[2])
bound(ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return 1
`;

/**
 * Records that a session left a room, unless another node asked for it since.
 *
 * - KEYS and ARGV 1 to 7 as above
 * - ARGV: 8 how long ago this node asked for it, in ms. 5 s are added for the time that calls take.
 */
export const rested: string = `${beginPart}${boundPart}
local till = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not till or tonumber(till) > now - tonumber(ARGV[8]) + 5000 + tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], number(now), ARGV[2])
bound(ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return 1
`;

/**
 * Returns the watermark of a session, which counts as in use for a while longer.
 *
 * - KEYS: 1 sessions, 2 producer, 3 admission
 * - ARGV: 1 to 4 as above
 */
export const watermark: string = `${beginPart}
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[4])
local last = redis.call('HGET', KEYS[2], 'last')
if not last and redis.call('EXISTS', KEYS[3]) == 0 then return '0' end
redis.call('ZADD', KEYS[1], number(now + tonumber(ARGV[3])), ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return last or '0'
`;
