-- Take a snapshot of all tenants. ARGV: name, maximum
sweep()
local name, at_most = A[1], tonumber(A[2])
local known = call('ZSCORE', P .. 'snapshots', name)
if not known and call('ZCARD', P .. 'snapshots') >= at_most then return 0 end
local key = P .. 'x:' .. name
call('UNLINK', key)
call('HSET', key, '', '')
local tenants = call('ZRANGE', P .. 'tenants', 0, -1, 'WITHSCORES')
for i = 1, #tenants, 2 do
  local id, fields, entries = tenants[i], {}, {}
  for field, value in pairs(fields_of(call('HGETALL', P .. 't:' .. id))) do
    if not OWN[field] then
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
  end
  for n, each in ipairs(cjson.decode(call('HGET', P .. 'keys', id) or '[]')) do
    entries[n] = {each, call('HGET', P .. 'creds', each)}
  end
  local used = call('ZSCORE', P .. 'open', id)
  if is_there(id) then
    call('HSET', key, id, cjson.encode({fields = fields, order = tenants[i + 1], entries = entries, used = used}))
  end
end
if not known then call('ZADD', P .. 'snapshots', now(), name) end
return 1
