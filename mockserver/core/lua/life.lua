-- Return the birth of a tenant and how often it was reset. ARGV: id
return {born(A[1]) or '', call('HGET', P .. 't:' .. A[1], 'resets') or '0'}
