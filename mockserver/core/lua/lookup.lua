-- Return what a credential stands for. ARGV: digest
return lookup(A[1])
