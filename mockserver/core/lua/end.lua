-- End a request that may write. ARGV: id, version, fields and values
local key = P .. 't:' .. A[1]
local v = call('HGET', key, 'v')
if not v then return -1 end
if v ~= A[2] then return 0 end
if A[3] then
  call('HSET', key, A[3], A[4], A[5], A[6])
  call('HINCRBY', key, 'v', 1)
end
return call('HINCRBY', key, 'seq', 1)
