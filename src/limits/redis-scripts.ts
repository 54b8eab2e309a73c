import { createHash } from 'node:crypto';
import { PERIOD_MS, UNITS } from './limit-rule.js';

export interface Script {
  lua: string;
  sha: string;
}

function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/**
 * The rules of `limit-rule.ts` in Lua, on Redis's clock. The counter of a rate is stored as `used at`, that of a day or a
 * month as a number, leases as a sorted set by expiry. All numbers are whole, and exact in a double.
 */
const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local periods = { daily = ${PERIOD_MS.daily}, budget = ${PERIOD_MS.budget} }
local function usedOf(key, kind, limit)
  if kind == 'concurrency' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    return redis.call('ZCARD', key)
  end
  local value = redis.call('GET', key)
  if not value then return 0 end
  if periods[kind] then return tonumber(value) end
  local used, at = string.match(value, '^(%d+) (%d+)$')
  return math.max(0, tonumber(used) - math.max(0, now - tonumber(at)) * limit)
end
local function inUnits(kind, amount)
  if kind == 'requests' or kind == 'tokens' then return amount * ${UNITS} end
  return amount
end
local function keep(key, kind, limit, used)
  if periods[kind] then
    redis.call('SET', key, string.format('%.0f', used), 'PX', periods[kind])
  else
    redis.call('SET', key, string.format('%.0f %.0f', used, now), 'PX', math.ceil(used / limit) + 1)
  end
end
`;

/** Kind, limit and amount of each claim, in one argument: each argument costs the client. */
const CLAIMS = `
local claims = {}
for kind, limit, amount in string.gmatch(ARGV[3], '(%a+) (%d+) (-?%d+)') do
  claims[#claims + 1] = { kind, tonumber(limit), tonumber(amount) }
end
local function claim(i)
  return unpack(claims[i])
end
`;

/** Keys: one a claim. Arguments: the lease, its duration, and the claims. */
export const RESERVE = script(`${COMMON}${CLAIMS}
local used, granted = {}, 1
for i, key in ipairs(KEYS) do
  local kind, limit, amount = claim(i)
  used[i] = usedOf(key, kind, limit)
  if used[i] + inUnits(kind, amount) > inUnits(kind, limit) then granted = 0 end
end
if granted == 1 then
  for i, key in ipairs(KEYS) do
    local kind, limit, amount = claim(i)
    used[i] = used[i] + inUnits(kind, amount)
    if kind == 'concurrency' then
      redis.call('ZADD', key, now + ARGV[2], ARGV[1])
      redis.call('PEXPIRE', key, ARGV[2])
    else
      keep(key, kind, limit, used[i])
    end
  end
end
return { now, granted, unpack(used) }
`);

/** The same arguments; an amount of 0 changes nothing. */
export const SETTLE = script(`${COMMON}${CLAIMS}
for i, key in ipairs(KEYS) do
  local kind, limit, amount = claim(i)
  if kind == 'concurrency' then
    redis.call('ZREM', key, ARGV[1])
  elseif amount ~= 0 then
    keep(key, kind, limit, math.max(0, usedOf(key, kind, limit) + inUnits(kind, amount)))
  end
end
return now
`);

/** The same arguments; lease and amounts are ignored. Answers what is used. */
export const USED = script(`${COMMON}${CLAIMS}
local used = {}
for i, key in ipairs(KEYS) do
  local kind, limit = claim(i)
  used[i] = usedOf(key, kind, limit)
end
return used
`);

/** Keys: sorted sets of leases. Arguments: the lease and its duration. Answers how many leases the last set has. */
export const RENEW = script(`${COMMON}
local count = 0
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
  count = usedOf(key, 'concurrency', 0)
end
return count
`);
