/** What is done in Redis at one go. Keys of one script share a hash tag, so that a cluster keeps them on one server. */

/** KEYS: the member's counter, the counter's members. ARGV: the window, the member. Answers the count and what is left of the window. */
export const hitScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  redis.call('SADD', KEYS[2], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return {count, redis.call('PTTL', KEYS[1])}`

/**
 * KEYS: the tries. ARGV: the window, the most, the id of this try. Failed tries are 'f' and an id, those under way 'p' and an id. Answers
 * [0, when the oldest failure is forgotten], [1] for too many under way, [2] when the try may begin.
 */
export const attemptScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
local tries = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local failed = 0
local oldest = now
for i = 1, #tries, 2 do
  if string.sub(tries[i], 1, 1) == 'f' then
    failed = failed + 1
    oldest = math.min(oldest, tonumber(tries[i + 1]))
  end
end
local most = tonumber(ARGV[2])
if failed >= most then return {0, oldest + ARGV[1] - now} end
if #tries / 2 >= most then return {1, 0} end
redis.call('ZADD', KEYS[1], now, 'p' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {2, 0}`

/** KEYS: the tries. ARGV: the window, the id. */
export const failedScript = `
local time = redis.call('TIME')
redis.call('ZREM', KEYS[1], 'p' .. ARGV[2])
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), 'f' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`

/** KEYS: the tries. ARGV: the id. Failures go, tries of others that are under way stay. */
export const succeededScript = `
redis.call('ZREM', KEYS[1], 'p' .. ARGV[1])
for _, try in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(try, 1, 1) == 'f' then redis.call('ZREM', KEYS[1], try) end
end
return 1`
