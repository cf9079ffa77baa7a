-- Take the database for a seed, unless servers with another seed use it.
local seed = call('GET', P .. 'seed')
local used = call('EXISTS', P .. 'counts', P .. 'tenants', P .. 'request_counts', P .. 'snapshots')
if seed and seed ~= SEED and used > 0 then return 0 end
call('SET', P .. 'seed', SEED)
return 1
