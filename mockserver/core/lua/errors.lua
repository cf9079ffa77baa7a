-- Return the result of a script, or an error that names the key whose value is not what it should be.
local ok, result = pcall(main)
if ok then return result end
local text = type(result) == 'table' and result.err or tostring(result)
local function says(words) return text:find(words, 1, true) end
if type(result) == 'string' or says('WRONGTYPE') or says('not an integer') or says('not a valid float') or says('overflow') then
  return redis.error_reply('DAMAGED ' .. at .. ' ' .. text)
end
return redis.error_reply(text)
