-- Empty a request log. ARGV: id
local j = request_log(A[1])
clear_request_log(j)
put_request_log(j)
