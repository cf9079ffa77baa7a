-- Empty a request log. ARGV: id
local key = P .. 't:' .. A[1]
local log = request_log(A[1], call('HGET', key, 'log'))
clear_request_log(log)
call('UNLINK', P .. 'p:' .. A[1])
if is_there(A[1]) then call('HSET', key, 'log', log_text(log)) end
