-- Restore a snapshot of all tenants. ARGV: name
local name = A[1]
if not call('ZSCORE', P .. 'snapshots', name) then return 0 end
local snapshot, open = {}, {}
local fields = fields_of(call('HGETALL', P .. 'x:' .. name))
if not fields[''] then damaged('x:' .. name, 'it is missing') end
fields[''] = nil
for id, text in pairs(fields) do
  snapshot[id] = cjson.decode(text)
  if snapshot[id].used then open[#open + 1] = id end
end
for _, id in ipairs(call('ZRANGE', P .. 'tenants', 0, -1)) do
  if not snapshot[id] then forget(id) end
end
call('UNLINK', P .. 'creds', P .. 'keys', P .. 'open', P .. 'tenants')
for id, each in pairs(snapshot) do
  local key = P .. 't:' .. id
  if call('TYPE', key).ok ~= 'hash' then
    forget(id)
    call('HSET', key, 'born', now(), 'v', now(), 'seq', 0)
  end
  for _, field in ipairs(call('HKEYS', key)) do
    if not OWN[field] then call('HDEL', key, field) end
  end
  if #each.fields > 0 then call('HSET', key, unpack(each.fields)) end
  call('HSET', key, 'v', now())  -- later than any version so far
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
