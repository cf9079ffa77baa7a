-- Create a tenant of the seed unless it exists. ARGV: id
if not is_there(A[1]) then make(A[1]) end
return {call('HEXISTS', P .. 't:' .. A[1], 'faults'), born(A[1])}
