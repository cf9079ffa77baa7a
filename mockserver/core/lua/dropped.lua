-- Return how many requests a request log has dropped. ARGV: id
return number(request_log(A[1]).dropped)
