"""What Redis is to do at once: one Lua script for each thing, over the keys of this server."""

from __future__ import annotations

from collections.abc import Mapping

BEGIN = r"""
-- t:ID      a tenant: born when it was made, v its version, resets how many, seq, drawn, clock, start, faults,
--           snapshots their names, s:PROVIDER its own state, w:PROVIDER what it starts with, if that is not the
--           server's world
-- s:ID      its snapshots, by name
-- j:ID      its journal, of WEIGHT:RECORD
-- u:ID      how often it asked for what, COUNT UNTIL by name
-- n:ID      its tally, and #FIELD the order of it
-- tenants   ids by the order in which they were made
-- open      ids of those that can be closed, by when they were last used, in microseconds
-- creds     digests of credentials to what they stand for
-- keys      ids to their digests
-- evicted   REASON:DIGEST by when it was closed
-- journals  ids to FIRST NEXT WEIGHT DROPPED, numbers of records
-- room      NUMBER:ID of every record of every journal, by the order in which they were added
-- counts    made, order, room, strangers, evictions, misfits, requests, foreign
-- tally     that of the server
-- snapshots names of those of all tenants, by the order in which they were made
-- x:NAME    ids to what a tenant is in it
local P, call = 'mockserver:', redis.call
local TTL, MAX, WORLD = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local EVICTED_PER_TENANT = 10
local A = {}
for i = 4, #ARGV do A[i - 3] = ARGV[i] end

local function now()
  local t = call('TIME')
  return t[1] .. string.format('%06d', t[2])
end

local function number(n) return string.format('%.0f', n + 0) end

local function count(name, by) return call('HINCRBY', P .. 'counts', name, by or 1) end

local function tally(key, field)
  if call('HINCRBY', P .. key, field, 1) == 1 then
    call('HSET', P .. key, '#' .. field, call('HLEN', P .. key))
  end
end

-- Journals

local function journal(id)
  local text = call('HGET', P .. 'journals', id) or '0 0 0 0'
  local first, next, weight, dropped = text:match('(%d+) (%d+) (%d+) (%d+)')
  first, next, weight, dropped = tonumber(first), tonumber(next), tonumber(weight), tonumber(dropped)
  return {id = id, first = first, next = next, weight = weight, dropped = dropped}
end

local function put_journal(j)
  local text = table.concat({number(j.first), number(j.next), number(j.weight), number(j.dropped)}, ' ')
  call('HSET', P .. 'journals', j.id, text)
end

local function clear_journal(j)
  for n = j.first, j.next - 1 do call('ZREM', P .. 'room', number(n) .. ':' .. j.id) end
  call('UNLINK', P .. 'j:' .. j.id)
  count('room', number(0 - j.weight))
  j.first, j.weight, j.dropped = j.next, 0, 0
end

local function drop_oldest(j)
  local record = call('LPOP', P .. 'j:' .. j.id)
  if not record then return clear_journal(j) end  -- it expired
  local weight = tonumber(record:match('^%d+'))
  call('ZREM', P .. 'room', number(j.first) .. ':' .. j.id)
  count('room', number(0 - weight))
  j.first, j.weight, j.dropped = j.first + 1, j.weight - weight, j.dropped + 1
end

-- Tenants

local function forget(id)
  clear_journal(journal(id))
  call('HDEL', P .. 'journals', id)
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
  call('HSET', P .. 't:' .. id, 'born', born, 'v', born, 'seq', 0, 'drawn', 0)
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

local function recall(key)
  sweep()
  local entry = call('HGET', P .. 'creds', key)
  if entry then
    local id = cjson.decode(entry).tenant
    if is_there(id) then
      touch(id)
      return {'known', entry, call('HEXISTS', P .. 't:' .. id, 'faults'), born(id)}
    end
    close(id, 'ttl')  -- it expired under a server with a shorter time
  end
  for _, reason in ipairs({'max', 'ttl'}) do
    if call('ZSCORE', P .. 'evicted', reason .. ':' .. key) then
      count('requests')
      return {reason}
    end
  end
  return {}
end

local OWN = {born = true, resets = true, v = true, seq = true, snapshots = true}  -- what a snapshot does not bring back

local function fields_of(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end
"""

ADOPT = r"""
local world = call('GET', P .. 'world')
local used = call('EXISTS', P .. 'counts', P .. 'tenants', P .. 'tally', P .. 'snapshots')
if world and world ~= WORLD and used > 0 then return 0 end
call('SET', P .. 'world', WORLD)
return 1
"""

SAME_WORLD = r"""
local world = call('GET', P .. 'world')
if not world then call('SET', P .. 'world', WORLD)  -- somebody emptied the database
elseif world ~= WORLD then return redis.error_reply('OTHERWORLD') end
"""

BODIES = {
    "ping": "return 1",
    # Tenants
    "overview": r"""
sweep()
local found = {}
for _, id in ipairs(call('ZRANGE', P .. 'tenants', 0, -1)) do
  local each = {id, call('LLEN', P .. 'j:' .. id), number(journal(id).dropped)}
  for _, field in ipairs(call('HKEYS', P .. 't:' .. id)) do
    if field:sub(1, 2) == 's:' then each[#each + 1] = field:sub(3) end
  end
  if is_there(id) then found[#found + 1] = each end
end
return found
""",
    "get": r"""
sweep()
if call('ZSCORE', P .. 'open', A[1]) and is_there(A[1]) then touch(A[1]) end
return born(A[1])
""",
    "seed": r"""
if not is_there(A[1]) then make(A[1]) end
return {call('HEXISTS', P .. 't:' .. A[1], 'faults'), born(A[1])}
""",
    "life": "return {born(A[1]) or '', call('HGET', P .. 't:' .. A[1], 'resets') or '0'}",
    "made": "return call('HGET', P .. 'counts', 'made') or '0'",
    "create": r"""
sweep()
local last, made, id, entries, fields = A[1], A[2], A[3], cjson.decode(A[4]), cjson.decode(A[5])
if (call('HGET', P .. 'counts', 'made') or '0') ~= last then return false end
for _, each in ipairs(entries) do
  if call('HEXISTS', P .. 'creds', each[1]) == 1 then return false end
end
call('HSET', P .. 'counts', 'made', made)
make(id)
call('HSET', P .. 't:' .. id, unpack(fields))
add(id, entries)
return born(id)
""",
    "close": "close(A[1])",
    # Credentials
    "recall": "return recall(A[1])",
    "open": r"""
local found = recall(A[1])
if found[1] then return found end
make(A[2])
add(A[2], {{A[1], A[3]}})
return {'known', A[3], 0, born(A[2])}
""",
    "issue": r"""
local id, key = A[1], A[3]
if born(id) ~= A[2] or call('HSETNX', P .. 'creds', key, A[4]) == 0 then return end
local keys = cjson.decode(call('HGET', P .. 'keys', id) or '[]')
keys[#keys + 1] = key
call('HSET', P .. 'keys', id, cjson.encode(keys))
""",
    "find": r"""
sweep()
return call('HGET', P .. 'creds', A[1])
""",
    "registrations": r"""
local found = {}
for i, key in ipairs(cjson.decode(call('HGET', P .. 'keys', A[1]) or '[]')) do
  found[i] = call('HGET', P .. 'creds', key)
end
return found
""",
    # A request
    "read": r"""
local key = P .. 't:' .. A[1]
if born(A[1]) ~= A[3] then return {} end
local seq = call('HINCRBY', key, 'seq', 1)
local got = call('HMGET', key, 'drawn', 'clock', 's:' .. A[2], 'w:' .. A[2])
return {seq, got[1], got[2], got[3], got[4]}
""",
    "use": r"""
local id, name, window, time = A[1], A[3], tonumber(A[4]), tonumber(A[5])
if born(id) ~= A[2] then return {} end
local clock = cjson.decode(call('HGET', P .. 't:' .. id, 'clock') or '[0, null]')
if clock[2] == cjson.null then time = time + clock[1] else time = clock[2] end
local last = (math.floor(time / window) + 1) * window
local found = call('HGET', P .. 'u:' .. id, name) or '0 0'
local used, known = found:match('(%d+) (-?%d+)')
if known ~= number(last) then used = 0 end
call('HSET', P .. 'u:' .. id, name, number(used + 1) .. ' ' .. number(last))
expire_with_tenant(id, 'u:')
return {number(used + 1), number(last)}
""",
    "end": r"""
local key = P .. 't:' .. A[1]
local v = call('HGET', key, 'v')
if not v then return -1 end
if v ~= A[2] then return 0 end
if A[3] then
  call('HSET', key, A[3], A[4], A[5], A[6])
  call('HINCRBY', key, 'v', 1)
end
return call('HINCRBY', key, 'seq', 1)
""",
    "change": r"""
local id, edit = A[1], cjson.decode(A[3])
local key = P .. 't:' .. id
local v = call('HGET', key, 'v')
if not v then return -1 end
if v ~= A[2] then return 0 end
if #edit.put > 0 then call('HSET', key, unpack(edit.put)) end
if #edit.gone > 0 then call('HDEL', key, unpack(edit.gone)) end
if #edit.saved > 0 then call('HSET', P .. 's:' .. id, unpack(edit.saved)) end
if #edit.unsaved > 0 then call('HDEL', P .. 's:' .. id, unpack(edit.unsaved)) end
expire_with_tenant(id, 's:')
call('HINCRBY', key, 'v', 1)
return 1
""",
    "reset_tenant": r"""
local id = A[1]
local key = P .. 't:' .. id
if not is_there(id) then return 0 end
for _, field in ipairs(call('HKEYS', key)) do
  if field:sub(1, 2) == 's:' then call('HDEL', key, field) end
end
call('HDEL', key, 'faults', 'snapshots', 'clock')
local start = call('HGET', key, 'start')
if start then call('HSET', key, 'clock', start) end
call('HSET', key, 'seq', 0, 'drawn', 0)
call('HINCRBY', key, 'v', 1)
call('HINCRBY', key, 'resets', 1)
clear_journal(journal(id))
call('HDEL', P .. 'journals', id)
call('UNLINK', P .. 's:' .. id, P .. 'u:' .. id, P .. 'n:' .. id)
return 1
""",
    # Counts
    "keep": r"""
local id, size, room, weight, record, field = A[1], tonumber(A[2]), tonumber(A[3]), tonumber(A[4]), A[5], A[6]
count('requests')
if A[8] == '1' then count('foreign') end
tally('tally', field)
if born(id) ~= A[7] then return end
tally('n:' .. id, field)
local j = journal(id)
call('RPUSH', P .. 'j:' .. id, number(weight) .. ':' .. record)
call('ZADD', P .. 'room', count('order'), number(j.next) .. ':' .. id)
j.next, j.weight = j.next + 1, j.weight + weight
local used = count('room', number(weight))
while j.next - j.first > size do drop_oldest(j) end
used = tonumber(call('HGET', P .. 'counts', 'room'))
while used > room and call('ZCARD', P .. 'room') > 1 do
  local oldest = call('ZRANGE', P .. 'room', 0, 0)[1]
  local other = oldest:match('^%d+:(.*)$')
  if other == id then
    drop_oldest(j)
  else
    local theirs = journal(other)
    drop_oldest(theirs)
    put_journal(theirs)
  end
  call('ZREM', P .. 'room', oldest)
  used = tonumber(call('HGET', P .. 'counts', 'room'))
end
put_journal(j)
expire_with_tenant(id, 'j:')
expire_with_tenant(id, 'n:')
""",
    "keep_stranger": r"""
count('requests')
count('foreign')
tally('tally', A[1])
return count('strangers')
""",
    "count": "return count(A[1])",
    "dropped": "return number(journal(A[1]).dropped)",
    "clear": r"""
local j = journal(A[1])
clear_journal(j)
put_journal(j)
""",
    # Everything
    "save": r"""
sweep()
local name, at_most = A[1], tonumber(A[2])
local known = call('ZSCORE', P .. 'snapshots', name)
if not known and call('ZCARD', P .. 'snapshots') >= at_most then return 0 end
local key = P .. 'x:' .. name
call('UNLINK', key)
local tenants = call('ZRANGE', P .. 'tenants', 0, -1, 'WITHSCORES')
for i = 1, #tenants, 2 do
  local id, kept, entries = tenants[i], {}, {}
  for field, value in pairs(fields_of(call('HGETALL', P .. 't:' .. id))) do
    if not OWN[field] then
      kept[#kept + 1] = field
      kept[#kept + 1] = value
    end
  end
  for n, each in ipairs(cjson.decode(call('HGET', P .. 'keys', id) or '[]')) do
    entries[n] = {each, call('HGET', P .. 'creds', each)}
  end
  local used = call('ZSCORE', P .. 'open', id)
  if is_there(id) then
    call('HSET', key, id, cjson.encode({fields = kept, order = tenants[i + 1], entries = entries, used = used}))
  end
end
if not known then call('ZADD', P .. 'snapshots', count('order'), name) end
return 1
""",
    "restore": r"""
local name = A[1]
if not call('ZSCORE', P .. 'snapshots', name) then return 0 end
local snapshot, open = {}, {}
for id, text in pairs(fields_of(call('HGETALL', P .. 'x:' .. name))) do
  snapshot[id] = cjson.decode(text)
  if snapshot[id].used then open[#open + 1] = id end
end
for _, id in ipairs(call('ZRANGE', P .. 'tenants', 0, -1)) do
  if not snapshot[id] then forget(id) end
end
call('UNLINK', P .. 'creds', P .. 'keys', P .. 'open', P .. 'tenants')
for id, each in pairs(snapshot) do
  local key = P .. 't:' .. id
  if not is_there(id) then
    forget(id)
    call('HSET', key, 'born', now(), 'v', now(), 'seq', 0)
  end
  for _, field in ipairs(call('HKEYS', key)) do
    if not OWN[field] then call('HDEL', key, field) end
  end
  if #each.fields > 0 then call('HSET', key, unpack(each.fields)) end
  call('HINCRBY', key, 'v', 1)
  call('ZADD', P .. 'tenants', each.order, id)
  local keys = {}
  for n, entry in ipairs(each.entries) do
    keys[n] = entry[1]
    call('HSET', P .. 'creds', entry[1], entry[2])
  end
  if #keys > 0 then call('HSET', P .. 'keys', id, cjson.encode(keys)) end
end
table.sort(open, function(one, two) return tonumber(snapshot[one].used) < tonumber(snapshot[two].used) end)
for n, id in ipairs(open) do
  touch(id)
  call('ZADD', P .. 'open', number(tonumber(now()) - #open + n), id)
end
return 1
""",
    "reset": r"""
for _, id in ipairs(call('ZRANGE', P .. 'tenants', 0, -1)) do
  for _, kind in ipairs({'t:', 's:', 'j:', 'u:', 'n:'}) do call('UNLINK', P .. kind .. id) end
end
for _, name in ipairs(call('ZRANGE', P .. 'snapshots', 0, -1)) do call('UNLINK', P .. 'x:' .. name) end
local all = {'tenants', 'open', 'creds', 'keys', 'evicted', 'journals', 'room', 'counts', 'tally', 'snapshots'}
for _, key in ipairs(all) do call('UNLINK', P .. key) end
""",
}

SCRIPTS: Mapping[str, str] = {"adopt": BEGIN + ADOPT} | {
    name: BEGIN + SAME_WORLD + body for name, body in BODIES.items()
}
