-- Reset a tenant. ARGV: id
local id = A[1]
local key = P .. 't:' .. id
if not is_there(id) then return 0 end
for _, field in ipairs(call('HKEYS', key)) do
  if field:sub(1, 2) == 's:' then call('HDEL', key, field) end
end
call('HDEL', key, 'faults', 'snapshots', 'clock')
local start = call('HGET', key, 'start')
if start then call('HSET', key, 'clock', start) end
call('HSET', key, 'seq', 0, 'ids_issued', 0)
call('HINCRBY', key, 'v', 1)
call('HINCRBY', key, 'resets', 1)
clear_request_log(request_log(id))
call('HDEL', P .. 'request_logs', id)
call('UNLINK', P .. 's:' .. id, P .. 'u:' .. id, P .. 'n:' .. id)
return 1
