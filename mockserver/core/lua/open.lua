-- Do the same; create a tenant for a credential that is unknown.
-- ARGV: digest, provider, id, entry, and a field with its value for a seed of its own
local found = lookup(A[1], A[2])
if found[1] then return found end
make(A[3])
if A[5] then call('HSET', P .. 't:' .. A[3], A[5], A[6]) end
add(A[3], {{A[1], A[4]}})
return {'known', A[4], unpack(fields_for(A[3], A[2]), 1, 8)}
