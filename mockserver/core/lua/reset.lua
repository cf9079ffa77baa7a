-- Delete everything.
for _, id in ipairs(call('ZRANGE', P .. 'tenants', 0, -1)) do
  for _, kind in ipairs({'t:', 's:', 'j:', 'u:', 'n:'}) do call('UNLINK', P .. kind .. id) end
end
for _, name in ipairs(call('ZRANGE', P .. 'snapshots', 0, -1)) do call('UNLINK', P .. 'x:' .. name) end
local all = {'tenants', 'open', 'creds', 'keys', 'evicted', 'request_logs', 'weights', 'counts', 'request_counts', 'snapshots'}
for _, key in ipairs(all) do call('UNLINK', P .. key) end
