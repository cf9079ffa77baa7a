-- Refuse to work on a database of another seed.
local seed = call('GET', P .. 'seed')
if not seed then call('SET', P .. 'seed', SEED)  -- somebody emptied the database
elseif seed ~= SEED then return redis.error_reply('OTHERSEED') end
