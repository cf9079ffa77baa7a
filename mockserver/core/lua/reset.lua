-- Delete everything but the seed, whatever it is.
local seed = redis.pcall('GET', P .. 'seed')
if type(seed) == 'string' and seed:match('^%x+$') and seed ~= SEED then return redis.error_reply('OTHERSEED') end
for _, key in ipairs(call('KEYS', P .. '*')) do call('UNLINK', key) end
call('SET', P .. 'seed', SEED)
