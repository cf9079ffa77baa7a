-- List tenants: id, number of logged requests, dropped requests, providers written to.
sweep()
local found = {}
for _, id in ipairs(call('ZRANGE', P .. 'tenants', 0, -1)) do
  local log = request_log(id, call('HGET', P .. 't:' .. id, 'log'))
  local each = {id, number(log.next - log.first), number(log.dropped)}
  for _, field in ipairs(call('HKEYS', P .. 't:' .. id)) do
    if field:sub(1, 2) == 's:' then each[#each + 1] = field:sub(3) end
  end
  if is_there(id) then found[#found + 1] = each end
end
return found
