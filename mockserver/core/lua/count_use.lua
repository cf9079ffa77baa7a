-- Count a request of a credential to an operation in a rate limit window. ARGV: id, birth, name, window, time
local id, name, window, time = A[1], A[3], tonumber(A[4]), tonumber(A[5])
if born(id) ~= A[2] then return {} end
local clock = cjson.decode(call('HGET', P .. 't:' .. id, 'clock') or '[0, null]')
if clock[2] == cjson.null then time = time + clock[1] else time = clock[2] end
local last = (math.floor(time / window) + 1) * window
local found = call('HGET', P .. 'u:' .. id, name) or '0 0'
local used, known = found:match('(%d+) (-?%d+)')
if known ~= number(last) then used = 0 end
call('HSET', P .. 'u:' .. id, name, number(used + 1) .. ' ' .. number(last))
expire_with_tenant(id, 'u:')
return {number(used + 1), number(last)}
