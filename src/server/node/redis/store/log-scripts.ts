// Lua scripts for the log of a room. Redis runs each of them as one step.
// The first write of each script is one that Redis refuses if its memory is full. After a write that Redis
// accepts, it accepts them all.
// All keys of a room share a hash tag, so that a cluster keeps them together. Numbers are written with
// '%.0f', because Lua would round long ones.

import { outcomesPart } from './outcomes-script.js';

/** How long an empty room outlives its last use, in ms. */
const emptyLifeMs = 600_000;

/**
 * Reads the clock, and makes the room if there is none.
 *
 * - KEYS: 1 meta
 * - ARGV: 1 an epoch for a new room, 2 ms to add to the clock, 3 how long the room is remembered after its
 *   last use, in ms
 */
const beginPart = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[2])
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'tag', 'ttl')
local epoch, offset, tag, ttl = meta[1], tonumber(meta[2] or '0'), meta[3] or '', tonumber(meta[4] or '0')
if not epoch then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  redis.call('DEL', KEYS[2])
end
local function number(n) return string.format('%.0f', n) end
-- An empty room is forgotten soon after its last use, since any client may name rooms.
local function live()
  redis.call('PEXPIRE', KEYS[1], number(offset == 0 and ${emptyLifeMs} or math.max(tonumber(ARGV[3]), ttl)))
end
`;

/** Removes entries that are too many or too old. */
const trimPart = `
local function trim(limit)
  if limit > 0 then redis.call('XTRIM', KEYS[2], 'MAXLEN', limit) else redis.call('DEL', KEYS[2]) end
  local item = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  -- An item that is no entry counts as old.
  while item and (tonumber(item[2][4] or '') or 0) < now - ttl do
    redis.call('XDEL', KEYS[2], item[1])
    item = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  end
end
`;

/**
 * Appends a batch of messages to one room.
 *
 * - KEYS: 1 meta, 2 log, 3… for each message its producer's key
 * - ARGV: 4 channel, 5 outcomes that are kept, 6 for how long, in ms, 7 number of messages; then for each:
 *   whether it has a producer, seq, id, the preceding seq, tag, the id as JSON, the rest of the entry as
 *   JSON, the result as JSON, the log's limit, its ttl
 */
export const append: string = `${beginPart}${outcomesPart}${trimPart}
local function add(entry)
  local added = redis.pcall('XADD', KEYS[2], number(offset) .. '-0', 'entry', entry, 'at', number(now))
  if type(added) ~= 'table' or not added.err then return end
  if string.find(added.err, 'OOM', 1, true) then error(added.err) end
  -- Another program wrote an item with this offset or a later one. The log begins anew here, and readers before
  -- it are told that it was trimmed.
  redis.call('DEL', KEYS[2])
  redis.call('XADD', KEYS[2], number(offset) .. '-0', 'entry', entry, 'at', number(now))
end
local replies, said, lasts, moved = {}, {}, {}, {}
-- The outcomes of a producer are written together: a call costs as much as its work.
local fields, gone, bytes = {}, {}, {}
local function remember(key)
  if not fields[key] then return end
  redis.call('HSET', key, 'last', lasts[key], unpack(fields[key]))
  redis.call('HDEL', key, unpack(gone[key]))
  fields[key], gone[key] = nil, nil
end
local limit = 0
for at = 1, tonumber(ARGV[7]) do
  local base = 7 + (at - 1) * 10
  local counted, seq, id = ARGV[base + 1] == '1', ARGV[base + 2], ARGV[base + 3]
  local follows, newTag = ARGV[base + 4], ARGV[base + 5]
  local key = KEYS[2 + at]
  local last = counted and (lasts[key] or redis.call('HGET', key, 'last') or '0')
  if counted then lasts[key] = last end
  if counted and tonumber(seq) <= tonumber(last) then
    remember(key)
    replies[at] = recall(key, seq, id)
  elseif counted and tonumber(follows) ~= tonumber(last) then
    replies[at] = {'gap', last}
  else
    offset = offset + 1
    limit, ttl = tonumber(ARGV[base + 9]), tonumber(ARGV[base + 10])
    local position = number(offset) .. ',"' .. newTag .. '","' .. tag .. '"'
    local entry = '[' .. position .. ',' .. ARGV[base + 6] .. ',' .. number(now) .. ',' .. ARGV[base + 7]
    if limit > 0 then add(entry) end
    tag = newTag
    said[#said + 1] = entry
    if counted then
      lasts[key], moved[key] = seq, seq
      local into, from = fields[key] or {}, gone[key] or {}
      fields[key], gone[key] = into, from
      into[#into + 1] = 's' .. seq
      local receipt = number(offset) .. ',' .. number(now) .. ',' .. ARGV[base + 8] .. ',"' .. newTag .. '"'
      local outcome = #id .. ':' .. id .. '[' .. receipt .. ']'
      into[#into + 1] = outcome
      bytes[key] = (bytes[key] or 0) + #outcome
      from[#from + 1] = 's' .. number(tonumber(seq) - tonumber(ARGV[5]))
      if #into >= 1000 then remember(key) end
    end
    replies[at] = {'ok', epoch, number(offset), number(now), newTag}
  end
end
if #said > 0 then
  redis.call('HSET', KEYS[1], 'offset', number(offset), 'tag', tag, 'ttl', number(ttl))
  trim(limit)
  redis.call('PEXPIRE', KEYS[2], number(ttl))
  redis.call('PUBLISH', ARGV[4], '[1,"entries","' .. epoch .. '",[' .. table.concat(said, ',') .. ']]')
end
for key, last in pairs(moved) do
  remember(key)
  settled(key, last, tonumber(ARGV[5]), ARGV[6], bytes[key])
end
live()
return replies
`;

/**
 * Refuses a message. Returns 'first' if it is the producer's first one.
 *
 * - KEYS: 1 meta, 2 log, 3 producer
 * - ARGV: 4 seq, 5 id, 6 the refusal as JSON, 7 outcomes that are kept, 8 for how long, in ms
 */
export const refuse: string = `${beginPart}${outcomesPart}
local last = redis.call('HGET', KEYS[3], 'last')
if tonumber(ARGV[4]) > tonumber(last or '0') then
  local outcome = #ARGV[5] .. ':' .. ARGV[5] .. ARGV[6]
  redis.call('HSET', KEYS[3], 'last', ARGV[4], 's' .. ARGV[4], outcome)
  settled(KEYS[3], ARGV[4], tonumber(ARGV[7]), ARGV[8], #outcome)
end
live()
return last and 'ok' or 'first'
`;

/**
 * Returns the outcome of a message.
 *
 * - KEYS: 1 meta, 2 log, 3 producer
 * - ARGV: 4 seq, 5 id
 */
export const recall: string = `${beginPart}${outcomesPart}
live()
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', KEYS[3], 'last') or '0') then return {'above'} end
return recall(KEYS[3], ARGV[4], ARGV[5])
`;

/**
 * Reads the log between two offsets, oldest first, and where it ends. The last part of the reply is the
 * offset up to which entries are given, if there are more up to the highest; otherwise it is empty.
 *
 * - KEYS: 1 meta, 2 log
 * - ARGV: 4 the lowest offset, 5 the highest or '+', 6 '1' for the newest entries, else the oldest, 7 the
 *   number of entries, at most, 8 their bytes, at most, but at least one entry
 */
export const read: string = `${beginPart}${trimPart}
live()
trim(redis.call('XLEN', KEYS[2]))
local newest, most, room = ARGV[6] == '1', tonumber(ARGV[7]), tonumber(ARGV[8])
local low, high, entries, cut, last = ARGV[4], ARGV[5], {}, false, ''
-- Read in steps, so that Redis makes few more items than are returned.
while not cut do
  local count = math.min(32, most - #entries + 1)
  local items = newest and redis.call('XREVRANGE', KEYS[2], high, low, 'COUNT', count)
    or redis.call('XRANGE', KEYS[2], low, high, 'COUNT', count)
  for _, item in ipairs(items) do
    local text = item[2][2]
    room = room - #text
    cut = #entries >= most or (room < 0 and #entries > 0)
    if cut then break end
    entries[#entries + 1] = text
    last = item[1]
  end
  if #items < count then break end
  if newest then high = '(' .. last else low = '(' .. last end
end
if newest then
  local from, to = 1, #entries
  while from < to do
    entries[from], entries[to] = entries[to], entries[from]
    from, to = from + 1, to - 1
  end
end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local oldest = first and string.match(first[1], '^%d+') or ''
local cutAt = cut and string.match(last, '^%d+') or ''
return {epoch, number(offset), tag, oldest, entries, cutAt}
`;

/**
 * Returns where the log ends, and the tag of one of its entries, or nothing if the log does not have it.
 *
 * - KEYS: 1 meta, 2 log
 * - ARGV: 4 the offset of the entry
 */
export const tagged: string = `${beginPart}${trimPart}
live()
trim(redis.call('XLEN', KEYS[2]))
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local item = redis.call('XRANGE', KEYS[2], ARGV[4] .. '-0', ARGV[4] .. '-0')[1]
local oldest = first and string.match(first[1], '^%d+') or ''
local itemTag = item and string.match(item[2][2], '^%[%d+,"([^"]*)"') or ''
return {epoch, number(offset), tag, oldest, itemTag}
`;

/**
 * Returns where a log ends. The node that asks has members there, so the room and its members are remembered
 * on.
 *
 * - KEYS: 1 meta, 2 members
 * - ARGV: 1 for how long, in ms
 */
export const stand: string = `
local ttl = tonumber(redis.call('HGET', KEYS[1], 'ttl') or '0')
local empty = (redis.call('HGET', KEYS[1], 'offset') or '0') == '0'
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', empty and ${emptyLifeMs} or math.max(tonumber(ARGV[1]), ttl)))
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'tag')
`;
