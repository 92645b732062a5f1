// Lua scripts for leases, loads and commands of nodes. Redis runs each of them as one step.
// The first write of each script is one that Redis refuses if its memory is full. After a write that Redis
// accepts, it accepts them all. Numbers are written with '%.0f', because Lua would round long ones.

/**
 * Renews the lease of a node. Returns whether it was kept, until when it is, and the nodes that are there.
 * The node says until when it believes its lease to be: if Redis knows another moment, it forgot the lease,
 * went back in time, or gave it up.
 *
 * - KEYS: 1 nodes
 * - ARGV: 1 this node, 2 the length of a lease, in ms, 3 the end of the lease, as this node was told last
 */
export const lease: string = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
local kept = before and string.format('%.0f', tonumber(before)) == ARGV[3] and tonumber(before) > now
local ends = string.format('%.0f', now + tonumber(ARGV[2]))
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return {kept and '1' or '0', ends, redis.call('ZRANGE', KEYS[1], 0, -1)}
`;

/**
 * Announces the load of a node, unless it is empty, and returns all loads. A value is the moment until which
 * it counts, and then the load.
 *
 * - KEYS: 1 loads
 * - ARGV: 1 this node, 2 the length of a lease, in ms, 3 the load or ''
 */
export const loads: string = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ends = string.format('%.0f', now + tonumber(ARGV[2]))
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], ends .. ' ' .. ARGV[3]) end
local all, found = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #all, 2 do
  local ends, load = string.match(all[at + 1], '^(%d+) (.*)$')
  if ends and tonumber(ends) > now then found[#found + 1] = load else redis.call('HDEL', KEYS[1], all[at]) end
end
return found
`;

/**
 * Sends a command to every node, and keeps it for those that do not hear it. If there is no room to keep it,
 * it is sent all the same.
 *
 * - KEYS: 1 commands
 * - ARGV: 1 channel, 2 the command, 3 how long it is kept, in ms
 */
export const tell: string = `
redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', '20000', '*', 'event', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/**
 * Returns the id of the newest command, and the commands since a known one, oldest first.
 *
 * - KEYS: 1 commands
 * - ARGV: 1 the id of the last command that is known, or '' for none, which returns no commands
 */
export const told: string = `
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local events = {}
if ARGV[1] ~= '' then
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  for _, item in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')) do
    events[#events + 1] = item[2][2]
    events[#events + 1] = string.format('%.0f', math.max(0, now - tonumber(string.match(item[1], '^%d+'))))
  end
end
return {newest and newest[1] or ARGV[1] ~= '' and ARGV[1] or '0-0', events}
`;
