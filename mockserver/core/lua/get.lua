-- Return the birth of a tenant, if it exists. ARGV: id
sweep()
if call('ZSCORE', P .. 'open', A[1]) and is_there(A[1]) then touch(A[1]) end
return born(A[1])
