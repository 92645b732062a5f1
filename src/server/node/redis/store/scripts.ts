// What happens in Redis in one step each. The first write of each is one that Redis refuses where its memory is full, if any is: after a write that it takes, it takes them all.
// All keys of a room share a hash tag, so that a cluster keeps them together. Numbers are written with '%.0f': Lua would round what is long.

import { outcomesPart } from './outcomes-script.js';

/** How long an empty room outlives its last use, in ms. */
const emptyLifeMs = 600_000;

/**
 * The time, an epoch where there is none, and how long a room is remembered. KEYS 1 meta; ARGV 1 the epoch where there is none, 2 ms to add to the clock, 3 how long
 * what is known of a room outlives its last use, in ms.
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
-- A room in which nothing was said is forgotten soon after the last who was there: anybody may name rooms.
local function live()
  redis.call('PEXPIRE', KEYS[1], number(offset == 0 and ${emptyLifeMs} or math.max(tonumber(ARGV[3]), ttl)))
end
`;

/** Entries leave the log when there are too many, or they are too old. */
const trimPart = `
local function trim(limit)
  if limit > 0 then redis.call('XTRIM', KEYS[2], 'MAXLEN', limit) else redis.call('DEL', KEYS[2]) end
  local item = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  -- What is none of ours is as good as old.
  while item and (tonumber(item[2][4] or '') or 0) < now - ttl do
    redis.call('XDEL', KEYS[2], item[1])
    item = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  end
end
`;

/**
 * Appends a batch to one room. KEYS 1 meta, 2 log, 3… one of the producer of each message, or of nobody. ARGV 4 channel, 5 settled numbers kept, 6 their life in ms, 7 how many
 * messages; then for each: whether it has a producer, seq, id, the number it follows, tag, the entry's id as JSON, the rest of the entry as JSON, the result as JSON, the log's limit, its ttl.
 */
export const append: string = `${beginPart}${outcomesPart}${trimPart}
local function add(entry)
  local added = redis.pcall('XADD', KEYS[2], number(offset) .. '-0', 'entry', entry, 'at', number(now))
  if type(added) ~= 'table' or not added.err then return end
  if string.find(added.err, 'OOM', 1, true) then error(added.err) end
  -- Something that is none of ours stands where this one belongs: the log begins anew behind it, and whoever stands before it is told that it was trimmed.
  redis.call('DEL', KEYS[2])
  redis.call('XADD', KEYS[2], number(offset) .. '-0', 'entry', entry, 'at', number(now))
end
local replies, said, lasts, moved = {}, {}, {}, {}
-- What is remembered of a producer's numbers is written once for many: a call costs as much as what it does.
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
  local counted, seq, id, follows, newTag = ARGV[base + 1] == '1', ARGV[base + 2], ARGV[base + 3], ARGV[base + 4], ARGV[base + 5]
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
    local entry = '[' .. number(offset) .. ',"' .. newTag .. '","' .. tag .. '",' .. ARGV[base + 6] .. ',' .. number(now) .. ',' .. ARGV[base + 7]
    if limit > 0 then add(entry) end
    tag = newTag
    said[#said + 1] = entry
    if counted then
      lasts[key], moved[key] = seq, seq
      local into, from = fields[key] or {}, gone[key] or {}
      fields[key], gone[key] = into, from
      into[#into + 1] = 's' .. seq
      local outcome = #id .. ':' .. id .. '[' .. number(offset) .. ',' .. number(now) .. ',' .. ARGV[base + 8] .. ',"' .. newTag .. '"]'
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

/** Settles a number without an entry. KEYS 1 meta, 2 log, 3 producer; ARGV 4 seq, 5 id, 6 the refusal as JSON, 7 numbers kept, 8 their life. Says where it is the producer's first. */
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

/** What is known of a number. KEYS 1 meta, 2 log, 3 producer; ARGV 4 seq, 5 id. */
export const recall: string = `${beginPart}${outcomesPart}
live()
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', KEYS[3], 'last') or '0') then return {'above'} end
return recall(KEYS[3], ARGV[4], ARGV[5])
`;

/**
 * The log between two offsets, oldest first, and where it stands. KEYS 1 meta, 2 log; ARGV 4 the lowest offset, 5 the highest or '+', 6 whether the newest are wanted ('1') or the oldest, 7 how many at most, 8 how
 * many bytes of them at most, one entry at least. The last of the reply is the offset up to which entries are given, where there are more up to the highest; otherwise it is empty.
 */
export const read: string = `${beginPart}${trimPart}
live()
trim(redis.call('XLEN', KEYS[2]))
local newest, most, room = ARGV[6] == '1', tonumber(ARGV[7]), tonumber(ARGV[8])
local low, high, entries, cut, last = ARGV[4], ARGV[5], {}, false, ''
-- Some at a time: Redis makes no more of them than are given.
while not cut do
  local count = math.min(32, most - #entries + 1)
  local items = newest and redis.call('XREVRANGE', KEYS[2], high, low, 'COUNT', count) or redis.call('XRANGE', KEYS[2], low, high, 'COUNT', count)
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
return {epoch, number(offset), tag, first and string.match(first[1], '^%d+') or '', entries, cut and string.match(last, '^%d+') or ''}
`;

/** Where the log stands, and the tag of one of its entries, or nothing where it has no such entry. KEYS 1 meta, 2 log; ARGV 4 the entry's offset. */
export const tagged: string = `${beginPart}${trimPart}
live()
trim(redis.call('XLEN', KEYS[2]))
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local item = redis.call('XRANGE', KEYS[2], ARGV[4] .. '-0', ARGV[4] .. '-0')[1]
return {epoch, number(offset), tag, first and string.match(first[1], '^%d+') or '', item and string.match(item[2][2], '^%[%d+,"([^"]*)"') or ''}
`;

/** Where a log stands, or nothing; whoever asks has members there, and what is known of them and of the room lives on. KEYS 1 meta, 2 members; ARGV 1 their life in ms. */
export const stand: string = `
local ttl = tonumber(redis.call('HGET', KEYS[1], 'ttl') or '0')
local empty = (redis.call('HGET', KEYS[1], 'offset') or '0') == '0'
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', empty and ${emptyLifeMs} or math.max(tonumber(ARGV[1]), ttl)))
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'tag')
`;

/** A node is there: until when, and which are. It says when it believed itself to be there until: another moment means that Redis forgot, went back, or took it for gone. KEYS 1 nodes; ARGV 1 this one, 2 how long it is believed, in ms, 3 what it was told last. */
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

/** What nodes carry. KEYS 1 loads; ARGV 1 this node, 2 how long it is believed, in ms, 3 what it carries; empty: it only asks. Each value is until when, and then what. */
export const loads: string = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(ARGV[2])) .. ' ' .. ARGV[3]) end
local all, found = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #all, 2 do
  local ends, load = string.match(all[at + 1], '^(%d+) (.*)$')
  if ends and tonumber(ends) > now then found[#found + 1] = load else redis.call('HDEL', KEYS[1], all[at]) end
end
return found
`;

/** A member is in the room. KEYS 1 members; ARGV 1 channel, 2 id, 3 node, 4 the member as JSON, 5 their life. Whether others learn of it. */
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

/** What a member shows has changed, unless another node has it by now. KEYS 1 members; ARGV 1 channel, 2 id, 3 node, 4 the member as JSON, 5 the change as JSON. */
export const update: string = `
local before = redis.call('HGET', KEYS[1], ARGV[2])
local order = before and string.match(before, '^[^\\n]*\\n(%d+)\\n')
if not order or string.sub(before, 1, #ARGV[3] + 1) ~= ARGV[3] .. '\\n' then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. '\\n' .. order .. '\\n' .. ARGV[4])
redis.call('PUBLISH', ARGV[1], '[1,"presence",[],[],[' .. ARGV[5] .. ']]')
return 1
`;

/** Members are gone, but for those that another node has by now. KEYS 1 members; ARGV 1 channel; then for each: id, node, the id as JSON. */
export const exit: string = `
local left = {}
for at = 2, #ARGV, 3 do
  local before = redis.call('HGET', KEYS[1], ARGV[at])
  if before and string.sub(before, 1, #ARGV[at + 1] + 1) == ARGV[at + 1] .. '\\n' then
    redis.call('HDEL', KEYS[1], ARGV[at])
    left[#left + 1] = ARGV[at + 2]
  end
end
-- What is left is the number of the last that came.
if redis.call('HLEN', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], '') == 1 then redis.call('DEL', KEYS[1]) end
if #left > 0 then redis.call('PUBLISH', ARGV[1], '[1,"presence",[],[' .. table.concat(left, ',') .. '],[]]') end
return #left
`;

/** Tells every node, and keeps it for those that do not hear it now: where there is no room to keep it, it is told all the same. KEYS 1 what was told; ARGV 1 channel, 2 the event, 3 how long it is kept in ms. */
export const tell: string = `
redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', '20000', '*', 'event', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/** What was told since, oldest first, and where that ends. KEYS 1 what was told; ARGV 1 the id of the last that is known, or '' for none: then nothing but the end. */
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

/** Keeps a moment, `ago` ms before now, and what belongs to it. KEYS 1 where; ARGV 1 what, 2 its life in ms, 3 how long ago it was, in ms. */
export const moment: string = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[3])
redis.call('SET', KEYS[1], string.format('%.0f', now) .. ' ' .. ARGV[1], 'PX', ARGV[2])
return 1
`;

/** What is kept there. KEYS 1 where. */
export const kept: string = `return redis.call('GET', KEYS[1]) or ''`;

/** Forgets it. KEYS 1 where. */
export const forget: string = `return redis.call('DEL', KEYS[1])`;
