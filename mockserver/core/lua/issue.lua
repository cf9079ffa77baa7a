-- Register a credential that a provider issued. ARGV: id, birth, digest, entry
local id, key = A[1], A[3]
if born(id) ~= A[2] or call('HSETNX', P .. 'creds', key, A[4]) == 0 then return end
local keys = cjson.decode(call('HGET', P .. 'keys', id) or '[]')
keys[#keys + 1] = key
call('HSET', P .. 'keys', id, cjson.encode(keys))
