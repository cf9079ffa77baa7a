-- Return the registration of a credential. ARGV: digest
return lookup(A[1])
