-- Reset a tenant, whatever its keys are. A seed of its own that is damaged is lost; it then has the server's.
-- ARGV: id, whether to forget its own seed
local id = A[1]
local key = P .. 't:' .. id
if not call('ZSCORE', P .. 'tenants', id) then return 0 end
local kept = redis.pcall('HGETALL', key)
kept = kept.err and {} or fields_of(kept)
local born = kept.born and kept.born:match('^%d+$') or now()
local fields = {'born', born, 'v', number((tonumber(kept.v) or tonumber(now())) + 1)}
for name, value in pairs({
  resets = number((tonumber(kept.resets) or tonumber(now())) + 1), seq = '0', ids_issued = '0',
}) do
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end
if A[2] == '0' then
  for name, value in pairs(kept) do
    if name == 'start' or name == 'strict' or name:sub(1, 2) == 'w:' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  if kept.start then
    fields[#fields + 1] = 'clock'
    fields[#fields + 1] = kept.start
  end
end
local weight = call('ZSCORE', P .. 'weights', id)
if weight then add_weight({id = id, weight = tonumber(weight)}, 0 - tonumber(weight)) end
for _, kind in ipairs(KINDS) do call('UNLINK', P .. kind .. id) end
call('HSET', key, unpack(fields))
if call('ZSCORE', P .. 'open', id) then touch(id) end
return 1
