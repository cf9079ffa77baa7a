-- Change the fields of a tenant. Returns its new version, 0 if it has changed, -1 if it is gone.
-- ARGV: id, birth, version, edit, request
local id, edit = A[1], cjson.decode(A[4])
local key = P .. 't:' .. id
local found = call('HMGET', key, 'born', 'v')
if found[1] ~= A[2] then return -1 end
if not is_next(id, found[2] == A[3], A[5]) then return 0 end
local version = whole(id, 'v', found[2])
check_size(id, growth(key, edit.put, edit.deleted) + growth(P .. 's:' .. id, edit.saved, edit.unsaved))
if #edit.put > 0 then call('HSET', key, unpack(edit.put)) end
if #edit.deleted > 0 then call('HDEL', key, unpack(edit.deleted)) end
if #edit.saved > 0 then call('HSET', P .. 's:' .. id, unpack(edit.saved)) end
if #edit.unsaved > 0 then call('HDEL', P .. 's:' .. id, unpack(edit.unsaved)) end
expire_with_tenant(id, 's:')
call('HSET', key, 'v', number(version + 1))
return number(version + 1)
