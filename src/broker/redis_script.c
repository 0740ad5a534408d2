/*
 * Texts of the scripts and their digests. Sends nothing itself.
 */
#include "broker/redis_script.h"

#include <stdio.h>
#include "crypto/digest.h"

/* What several scripts begin with. ks(i): the keys of the i-th queue. */
#define COMMON                                                                 \
	"local call, pcall, find, sub = redis.call, redis.pcall, "             \
	"string.find, "                                                        \
	"string.sub\n"                                                         \
	"local function now_ms() local t = call('TIME') "                      \
	"return t[1] * 1000 + math.floor(t[2] / 1000) end\n"                   \
	"local function payload_of(v) "                                        \
	"if string.byte(v, 1) ~= 1 then return v end "                         \
	"local p = find(v, '\\n', 1, true) "                                   \
	"local n = tonumber(string.match(sub(v, 2, p - 1), ' (%d+)$')) "       \
	"return sub(v, p + 1 + n) end\n"                                       \
	"local function counts_of(v) "                                         \
	"if string.byte(v, 1) ~= 1 then return nil end "                       \
	"return string.match(v, "                                              \
	"'^\\1(%S+) (%d+) (%d+) (%d+) (%d+) (%d+)\\n') end\n"                  \
	"local function is_fresh(v) local i, a, c, d, f, n = counts_of(v) "    \
	"return not i or (a == '0' and c == '0' and d == '0' and n == '0') "   \
	"end\n"                                                                \
	"local function type_ok(k, t) local r = call('TYPE', k)['ok'] "        \
	"return r == 'none' or r == t end\n"

/* Moves up to `left` tasks into owned; used for what is due in `later`, what
 * lies in the inbox and what waits in the queue. Out: the queue's place, how
 * many records, how many in all, a flag for cancelled ids, then the values; a
 * value that is too long to ship is its length. */
#define CLAIMING                                                               \
	"local W, big, budget = ARGV[1], tonumber(ARGV[2]), "                  \
	"tonumber(ARGV[3])\n"                                                  \
	"local seq, bytes = tonumber(ARGV[4]), 0\n"                            \
	"local now, due, gone = now_ms(), -1, 0\n"                             \
	"local out = {}\n"                                                     \
	"local function own(owned, values, from, wrap)\n"                      \
	"  local args, n = {}, 0\n"                                            \
	"  for j = from, #values do local v = values[j]\n"                     \
	"    if wrap and string.byte(v, 1) == 1 then "                         \
	"v = '\\1' .. W .. '/' .. string.format('%.0f', seq) .. "              \
	"' 0 0 0 ' .. string.format('%.0f', now) .. ' 0\\n' .. v end\n"        \
	"    args[n + 1] = string.format('%.0f', seq) args[n + 2] = v\n"       \
	"    n = n + 2 seq = seq + 1 bytes = bytes + #v\n"                     \
	"    if #v > big then out[#out + 1] = #v else out[#out + 1] = v end\n" \
	"  end\n"                                                              \
	"  if n > 0 then call('HSET', owned, unpack(args)) end\n"              \
	"end\n"                                                                \
	"local function ready(k)\n"                                            \
	"  local s = call('ZSCORE', KEYS[k + 1], W)\n"                         \
	"  if not s or tonumber(s) < 0 then gone = 1 return false end\n"       \
	"  return type_ok(KEYS[k], 'list') and type_ok(KEYS[k + 3], 'hash') "  \
	"and type_ok(KEYS[k + 4], 'zset') "                                    \
	"and type_ok(KEYS[k + 2], 'list')\n"                                   \
	"end\n"                                                                \
	"local function next_due(k)\n"                                         \
	"  local d = call('ZRANGE', KEYS[k + 4], 0, 0, 'WITHSCORES')\n"        \
	"  if d[2] and (due < 0 or tonumber(d[2]) < due) then "                \
	"due = tonumber(d[2]) end\n"                                           \
	"end\n"

static const char *const texts[REDIS_SCRIPT_COUNT] = {
	/* ARGV: worker. Signs the worker in at every queue. */
	[REDIS_SCRIPT_REGISTER] = COMMON
	"local now = now_ms()\n"
	"for k = 1, #KEYS, 9 do\n"
	"  if not type_ok(KEYS[k + 1], 'zset') then "
	"return redis.error_reply('WRONGTYPE ' .. KEYS[k + 1] .. "
	"' is no sorted set') end\n"
	"end\n"
	"for k = 1, #KEYS, 9 do\n"
	"  call('ZREM', KEYS[k + 1], ARGV[1])\n"
	"  call('ZADD', KEYS[k + 1], now, ARGV[1])\n"
	"end\n"
	"return now\n",

	/* ARGV: worker, longest value to ship, bytes to stop at, first number,
	 * slots, inbox only (0/1), then per queue: side ('R'/'L'), slots. */
	[REDIS_SCRIPT_CLAIM] = COMMON CLAIMING
	"local left, only, a = tonumber(ARGV[5]), ARGV[6] == '1', 7\n"
	"local paused = 0\n"
	"for k = 1, #KEYS, 9 do\n"
	"  local side, most = ARGV[a], tonumber(ARGV[a + 1])\n"
	"  a = a + 2\n"
	"  if most > left then most = left end\n"
	"  local Q, inbox, owned, later = KEYS[k], KEYS[k + 2], KEYS[k + 3], "
	"KEYS[k + 4]\n"
	"  local stopped = call('EXISTS', KEYS[k + 8]) == 1\n"
	"  local ok = ready(k)\n"
	"  local head = #out + 1\n"
	"  if (stopped or gone == 1) and only and type_ok(Q, 'list') and "
	"type_ok(inbox, 'list') then\n"
	"    while call('LMOVE', inbox, Q, 'LEFT', "
	"side == 'R' and 'RIGHT' or 'LEFT') do end\n"
	"  end\n"
	"  if stopped then paused = 1 end\n"
	"  if ok and not stopped then\n"
	"    for j = 1, 4 do out[head + j - 1] = 0 end\n"
	"    if most > 0 and bytes < budget then\n"
	"      local ready = call('ZRANGEBYSCORE', later, '-inf', now, "
	"'LIMIT', "
	"0, most > 500 and 500 or most)\n"
	"      if #ready > 0 then\n"
	"        call('ZREM', later, unpack(ready))\n"
	"        own(owned, ready, 1, false)\n"
	"        out[head + 1] = #ready\n"
	"        most = most - #ready left = left - #ready\n"
	"      end\n"
	"    end\n"
	"    local taken = out[head + 1]\n"
	"    local handed = call('LLEN', inbox)\n"
	"    while handed > 0 do\n"
	"      local got = call('RPOP', inbox, handed > 500 and 500 or "
	"handed)\n"
	"      own(owned, got, 1, true)\n"
	"      taken = taken + #got most = most - #got left = left - #got\n"
	"      handed = handed - #got\n"
	"    end\n"
	"    local step = 1\n"
	"    while not only and most > 0 and bytes < budget do\n"
	"      local n = step < most and step or most\n"
	"      local got = call(side == 'R' and 'RPOP' or 'LPOP', Q, n)\n"
	"      if not got then break end\n"
	"      local before = bytes\n"
	"      own(owned, got, 1, true)\n"
	"      taken = taken + #got most = most - #got left = left - #got\n"
	"      if #got < n then break end\n"
	"      local each = (bytes - before) / n + 1\n"
	"      step = math.floor((budget - bytes) / each) + 1\n"
	"      if step > 500 then step = 500 end\n"
	"    end\n"
	"    out[head] = (k - 1) / 9 out[head + 2] = taken\n"
	"    out[head + 3] = call('EXISTS', KEYS[k + 6])\n"
	"    next_due(k)\n"
	"    if taken == 0 then for j = 3, 0, -1 do out[head + j] = nil end "
	"end\n"
	"  end\n"
	"end\n"
	"return {now, due, gone, paused, out}\n",

	/* ARGV: worker, fence (0/1), longest dead stream, then per item:
	 * claim how reply_to-index reply ttl outputs counter lock instance
	 * header delay; KEYS after the queue's: reply and output keys and locks,
	 * by index (0: none). Outputs: "n" then n times key-index, bytes, ttl.
	 * how: F finish, B bury, L later, G give back.
	 * Out: per item 1 settled, 0 lost, -1 a key of another type. */
	[REDIS_SCRIPT_SETTLE] = COMMON
	"local W, fence, most = ARGV[1], ARGV[2] == '1', ARGV[3]\n"
	"local side = ARGV[4]\n"
	"local Q, owned, later, dead, stats = KEYS[1], KEYS[4], KEYS[5], "
	"KEYS[6], KEYS[8]\n"
	"local a, out, counts, now = 5, {}, {}, nil\n"
	"local function count(name, by) counts[name] = (counts[name] or 0) + "
	"by "
	"end\n"
	"local function unlock(lock, instance, value)\n"
	"  if lock == 0 then return end\n"
	"  local v = pcall('GET', KEYS[lock])\n"
	"  if type(v) ~= 'string' or sub(v, 3, 2 + #instance) ~= instance then "
	"return end\n"
	"  if value then call('SET', KEYS[lock], value) "
	"else call('DEL', KEYS[lock]) end\n"
	"end\n"
	"while a <= #ARGV do\n"
	"  local claim, how = ARGV[a], ARGV[a + 1]\n"
	"  local reply_to, reply, ttl = tonumber(ARGV[a + 2]), ARGV[a + 3], "
	"tonumber(ARGV[a + 4])\n"
	"  local counter, lock, instance = ARGV[a + 5], tonumber(ARGV[a + 6]), "
	"ARGV[a + 7]\n"
	"  local extra, n = a + 9, tonumber(ARGV[a + 8])\n"
	"  a = extra + n\n"
	"  local result, value = 1, nil\n"
	"  if how == 'F' or how == 'B' then\n"
	"    if reply_to > 0 and type(pcall('LLEN', KEYS[reply_to])) == "
	"'table' "
	"then result = -1 end\n"
	"    local e = how == 'B' and extra + 7 or extra\n"
	"    for j = e, a - 1, 3 do\n"
	"      if not type_ok(KEYS[tonumber(ARGV[j])], 'string') then "
	"result = -1 end\n"
	"    end\n"
	"  end\n"
	"  if result == 1 and (how == 'L' or how == 'G' or how == 'B') and "
	"fence then\n"
	"    value = call('HGET', owned, claim)\n"
	"    if not value then result = 0 end\n"
	"  end\n"
	"  if result == 1 and fence and call('HDEL', owned, claim) == 0 then "
	"result = 0 end\n"
	"  if result == 1 then\n"
	"    if how == 'F' or how == 'B' then\n"
	"      if how == 'B' then\n"
	"        local w = value and payload_of(value) or ARGV[extra + 6]\n"
	"        if not type_ok(dead, 'stream') then call('DEL', dead) end\n"
	"        call('XADD', dead, 'MAXLEN', '~', most, '*', 'task', "
	"ARGV[extra], 'id', ARGV[extra + 1], 'payload', w, 'error', "
	"ARGV[extra + 2], 'attempts', ARGV[extra + 3], 'crashes', "
	"ARGV[extra + 4], 'time', ARGV[extra + 5])\n"
	"      end\n"
	"      for j = how == 'B' and extra + 7 or extra, a - 1, 3 do\n"
	"        local key, life = KEYS[tonumber(ARGV[j])], "
	"tonumber(ARGV[j + 2])\n"
	"        if life > 0 then call('SET', key, ARGV[j + 1], 'EX', life) "
	"else call('SET', key, ARGV[j + 1]) end\n"
	"      end\n"
	"      if reply_to > 0 then\n"
	"        local key = KEYS[reply_to]\n"
	"        local len = call('RPUSH', key, reply)\n"
	"        if len == 1 or call('TTL', key) >= 0 then "
	"call('EXPIRE', key, ttl) end\n"
	"      end\n"
	"      unlock(lock, instance, nil)\n"
	"    elseif how == 'L' then\n"
	"      now = now or now_ms()\n"
	"      local due = now + tonumber(ARGV[extra + 1])\n"
	"      call('ZADD', later, due, ARGV[extra] .. payload_of(value))\n"
	"      unlock(lock, instance, 'l ' .. instance .. ' ' .. "
	"string.format('%.0f', due))\n"
	"    elseif fence then\n"
	"      if is_fresh(value) then "
	"call(side == 'R' and 'RPUSH' or 'LPUSH', Q, payload_of(value)) else\n"
	"        now = now or now_ms()\n"
	"        call('ZADD', later, now, value)\n"
	"      end\n"
	"      unlock(lock, instance, nil)\n"
	"    else call(side == 'R' and 'RPUSH' or 'LPUSH', Q, ARGV[extra]) "
	"end\n"
	"    if counter ~= '' then count(counter, 1) end\n"
	"  end\n"
	"  out[#out + 1] = result\n"
	"end\n"
	"for name, by in pairs(counts) do pcall('HINCRBY', stats, name, by) "
	"end\n"
	"return out\n",

	/* ARGV: worker. Renews the sign of life at each queue and looks at the
	 * others'. Out: now, then per queue: 1 or 0 (taken for dead), cancelled
	 * ids, names and signs of all workers. */
	[REDIS_SCRIPT_BEAT] = COMMON
	"local now, out = now_ms(), {}\n"
	"out[1] = now\n"
	"for k = 1, #KEYS, 9 do\n"
	"  local workers, alive = KEYS[k + 1], 0\n"
	"  local s = call('ZSCORE', workers, ARGV[1])\n"
	"  if s and tonumber(s) >= 0 then alive = 1\n"
	"    call('ZREM', workers, ARGV[1])\n"
	"    call('ZADD', workers, now, ARGV[1])\n"
	"  end\n"
	"  local ids = {}\n"
	"  if call('EXISTS', KEYS[k + 6]) == 1 then\n"
	"    pcall('ZREMRANGEBYSCORE', KEYS[k + 6], '-inf', now - 86400000)\n"
	"    ids = pcall('ZRANGE', KEYS[k + 6], 0, 127)\n"
	"    if ids['err'] then ids = {} end\n"
	"  end\n"
	"  out[#out + 1] = alive\n"
	"  out[#out + 1] = ids\n"
	"  out[#out + 1] = call('ZRANGE', workers, 0, 511, 'WITHSCORES')\n"
	"end\n"
	"return out\n",

	/* ARGV: the dead worker, the sign that was seen (or "late": only what
	 * arrived after its end), side. At most 128 tasks a call.
	 * Out: -1 it lives, else how many moved; 128 is call again. */
	[REDIS_SCRIPT_REAP] = COMMON
	"local W, late = ARGV[1], ARGV[2] == 'late'\n"
	"local s = call('ZSCORE', KEYS[2], W)\n"
	"if late then if s then return -1 end\n"
	"elseif not s or (s ~= ARGV[2] and tonumber(s) >= 0) then return -1 "
	"end\n"
	"if not (type_ok(KEYS[1], 'list') and type_ok(KEYS[3], 'list') and "
	"type_ok(KEYS[4], 'hash') and type_ok(KEYS[5], 'zset')) then return 0 "
	"end\n"
	"if not late then call('ZREM', KEYS[2], W) call('ZADD', KEYS[2], -1, "
	"W) "
	"end\n"
	"local n, now = 0, now_ms()\n"
	"while n < 128 and call('LMOVE', KEYS[3], KEYS[1], 'LEFT', "
	"ARGV[3] == 'R' and 'RIGHT' or 'LEFT') do n = n + 1 end\n"
	"local scan = {'0', {}}\n"
	"if n < 128 then scan = call('HSCAN', KEYS[4], 0, 'COUNT', 100) end\n"
	"local all = scan[2]\n"
	"for j = 1, #all, 2 do\n"
	"  local claim, v = all[j], all[j + 1]\n"
	"  local i, at, cr, de, first, len = counts_of(v)\n"
	"  local id = ''\n"
	"  if i then local p = find(v, '\\n', 1, true) "
	"id = sub(v, p + 1, p + tonumber(len)) else\n"
	"    i, at, cr, de, first = W .. '/' .. claim, 0, 0, 0, "
	"string.format('%.0f', now)\n"
	"  end\n"
	"  call('HDEL', KEYS[4], claim)\n"
	"  call('ZADD', KEYS[5], now, '\\1' .. i .. ' ' .. at .. ' ' .. cr .. "
	"' ' .. string.format('%.0f', de + 1) .. ' ' .. first .. ' ' .. #id .. "
	"'\\n' .. id .. payload_of(v))\n"
	"  n = n + 1\n"
	"end\n"
	"if n > 0 then pcall('HINCRBY', KEYS[8], 'recovered', n) end\n"
	"if call('EXISTS', KEYS[4]) == 1 or call('EXISTS', KEYS[3]) == 1 then "
	"return 128 end\n"
	"call('ZREM', KEYS[2], W)\n"
	"return n < 128 and n or 127\n",

	/* ARGV: worker, then a side per queue. Gives back what lies in the
	 * inbox and signs out where nothing is owned. Out: queues that are left
	 * because something is. */
	[REDIS_SCRIPT_LEAVE] = COMMON
	"local left, a = 0, 2\n"
	"for k = 1, #KEYS, 9 do\n"
	"  if type_ok(KEYS[k], 'list') and type_ok(KEYS[k + 2], 'list') then\n"
	"    while call('LMOVE', KEYS[k + 2], KEYS[k], 'LEFT', "
	"ARGV[a] == 'R' and 'RIGHT' or 'LEFT') do end\n"
	"  end\n"
	"  if call('EXISTS', KEYS[k + 3]) == 1 then left = left + 1 "
	"else pcall('ZREM', KEYS[k + 1], ARGV[1]) end\n"
	"  a = a + 1\n"
	"end\n"
	"return left\n",

	/* One queue. No ARGV: the claims that are owned. ARGV: the longest value
	 * to ship, then claims: cancelled flag, then their values (false: gone).
	 */
	[REDIS_SCRIPT_OWNED] =
		COMMON "if #ARGV == 0 then return call('HKEYS', KEYS[4]) end\n"
		       "local out = {now_ms(), call('EXISTS', KEYS[7])}\n"
		       "for j = 2, #ARGV do\n"
		       "  local v = call('HGET', KEYS[4], ARGV[j])\n"
		       "  if v and #v > tonumber(ARGV[1]) then v = #v end\n"
		       "  out[#out + 1] = v\n"
		       "end\n"
		       "return out\n",

	/* KEYS: the queue's, then the lock or nothing. ARGV: worker, claim, id,
	 * instance, the prefix of owned keys of this queue.
	 * Out: 0 lost, 1 admitted, 2 cancelled, 3 duplicate. */
	[REDIS_SCRIPT_ADMIT] = COMMON
	"if call('HEXISTS', KEYS[4], ARGV[2]) == 0 then return 0 end\n"
	"if type_ok(KEYS[7], 'zset') and call('ZREM', KEYS[7], ARGV[3]) == 1 "
	"then return 2 end\n"
	"if not KEYS[10] then return 1 end\n"
	"local v = pcall('GET', KEYS[10])\n"
	"if type(v) == 'table' then return 3 end\n"
	"local mine = 'o ' .. ARGV[4] .. ' ' .. ARGV[1] .. ' ' .. ARGV[2]\n"
	"if v then\n"
	"  local how, i, rest = string.match(v, '^(%a) (%S+) (.*)$')\n"
	"  if i ~= ARGV[4] and how == 'o' then\n"
	"    local w, c = string.match(rest, '^(%S+) (%d+)$')\n"
	"    if w and call('HEXISTS', ARGV[5] .. w, c) == 1 then return 3 end\n"
	"  elseif i ~= ARGV[4] and how == 'l' then\n"
	"    for _, r in ipairs(call('ZRANGEBYSCORE', KEYS[5], rest, rest)) "
	"do\n"
	"      if sub(r, 2, 2 + #i) == i .. ' ' then return 3 end\n"
	"    end\n"
	"  end\n"
	"  call('DEL', KEYS[10])\n"
	"end\n"
	"call('HDEL', KEYS[4], '-')\n"
	"call('SET', KEYS[10], mine)\n"
	"return 1\n",

	/* KEYS: any key. ARGV: most bytes. Out: -1 missing, -2 no string, a
	 * length that is too big, or the bytes. */
	[REDIS_SCRIPT_FETCH] = "local t = redis.call('TYPE', KEYS[1])['ok']\n"
			       "if t == 'none' then return -1 elseif t ~= "
			       "'string' then return -2 end\n"
			       "local n = redis.call('STRLEN', KEYS[1])\n"
			       "if n > tonumber(ARGV[1]) then return n end\n"
			       "return redis.call('GET', KEYS[1])\n",

	/* At most once: pops without owning. ARGV as of the claim script. */
	[REDIS_SCRIPT_POP] = COMMON
	"local big, left, bytes = tonumber(ARGV[2]), tonumber(ARGV[5]), 0\n"
	"local out, a, paused = {}, 7, 0\n"
	"for k = 1, #KEYS, 9 do\n"
	"  local side, most = ARGV[a], tonumber(ARGV[a + 1])\n"
	"  a = a + 2\n"
	"  if most > left then most = left end\n"
	"  if call('EXISTS', KEYS[k + 8]) == 1 then paused = 1 most = 0 end\n"
	"  if not type_ok(KEYS[k], 'list') then most = 0 end\n"
	"  local head, taken = #out + 1, 0\n"
	"  while most > 0 and bytes < tonumber(ARGV[3]) do\n"
	"    local n = taken == 0 and 1 or (most < 100 and most or 100)\n"
	"    local got = call(side == 'R' and 'RPOP' or 'LPOP', KEYS[k], n)\n"
	"    if not got then break end\n"
	"    if taken == 0 then for j = 0, 3 do out[head + j] = 0 end end\n"
	"    for j = 1, #got do local v = got[j]\n"
	"      bytes = bytes + #v\n"
	"      out[#out + 1] = v\n"
	"    end\n"
	"    taken = taken + #got most = most - #got left = left - #got\n"
	"  end\n"
	"  if taken > 0 then out[head] = (k - 1) / 9 out[head + 2] = taken "
	"end\n"
	"end\n"
	"return {now_ms(), -1, 0, paused, out}\n",
};

static char digests[REDIS_SCRIPT_COUNT][41];

static void compute_digest(enum redis_script script)
{
	unsigned char bytes[DIGEST_MAX];
	struct slice text = slice_text(texts[script]);
	int i;

	(void)digest_compute("sha1", &text, 1, bytes, NULL);
	for (i = 0; i < 20; i++)
		snprintf(digests[script] + 2 * i, 3, "%02x", bytes[i]);
}

void redis_script_begin(struct redis_command *command, enum redis_script script,
			bool whole, size_t keys)
{
	if (!digests[script][0])
		compute_digest(script);
	redis_command_init(command);
	if (whole) {
		redis_command_text(command, "EVAL");
		redis_command_text(command, texts[script]);
	} else {
		redis_command_text(command, "EVALSHA");
		redis_command_text(command, digests[script]);
	}
	redis_command_int(command, (int64_t)keys);
}
