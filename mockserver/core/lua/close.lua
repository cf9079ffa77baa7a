-- Delete a tenant. ARGV: id
close(A[1])
