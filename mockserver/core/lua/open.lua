-- Do the same; create a tenant for a credential that is unknown. ARGV: digest, provider, id, entry
local found = lookup(A[1], A[2])
if found[1] then return found end
make(A[3])
add(A[3], {{A[1], A[4]}})
return {'known', A[4], unpack(fields_for(A[3], A[2]), 1, 8)}
