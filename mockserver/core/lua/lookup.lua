-- Return the registration of a credential and the fields of its tenant. ARGV: digest, provider
return lookup(A[1], A[2])
