// Lua scripts for the members and admissions of rooms. Redis runs each of them as one step.
// The first write of each script is one that Redis refuses if its memory is full. After a write that Redis
// accepts, it accepts them all. Numbers are written with '%.0f', because Lua would round long ones.

/** Returns all members of a room. KEYS: 1 members. */
export const members: string = `return redis.call('HGETALL', KEYS[1])`;

/**
 * Adds a member. Returns whether the others learn of it.
 *
 * - KEYS: 1 members
 * - ARGV: 1 channel, 2 id, 3 node, 4 the member as JSON, 5 how long members are remembered, in ms
 */
export const enter: string = `
local before = redis.call('HGET', KEYS[1], ARGV[2])
local order = before and string.match(before, '^[^\\n]*\\n(%d+)\\n') or redis.call('HINCRBY', KEYS[1], '', 1)
local now = ARGV[3] .. '\\n' .. order .. '\\n' .. ARGV[4]
redis.call('HSET', KEYS[1], ARGV[2], now)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if before and string.match(before, '^[^\\n]*\\n%d+\\n(.*)$') == ARGV[4] then return 0 end
redis.call('PUBLISH', ARGV[1], '[1,"presence",[' .. ARGV[4] .. '],[],[]]')
return 1
`;

/**
 * Changes what a member shows, unless it is at another node by now.
 *
 * - KEYS: 1 members
 * - ARGV: 1 channel, 2 id, 3 node, 4 the member as JSON, 5 the change as JSON
 */
export const update: string = `
local before = redis.call('HGET', KEYS[1], ARGV[2])
local order = before and string.match(before, '^[^\\n]*\\n(%d+)\\n')
if not order or string.sub(before, 1, #ARGV[3] + 1) ~= ARGV[3] .. '\\n' then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. '\\n' .. order .. '\\n' .. ARGV[4])
redis.call('PUBLISH', ARGV[1], '[1,"presence",[],[],[' .. ARGV[5] .. ']]')
return 1
`;

/**
 * Removes members, except for those that are at another node by now.
 *
 * - KEYS: 1 members
 * - ARGV: 1 channel; then for each member: id, node, the id as JSON
 */
export const exit: string = `
local left = {}
for at = 2, #ARGV, 3 do
  local before = redis.call('HGET', KEYS[1], ARGV[at])
  if before and string.sub(before, 1, #ARGV[at + 1] + 1) == ARGV[at + 1] .. '\\n' then
    redis.call('HDEL', KEYS[1], ARGV[at])
    left[#left + 1] = ARGV[at + 2]
  end
end
-- Only the counter of members is left.
if redis.call('HLEN', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], '') == 1 then redis.call('DEL', KEYS[1]) end
if #left > 0 then redis.call('PUBLISH', ARGV[1], '[1,"presence",[],[' .. table.concat(left, ',') .. '],[]]') end
return #left
`;

/**
 * Keeps a moment and a text.
 *
 * - KEYS: 1 key
 * - ARGV: 1 text, 2 how long it is kept, in ms, 3 how long ago the moment was, in ms
 */
export const moment: string = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[3])
redis.call('SET', KEYS[1], string.format('%.0f', now) .. ' ' .. ARGV[1], 'PX', ARGV[2])
return 1
`;

/** Returns the text of a key. KEYS: 1 key. */
export const kept: string = `return redis.call('GET', KEYS[1]) or ''`;

/** Deletes a key. KEYS: 1 key. */
export const forget: string = `return redis.call('DEL', KEYS[1])`;
