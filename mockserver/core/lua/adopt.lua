-- Take the database for a seed. Returns 1, or 0 if it is used with another seed, or the other seed if it is not used.
-- ARGV: the other seed, which no running server has
local seed = call('GET', P .. 'seed')
if seed and seed ~= SEED then
  if call('EXISTS', P .. 'counts', P .. 'tenants', P .. 'request_counts', P .. 'snapshots') > 0 then return 0 end
  if seed ~= A[1] then return seed end
end
call('SET', P .. 'seed', SEED)
return 1
