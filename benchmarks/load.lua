-- Sends the requests of a file in turn: wrk -s load.lua URL -- FILE. A record separator ends each.
local requests, at = {}, -1  -- wrk calls `request` once more than it sends

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for one in file:read("*a"):gmatch("[^\30]+") do
    requests[#requests + 1] = one
  end
  file:close()
end

function request()
  at = at + 1
  return requests[math.max(at - 1, 0) % #requests + 1]
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format('{"requests": %d, "microseconds": %d, "errors": %d, "failures": %d, "p50": %d, "p99": %d}',
    summary.requests, summary.duration, errors.status, failures, latency:percentile(50), latency:percentile(99)))
end
