-- Put a request into the request log of its tenant. Beyond the budget of all logs, the largest lose their oldest records.
-- ARGV: id, size, budget, weight, record, counter, birth, unmatched
local id, size, budget, weight, record, field = A[1], tonumber(A[2]), tonumber(A[3]), tonumber(A[4]), A[5], A[6]
count('requests')
if A[8] == '1' then count('unmatched_requests') end
count_request('request_counts', field)
if born(id) ~= A[7] then return end
count_request('n:' .. id, field)
local log = request_log(id)
call('RPUSH', P .. 'j:' .. id, number(weight) .. ':' .. record)
log.next = log.next + 1
add_weight(log, weight)
local goal = budget
if tonumber(call('HGET', P .. 'counts', 'budget')) > budget then goal = budget - math.floor(budget / 16) end
local skip = 0
while tonumber(call('HGET', P .. 'counts', 'budget')) > goal do
  local largest = call('ZREVRANGE', P .. 'weights', skip, skip)[1]
  if not largest then break end
  if largest == id then
    if log.next - log.first > 1 then drop_oldest(log) else skip = skip + 1 end
  else
    local other = request_log(largest)
    drop_oldest(other)
    put_request_log(other)
  end
end
while log.next - log.first > size do drop_oldest(log) end
put_request_log(log)
expire_with_tenant(id, 'j:')
expire_with_tenant(id, 'n:')
