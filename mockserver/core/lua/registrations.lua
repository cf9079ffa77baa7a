-- Return the entries of the credentials of a tenant. ARGV: id
local found = {}
for i, key in ipairs(cjson.decode(call('HGET', P .. 'keys', A[1]) or '[]')) do
  found[i] = call('HGET', P .. 'creds', key)
end
return found
