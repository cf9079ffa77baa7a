-- Change the fields of a tenant. ARGV: id, version, edit
local id, edit = A[1], cjson.decode(A[3])
local key = P .. 't:' .. id
local v = call('HGET', key, 'v')
if not v then return -1 end
if v ~= A[2] then return 0 end
if #edit.put > 0 then call('HSET', key, unpack(edit.put)) end
if #edit.deleted > 0 then call('HDEL', key, unpack(edit.deleted)) end
if #edit.saved > 0 then call('HSET', P .. 's:' .. id, unpack(edit.saved)) end
if #edit.unsaved > 0 then call('HDEL', P .. 's:' .. id, unpack(edit.unsaved)) end
expire_with_tenant(id, 's:')
call('HINCRBY', key, 'v', 1)
return 1
