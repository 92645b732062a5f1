// The part of a script that remembers the outcomes of a producer's messages, within a bound on their number
// and on their bytes.
import { forgottenReason, maxOutcomeBytes } from '../../../broker/producer-name.js';

/**
 * An outcome is kept as the length of its id, the id and JSON. A field of the producer's hash counts the
 * bytes of all outcomes, or more. To nodes of an earlier version, the name of that field looks like a seq
 * that is never too old.
 */
export const outcomesPart: string = `
local weigh, most = 'w9007199254740991', ${maxOutcomeBytes}
local function recall(key, seq, id)
  local said = redis.call('HGET', key, 's' .. seq)
  if not said then return {'duplicate', epoch} end
  local head = #id .. ':' .. id
  if string.sub(said, 1, #head) ~= head then return {'conflict'} end
  return {'known', epoch, string.sub(said, #head + 1)}
end
-- The same outcome without its result, or without its reason and details.
local function lightened(said)
  local digits = string.match(said, '^%d+')
  local head = string.sub(said, 1, #digits + 1 + tonumber(digits))
  local it = cjson.decode(string.sub(said, #head + 1))
  if it[1] == cjson.null then return head .. cjson.encode({cjson.null, it[2], '${forgottenReason}', cjson.null}) end
  -- Nodes of earlier versions wrote no tag.
  local tag = type(it[4]) == 'string' and ',"' .. it[4] .. '"' or ''
  return head .. '[' .. number(it[1]) .. ',' .. number(it[2]) .. ',null' .. tag .. ']'
end
-- Drops the results and details of the oldest outcomes, until half of a producer's bytes are left. The newest keeps
-- its own, unless it alone takes more than a producer may. If the ids alone take too much, drops the oldest outcomes.
local function lighten(key, last, oldest)
  local all, seqs, outcomes, total = redis.call('HGETALL', key), {}, {}, 0
  for at = 1, #all, 2 do
    local seq = string.sub(all[at], 1, 1) == 's' and tonumber(string.sub(all[at], 2))
    if seq and seq <= oldest then
      redis.call('HDEL', key, all[at])
    elseif seq then
      seqs[#seqs + 1] = seq
      outcomes[seq] = all[at + 1]
      total = total + #all[at + 1]
    end
  end
  table.sort(seqs)
  for _, seq in ipairs(seqs) do
    if total <= most / 2 then break end
    local said = outcomes[seq]
    if seq ~= last or #said > most then
      local light = lightened(said)
      if #light < #said then
        redis.call('HSET', key, 's' .. number(seq), light)
        outcomes[seq] = light
        total = total - #said + #light
      end
    end
  end
  for _, seq in ipairs(seqs) do
    if total <= most then break end
    redis.call('HDEL', key, 's' .. number(seq))
    total = total - #outcomes[seq]
  end
  redis.call('HSET', key, weigh, number(total))
end
local function settled(key, last, keep, life, bytes)
  local oldest = tonumber(last) - keep
  if redis.call('HLEN', key) > keep * 2 then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if field ~= 'last' and tonumber(string.sub(field, 2)) <= oldest then redis.call('HDEL', key, field) end
    end
  end
  if redis.call('HINCRBY', key, weigh, number(bytes)) > most then lighten(key, tonumber(last), oldest) end
  redis.call('PEXPIRE', key, life)
end
`;
