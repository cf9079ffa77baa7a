-- Count something. ARGV: name
return count(A[1])
