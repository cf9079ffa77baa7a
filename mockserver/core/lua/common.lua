-- Keys, settings and functions of every script.
--
-- Keys, below the prefix `mockserver:`
--
-- t:ID             hash: a tenant. born (when it was created), v (version), resets, seq, ids_issued, clock, start, faults,
--                  snapshots (their names), s:PROVIDER (its state), w:PROVIDER (its initial state, unless the server's)
-- s:ID             hash: the snapshots of a tenant, by name
-- j:ID             list: the request log of a tenant, WEIGHT:RECORD
-- u:ID             hash: the rate limit windows of a tenant, COUNT UNTIL by name
-- n:ID             hash: the request counts of a tenant; #FIELD is the position of FIELD
-- tenants          sorted set: ids of tenants in order of creation
-- open             sorted set: ids of tenants that may be evicted, by the time of their last use in microseconds
-- creds            hash: digests of credentials, and their registrations
-- keys             hash: ids of tenants, and the digests of their credentials
-- evicted          sorted set: REASON:DIGEST of evicted credentials, by time
-- request_logs     hash: ids of tenants, and FIRST NEXT WEIGHT DROPPED (positions and weight of their records)
-- weights          sorted set: ids of tenants by the weight of their request logs
-- counts           hash: last_number, order, budget, unmatched_numbers, evictions, response_violations,
--                  requests, unmatched_requests
-- request_counts   hash: the request counts of the server
-- snapshots        sorted set: names of the snapshots of all tenants, in order of creation
-- x:NAME           hash: ids of tenants, and what each is in a snapshot of all tenants
-- seed             string: the digest of the seed that the servers of this database have
local P, call = 'mockserver:', redis.call
local TTL, MAX, SEED = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local EVICTED_PER_TENANT = 10
local A = {}
for i = 4, #ARGV do A[i - 3] = ARGV[i] end

local function now()
  local t = call('TIME')
  return t[1] .. string.format('%06d', t[2])
end

local function number(n) return string.format('%.0f', n + 0) end

local function count(name, by) return call('HINCRBY', P .. 'counts', name, by or 1) end

local function count_request(key, field)
  if call('HINCRBY', P .. key, field, 1) == 1 then
    call('HSET', P .. key, '#' .. field, call('HLEN', P .. key))
  end
end

-- Request logs

local function request_log(id)
  local text = call('HGET', P .. 'request_logs', id) or '0 0 0 0'
  local first, next, weight, dropped = text:match('(%d+) (%d+) (%d+) (%d+)')
  first, next, weight, dropped = tonumber(first), tonumber(next), tonumber(weight), tonumber(dropped)
  return {id = id, first = first, next = next, weight = weight, dropped = dropped}
end

local function put_request_log(j)
  local text = table.concat({number(j.first), number(j.next), number(j.weight), number(j.dropped)}, ' ')
  call('HSET', P .. 'request_logs', j.id, text)
end

local function add_weight(log, by)
  log.weight = log.weight + by
  if log.weight > 0 then call('ZADD', P .. 'weights', log.weight, log.id) else call('ZREM', P .. 'weights', log.id) end
  count('budget', number(by))
end

local function clear_request_log(log)
  call('UNLINK', P .. 'j:' .. log.id)
  add_weight(log, 0 - log.weight)
  log.first, log.dropped = log.next, 0
end

local function drop_oldest(log)
  local record = call('LPOP', P .. 'j:' .. log.id)
  if not record then return clear_request_log(log) end  -- it expired
  add_weight(log, 0 - tonumber(record:match('^%d+')))
  log.first, log.dropped = log.first + 1, log.dropped + 1
end

-- Tenants

local function forget(id)
  clear_request_log(request_log(id))
  call('HDEL', P .. 'request_logs', id)
  for _, kind in ipairs({'t:', 's:', 'u:', 'n:'}) do call('UNLINK', P .. kind .. id) end
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
    call('ZREMRANGEBYRANK', P .. 'evicted', 0, -1 - EVICTED_PER_TENANT * MAX)
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
    for _, kind in ipairs({'t:', 's:', 'j:', 'u:', 'n:'}) do call('PEXPIRE', P .. kind .. id, TTL) end
  elseif call('PTTL', P .. 't:' .. id) > 0 then
    for _, kind in ipairs({'t:', 's:', 'j:', 'u:', 'n:'}) do call('PERSIST', P .. kind .. id) end
  end
end

local function expire_with_tenant(id, kind)
  local left = call('PTTL', P .. 't:' .. id)
  if left > 0 then call('PEXPIRE', P .. kind .. id, left) end
end

local function is_there(id) return call('EXISTS', P .. 't:' .. id) == 1 end

local function born(id) return call('HGET', P .. 't:' .. id, 'born') end

local function make(id)
  local born = now()
  call('HSET', P .. 't:' .. id, 'born', born, 'v', born, 'seq', 0, 'ids_issued', 0)
  call('ZADD', P .. 'tenants', count('order'), id)
  return born
end

local function add(id, entries)
  local keys = {}
  for i, each in ipairs(entries) do
    keys[i] = each[1]
    call('HSET', P .. 'creds', each[1], each[2])
    call('ZREM', P .. 'evicted', 'max:' .. each[1], 'ttl:' .. each[1])
  end
  call('HSET', P .. 'keys', id, cjson.encode(keys))
  call('ZADD', P .. 'open', now(), id)
  touch(id)
  while call('ZCARD', P .. 'open') > MAX do close(call('ZRANGE', P .. 'open', 0, 0)[1], 'max') end
end

local function lookup(key)
  sweep()
  local entry = call('HGET', P .. 'creds', key)
  if entry then
    local id = cjson.decode(entry).tenant
    if is_there(id) then
      touch(id)
      return {'known', entry, call('HEXISTS', P .. 't:' .. id, 'faults'), born(id)}
    end
    close(id, 'ttl')  -- it expired on a server with a shorter --tenant-ttl
  end
  for _, reason in ipairs({'max', 'ttl'}) do
    if call('ZSCORE', P .. 'evicted', reason .. ':' .. key) then
      count('requests')
      return {reason}
    end
  end
  return {}
end

local OWN = {born = true, resets = true, v = true, seq = true, snapshots = true}  -- not restored from a snapshot

local function fields_of(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end
