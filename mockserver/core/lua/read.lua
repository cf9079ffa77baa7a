-- Begin a request that only reads. ARGV: id, provider, birth
local key = P .. 't:' .. A[1]
if born(A[1]) ~= A[3] then return {} end
local seq = call('HINCRBY', key, 'seq', 1)
local got = call('HMGET', key, 'ids_issued', 'clock', 's:' .. A[2], 'w:' .. A[2])
return {seq, got[1], got[2], got[3], got[4]}
