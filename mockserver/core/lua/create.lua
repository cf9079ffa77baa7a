-- Create a tenant; returns its birth, or false if the number, the id or a credential is taken.
-- ARGV: last number, number, id, credentials, fields
sweep()
check_creds()
local last, number, id, entries, fields = A[1], A[2], A[3], cjson.decode(A[4]), cjson.decode(A[5])
if (call('HGET', P .. 'counts', 'last_number') or '0') ~= last then return false end
for _, each in ipairs(entries) do
  if call('HEXISTS', P .. 'creds', each[1]) == 1 then return false end
end
if taken(id) then return false end
check_size(id, growth(P .. 't:' .. id, fields, {}))
call('HSET', P .. 'counts', 'last_number', number)
make(id)
call('HSET', P .. 't:' .. id, unpack(fields))
add(id, entries)
return born(id)
