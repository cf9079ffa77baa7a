-- Return the birth of a tenant, if it exists; an empty one if its data is damaged. ARGV: id
local id = A[1]
sweep()
if not call('ZSCORE', P .. 'tenants', id) then
  if is_there(id) then damaged('tenants', id .. ' is missing') end
  return false
end
if call('ZSCORE', P .. 'open', id) then touch(id) end
local birth = redis.pcall('HGET', P .. 't:' .. id, 'born')
return type(birth) == 'string' and birth or ''
