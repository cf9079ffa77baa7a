-- Return the fields of a tenant of the seed; create it unless it exists. ARGV: id, provider
local found = fields_for(A[1], A[2])
if found[1] then return found end
make(A[1])
return fields_for(A[1], A[2])
