-- Count a request that belongs to no tenant, and return its number. ARGV: counter
count('requests')
count('unmatched_requests')
count_request('request_counts', A[1])
return count('unmatched_numbers')
