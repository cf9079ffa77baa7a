-- Return what a transaction needs of a tenant. ARGV: id, provider
return fields_for(A[1], A[2])
