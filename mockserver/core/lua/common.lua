-- Keys, settings and functions of every script.
--
-- Keys, below the prefix `mockserver:`
--
-- t:ID             hash: a tenant. born (when it was created), v (version), resets, seq, ids_issued, clock, start, strict,
--                  faults, stubs, snapshots (their names), log (FIRST NEXT WEIGHT DROPPED: positions and weight of its request log),
--                  next (REQUEST TIME: the request that may end next, and since when),
--                  w:PROVIDER (its seed, unless the server's), s:PROVIDER (its state, as changes of the seed)
-- s:ID             hash: the snapshots of a tenant, by name
-- j:ID             list: the request log of a tenant, WEIGHT:SEQ:RECORD
-- p:ID             list: the newest problems of the requests of a tenant, SEQ:PROBLEM
-- u:ID             hash: the rate limit windows of a tenant, COUNT UNTIL by name
-- n:ID             hash: the request counts of a tenant; #FIELD is the position of FIELD
-- tenants          sorted set: ids of tenants by the time of their creation in microseconds
-- open             sorted set: ids of tenants that may be evicted, by the time of their last use in microseconds
-- creds            hash: digests of credentials, and their registrations
-- keys             hash: ids of tenants, and the digests of their credentials
-- evicted          sorted set: REASON:DIGEST of evicted credentials, by time
-- weights          sorted set: ids of tenants by the weight of their request logs
-- counts           hash: last_number, budget (the weight of all request logs), unmatched_numbers, evictions,
--                  response_violations, requests, unmatched_requests
-- request_counts   hash: the request counts of the server
-- snapshots        sorted set: names of the snapshots of all tenants, by the time of their creation
-- x:NAME           hash: ids of tenants, and what each is in a snapshot of all tenants; an empty field
-- seed             string: the digest of the seed that the servers of this database have
--
-- A script reads and checks everything before it writes: an error leaves no part of a change.
local P, at = 'mockserver:', ''
local TTL, MAX, SEED, MAX_BYTES = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local EVICTED_PER_TENANT = 10
local PATIENCE = 250000  -- in microseconds
local KINDS = {'t:', 's:', 'j:', 'u:', 'n:', 'p:'}
local A = {}
for i = 5, #ARGV do A[i - 4] = ARGV[i] end

local function call(command, key, ...)
  at = key
  return redis.call(command, key, ...)
end

local function now()
  local t = redis.call('TIME')
  return t[1] .. string.format('%06d', t[2])
end

local function number(n) return string.format('%.0f', n + 0) end

-- Raise an error: the value of a key is not what it was.
local function damaged(key, reason)
  at = P .. key
  error(reason, 0)
end

-- Return the whole number in a field of a tenant.
local function whole(id, name, text)
  return text and #text < 17 and text:match('^%d+$') and tonumber(text) or damaged('t:' .. id, name .. ' is not a number')
end

local function count(name) return call('HINCRBY', P .. 'counts', name, 1) end

local function get_number(key, field)
  return tonumber(call('HGET', P .. key, field) or '0') or damaged(key, field .. ' is not a number')
end

local function count_request(key, field)
  if call('HINCRBY', P .. key, field, 1) == 1 then
    call('HSET', P .. key, '#' .. field, call('HLEN', P .. key))
  end
end

-- Request logs

local function request_log(id, text)
  local first, next, weight, dropped = (text or '0 0 0 0'):match('^(%d+) (%d+) (%d+) (%d+)$')
  if not first then damaged('t:' .. id, 'log is not valid') end
  return {id = id, first = tonumber(first), next = tonumber(next), weight = tonumber(weight), dropped = tonumber(dropped)}
end

local function log_text(log)
  return table.concat({number(log.first), number(log.next), number(log.weight), number(log.dropped)}, ' ')
end

local function check_request_log(log)
  if call('LLEN', P .. 'j:' .. log.id) ~= log.next - log.first then damaged('j:' .. log.id, 'records are missing') end
end

-- The weight of all request logs; it is added up again if Redis has lost it.
local function budget()
  local known = call('HGET', P .. 'counts', 'budget')
  if known then return tonumber(known) or damaged('counts', 'budget is not a number') end
  local sum, weights = 0, call('ZRANGE', P .. 'weights', 0, -1, 'WITHSCORES')
  for i = 2, #weights, 2 do sum = sum + tonumber(weights[i]) end
  return sum
end

local function add_weight(log, by)
  local sum = budget()
  log.weight = log.weight + by
  if log.weight > 0 then call('ZADD', P .. 'weights', log.weight, log.id) else call('ZREM', P .. 'weights', log.id) end
  call('HSET', P .. 'counts', 'budget', number(sum + by))
end

local function clear_request_log(log)
  call('UNLINK', P .. 'j:' .. log.id)
  add_weight(log, 0 - log.weight)
  log.first, log.dropped = log.next, 0
end

local function drop_oldest(log)
  local record = call('LPOP', P .. 'j:' .. log.id)
  if not record then return clear_request_log(log) end
  add_weight(log, 0 - tonumber(record:match('^%d+')))
  log.first, log.dropped = log.first + 1, log.dropped + 1
end

-- Tenants

local function forget(id)
  local weight = call('ZSCORE', P .. 'weights', id)
  if weight then add_weight({id = id, weight = tonumber(weight)}, 0 - tonumber(weight)) end
  for _, kind in ipairs(KINDS) do call('UNLINK', P .. kind .. id) end
  call('ZREM', P .. 'tenants', id)
end

local function close(id, reason)
  for _, key in ipairs(cjson.decode(call('HGET', P .. 'keys', id) or '[]')) do
    call('HDEL', P .. 'creds', key)
    if reason then call('ZADD', P .. 'evicted', now(), reason .. ':' .. key) end
  end
  call('HDEL', P .. 'keys', id)
  call('ZREM', P .. 'open', id)
  forget(id)
  if reason then
    count('evictions')
    call('ZREMRANGEBYRANK', P .. 'evicted', 0, number(-1 - EVICTED_PER_TENANT * MAX))
  end
end

local function sweep()
  if TTL == 0 then return end
  local before = number(tonumber(now()) - TTL * 1000)
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'open', '-inf', before)) do close(id, 'ttl') end
end

local function touch(id)
  call('ZADD', P .. 'open', 'XX', now(), id)
  if TTL > 0 then
    for _, kind in ipairs(KINDS) do call('PEXPIRE', P .. kind .. id, number(TTL)) end
  elseif call('PTTL', P .. 't:' .. id) > 0 then
    for _, kind in ipairs(KINDS) do call('PERSIST', P .. kind .. id) end
  end
end

local function expire_with_tenant(id, ...)
  local left = call('PTTL', P .. 't:' .. id)
  if left < 0 then return end
  for _, kind in ipairs({...}) do call('PEXPIRE', P .. kind .. id, left) end
end

local function is_there(id) return call('EXISTS', P .. 't:' .. id) == 1 end

local function born(id) return call('HGET', P .. 't:' .. id, 'born') end

-- The fields of a tenant that a transaction needs; the first is false if there is no such tenant.
local function fields_for(id, provider)
  local key = P .. 't:' .. id
  local found = call(
    'HMGET', key, 'born', 'v', 'ids_issued', 'clock', 'faults', 's:' .. provider, 'w:' .. provider, 'strict'
  )
  if not found[1] then
    if call('EXISTS', key) == 1 then damaged('t:' .. id, 'born is missing') end
  elseif not call('ZSCORE', P .. 'tenants', id) then damaged('tenants', id .. ' is missing') end
  return found
end

-- Return by how much a hash grows with these fields.
local function growth(key, put, deleted)
  local by = 0
  for i = 1, #put, 2 do by = by + #put[i + 1] - call('HSTRLEN', key, put[i]) end
  for _, field in ipairs(deleted) do by = by - call('HSTRLEN', key, field) end
  return by
end

-- Raise an error if a tenant grows beyond its maximum. Its size is that of its fields and snapshots.
local function check_size(id, by)
  if by <= 0 then return end
  for _, key in ipairs({P .. 't:' .. id, P .. 's:' .. id}) do
    for _, field in ipairs(call('HKEYS', key)) do by = by + call('HSTRLEN', key, field) end
  end
  if by > MAX_BYTES then error({err = 'TOOLARGE'}) end
end

-- Return whether a request may end. One that comes too late is the next, and others wait for it, but not for long.
local function is_next(id, is_current, request)
  local key = P .. 't:' .. id
  local other, since = (call('HGET', key, 'next') or ''):match('^(%S+) (%d+)$')
  local waits = since and other ~= request and tonumber(now()) < tonumber(since) + PATIENCE
  if is_current and not waits then
    if other then call('HDEL', key, 'next') end
    return true
  end
  if not waits then call('HSET', key, 'next', request .. ' ' .. now()) end
  return false
end

-- Return the name of a key that a new tenant with this id would share with another.
local function taken(id)
  for _, kind in ipairs(KINDS) do
    if call('EXISTS', P .. kind .. id) == 1 then return kind .. id end
  end
  for _, index in ipairs({'tenants', 'open', 'weights'}) do
    if call('ZSCORE', P .. index, id) then return index end
  end
  if call('HEXISTS', P .. 'keys', id) == 1 then return 'keys' end
end

local function make(id)
  local key = taken(id)
  if key then damaged(key, 'a part of tenant ' .. id .. ' is missing') end
  local born = now()
  call('HSET', P .. 't:' .. id, 'born', born, 'v', born, 'seq', 0, 'ids_issued', 0)
  call('ZADD', P .. 'tenants', born, id)
  return born
end

local function add(id, entries)
  local keys = {}
  for i, each in ipairs(entries) do
    keys[i] = each[1]
    call('HSET', P .. 'creds', each[1], each[2])
    call('ZREM', P .. 'evicted', 'max:' .. each[1], 'ttl:' .. each[1], 'lost:' .. each[1])
  end
  call('HSET', P .. 'keys', id, cjson.encode(keys))
  call('ZADD', P .. 'open', now(), id)
  touch(id)
  while call('ZCARD', P .. 'open') > MAX do close(call('ZRANGE', P .. 'open', 0, 0)[1], 'max') end
end

-- Why the data of a tenant is gone although its credentials are there.
local function reason_for(id)
  local used = tonumber(call('ZSCORE', P .. 'open', id) or '0')
  if TTL > 0 and tonumber(now()) - used > TTL * 1000 - 1000000 then return 'ttl' end
  return 'lost'
end

local function check_creds()
  if call('EXISTS', P .. 'creds') == 0 and call('EXISTS', P .. 'open') == 1 then damaged('creds', 'it is missing') end
end

-- Return the registration of a credential and the fields of its tenant, or why it was evicted, or nothing.
local function lookup(key, provider)
  sweep()
  local entry = call('HGET', P .. 'creds', key)
  if entry then
    local id = cjson.decode(entry).tenant
    local found = fields_for(id, provider)
    if found[1] then
      touch(id)
      return {'known', entry, unpack(found, 1, 8)}
    end
    close(id, reason_for(id))
    call('HDEL', P .. 'creds', key)
  end
  for _, reason in ipairs({'max', 'ttl', 'lost'}) do
    if call('ZSCORE', P .. 'evicted', reason .. ':' .. key) then
      count('requests')
      return {reason}
    end
  end
  check_creds()
  return {}
end

-- Fields that a snapshot does not have.
local OWN = {born = true, resets = true, v = true, seq = true, log = true, next = true, snapshots = true}

local function fields_of(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end
