-- Return the request log of a tenant: how many requests it has dropped, then its records. ARGV: id, birth
if born(A[1]) ~= A[2] then return {} end
local log = request_log(A[1], call('HGET', P .. 't:' .. A[1], 'log'))
check_request_log(log)
local found = call('LRANGE', P .. 'j:' .. A[1], 0, -1)
table.insert(found, 1, number(log.dropped))
return found
