-- Count a request that belongs to no tenant, put it into the log of such requests, and return its number.
-- ARGV: counter, or '' for a request to no provider; record; maximum number of records
call('LLEN', P .. 'unmatched')
count('requests')
count('unmatched_requests')
if A[1] ~= '' then count_request('request_counts', A[1]) end
local number = count('unmatched_numbers')
call('RPUSH', P .. 'unmatched', number .. ':' .. A[2])
call('LTRIM', P .. 'unmatched', 0 - tonumber(A[3]), -1)
return number
