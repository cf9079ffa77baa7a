-- Return an error if the database is of another seed.
local seed = call('GET', P .. 'seed')
if not seed then call('SET', P .. 'seed', SEED)  -- the database was emptied
elseif not seed:match('^%x+$') then damaged('seed', 'it is not a digest')
elseif seed ~= SEED then return redis.error_reply('OTHERSEED') end
