-- Return the registration of a credential; create a tenant for it if it is unknown. ARGV: digest, id, entry
local found = lookup(A[1])
if found[1] then return found end
make(A[2])
add(A[2], {{A[1], A[3]}})
return {'known', A[3], 0, born(A[2])}
