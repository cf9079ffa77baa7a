-- End a request: store its changes, count it, put it into the request log of its tenant. Beyond the budget of all
-- request logs, the largest lose their oldest records. Returns its number and its rate limit window; or the present
-- fields of the tenant, if they have changed; or nothing, if the tenant is gone.
-- ARGV: id, birth, version, provider, state or '', ids_issued, weight, record, counter, unmatched, size, budget,
--       rate limit or '', window, time, request, problem or '', maximum number of
--       problems, then digests and entries of issued credentials
local id, provider, weight, field, rate = A[1], A[4], tonumber(A[7]), A[9], A[13]
local key = P .. 't:' .. id
local found = call('HMGET', key, 'born', 'v', 'seq', 'log', 'clock')
if found[1] ~= A[2] then return {} end
if not is_next(id, found[2] == A[3], A[16]) then return {0, unpack(fields_for(id, provider), 1, 8)} end
local seq = whole(id, 'seq', found[3])
local version = whole(id, 'v', found[2])
local log = request_log(id, found[4])
check_request_log(log)
for _, counts in ipairs({'n:' .. id, 'request_counts'}) do get_number(counts, field) end
for _, name in ipairs({'requests', 'unmatched_requests'}) do get_number('counts', name) end
budget()
call('ZCARD', P .. 'weights')
local used, last
if rate ~= '' then
  local clock, time, window = cjson.decode(found[5] or '[0, null]'), tonumber(A[15]), tonumber(A[14])
  time = clock[2] == cjson.null and time + clock[1] or clock[2]
  last = number((math.floor(time / window) + 1) * window)
  used = call('HGET', P .. 'u:' .. id, rate) or '0 0'
  local times, known = used:match('^(%d+) (-?%d+)$')
  if not times then damaged('u:' .. id, 'it is not valid') end
  used = number((known == last and tonumber(times) or 0) + 1)
end
if A[5] ~= '' then check_size(id, growth(key, {'s:' .. provider, A[5]}, {})) end
if A[17] ~= '' then call('LLEN', P .. 'p:' .. id) end
local keys = {}
if A[19] then
  keys = cjson.decode(call('HGET', P .. 'keys', id) or '[]')
  call('HLEN', P .. 'creds')
end

for i = 19, #A, 2 do
  if call('HSETNX', P .. 'creds', A[i], A[i + 1]) == 1 then keys[#keys + 1] = A[i] end
end
if A[19] then call('HSET', P .. 'keys', id, cjson.encode(keys)) end
if A[5] ~= '' then call('HSET', key, 's:' .. provider, A[5], 'ids_issued', A[6], 'v', number(version + 1)) end
if used then call('HSET', P .. 'u:' .. id, rate, used .. ' ' .. last) end
count('requests')
if A[10] == '1' then count('unmatched_requests') end
count_request('request_counts', field)
count_request('n:' .. id, field)
seq = number(seq + 1)
call('RPUSH', P .. 'j:' .. id, number(weight) .. ':' .. seq .. ':' .. A[8])
log.next = log.next + 1
add_weight(log, weight)
local size, most = tonumber(A[11]), tonumber(A[12])
local goal = most
if budget() > most then goal = most - math.floor(most / 16) end
local skip = 0
while budget() > goal do
  local largest = call('ZREVRANGE', P .. 'weights', skip, skip)[1]
  if not largest then break end
  if largest == id then
    if log.next - log.first > 1 then drop_oldest(log) else skip = skip + 1 end
  else
    local text = call('HGET', P .. 't:' .. largest, 'log')
    if text then
      local other = request_log(largest, text)
      drop_oldest(other)
      call('HSET', P .. 't:' .. largest, 'log', log_text(other))
    else
      local lost = tonumber(call('ZSCORE', P .. 'weights', largest))
      add_weight({id = largest, weight = lost}, 0 - lost)  -- it expired
    end
  end
end
while log.next - log.first > size do drop_oldest(log) end
call('HSET', key, 'seq', seq, 'log', log_text(log))
if A[17] ~= '' then
  call('RPUSH', P .. 'p:' .. id, seq .. ':' .. A[17])
  call('LTRIM', P .. 'p:' .. id, number(0 - tonumber(A[18])), -1)
end
expire_with_tenant(id, 'j:', 'n:', 'u:', 'p:')
return {seq, used or false, last or false}
