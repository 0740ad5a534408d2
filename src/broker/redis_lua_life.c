/*
 * The scripts by which workers live and are found dead: register, beat, reap,
 * leave, and what a worker owns.
 */
#include "broker/redis_lua.h"

// clang-format off

/*
 * ARGV: worker. Signs the worker in at every queue, after a try of every kind
 * of write that a task's way needs: rights that are missing show here, and not
 * between a pop and its HSET.
 */
const char redis_lua_life_register[] = LUA_CALLS LUA_TYPES LUA(
	local now = now_ms()
	for k = 1, #KEYS, 9 do
		if not type_ok(KEYS[k + 1], "zset") then
			return redis.error_reply("WRONGTYPE " .. KEYS[k + 1] ..
				" is no sorted set")
		end
	end
	for k = 1, #KEYS, 9 do
		local r = pcall("LLEN", KEYS[k])
		if type(r) == "table" and string.sub(r.err, 1, 9) ~= "WRONGTYPE"
		then
			return r
		end
		call("ZREM", KEYS[k + 1], ARGV[1])
		call("HDEL", KEYS[k + 3], "-")
		call("HSET", KEYS[k + 3], "-", "")
		call("HGET", KEYS[k + 3], "-")
		call("HDEL", KEYS[k + 3], "-")
		if type_ok(KEYS[k + 4], "zset") then
			call("ZRANGEBYSCORE", KEYS[k + 4], 0, 0)
			call("ZADD", KEYS[k + 4], 0, "\1")
			call("ZREM", KEYS[k + 4], "\1")
		end
		call("LLEN", KEYS[k + 2])
		call("RPUSH", KEYS[k + 2], "")
		call("RPOP", KEYS[k + 2], 1)
		call("LPOP", KEYS[k + 2], 1)
		call("LMOVE", KEYS[k + 2], KEYS[k + 2], "LEFT", "RIGHT")
		call("ZADD", KEYS[k + 1], now, ARGV[1])
	end
	return now
);

/*
 * ARGV: worker. Renews the sign of life at each queue and looks at the others'.
 * Out: now, then per queue: 1 or 0 (taken for dead), next due time or -1, flags
 * (2 paused), the newest cancelled ids, names and signs of all workers.
 * What was cancelled over a day ago is forgotten; times in seconds are
 * understood, and what has no time at all is kept for a day from now.
 */
const char redis_lua_life_beat[] = LUA_CALLS LUA(
	local now, W = now_ms(), ARGV[1]
	local out = {now}
	local function cancelled(key)
		if type(pcall("ZREMRANGEBYSCORE", key, 1e11, now - 86400000))
			== "table" then return {} end
		call("ZREMRANGEBYSCORE", key, 1e8, now / 1000 - 86400)
		for _, id in ipairs(call("ZRANGEBYSCORE", key, "-inf", "(1e8",
			"LIMIT", 0, 128)) do
			call("ZADD", key, now, id)
		end
		return call("ZREVRANGE", key, 0, 127)
	end
	for k = 1, #KEYS, 9 do
		local all, alive, n = call("ZRANGE", KEYS[k + 1], 0, 999,
			"WITHSCORES"), 0, #out
		for j = 1, #all, 2 do
			if all[j] == W and tonumber(all[j + 1]) >= 0 then
				alive = 1
			end
		end
		if alive == 1 then
			if k == 1 then call("ZREM", KEYS[k + 1], "") end
			call("ZADD", KEYS[k + 1], now, W)
		end
		local marks = call("EXISTS", KEYS[k + 6], KEYS[k + 8])
		local first = pcall("ZRANGE", KEYS[k + 4], 0, 0, "WITHSCORES")
		out[n + 1] = alive
		out[n + 2] = first[2] and math.ceil(tonumber(first[2])) or -1
		out[n + 3] = 0
		out[n + 4] = {}
		out[n + 5] = all
		if marks > 0 then
			if call("EXISTS", KEYS[k + 8]) == 1 then out[n + 3] = 2 end
			if marks > out[n + 3] / 2 then
				out[n + 4] = cancelled(KEYS[k + 6])
			end
		end
	end
	return out
);

/*
 * ARGV: the dead worker, the sign that was seen (or "late": only what arrived
 * after its end), side. What lay in its inbox goes back to the queue, what it
 * owned to `later`, due at once, in the order of its claims, with one death
 * more. A mark takes the place of its sign until all is moved, so that no claim
 * of its own can follow.
 * Out: -1 it lives (or its mark is gone); else how many tasks moved, and whether
 * there are more.
 */
const char redis_lua_life_reap[] = LUA_CALLS LUA_RECORDS LUA_TYPES LUA(
	local W, late = ARGV[1], ARGV[2] == "late"
	local Q, workers, inbox, owned, later = KEYS[1], KEYS[2], KEYS[3],
		KEYS[4], KEYS[5]
	local s = call("ZSCORE", workers, W)
	if late then
		if s then return {-1, 0} end
	elseif not s or (s ~= ARGV[2] and tonumber(s) >= 0) then
		return {-1, 0}
	end
	if not (type_ok(Q, "list") and type_ok(inbox, "list") and
		type_ok(owned, "hash") and type_ok(later, "zset")) then
		return {0, 0}
	end
	if not late then
		call("ZREM", workers, W)
		call("ZADD", workers, -1, W)
	end
	local n, now, bytes = 0, now_ms(), 0
	while n < 128 and call("LMOVE", inbox, Q, "LEFT",
		ARGV[3] == "R" and "RIGHT" or "LEFT") do n = n + 1 end
	local claims = call("HKEYS", owned)
	local function number(claim) return tonumber(match(claim, "^%d+")) or 0 end
	table.sort(claims, function(x, y) return number(x) < number(y) end)
	for j, claim in ipairs(claims) do
		if n >= 128 or bytes > 8388608 then break end
		local v = call("HGET", owned, claim)
		local i, at, cr, de, first, len, p = counts_of(v)
		local id = ""
		if i then
			id = sub(v, p, p + len - 1)
		else
			i, at, cr, de = W .. "/" .. claim, "0", "0", "0"
			first = string.format("%.0f", now)
		end
		call("HDEL", owned, claim)
		call("ZADD", later, now - 1 + j / 1024, "\1" .. i .. " " .. at ..
			" " .. cr .. " " .. string.format("%.0f", de + 1) ..
			" " .. first .. " " .. #id .. "\n" .. id .. payload_of(v))
		n = n + 1
		bytes = bytes + #v
	end
	if n > 0 then pcall("HINCRBY", KEYS[8], "recovered", n) end
	if call("EXISTS", owned, inbox) > 0 then return {n, 1} end
	call("ZREM", workers, W)
	return {n, 0}
);

/* ARGV: worker, then a side per queue. Gives back what lies in the inbox and
 * signs out where nothing is owned. Out: at how many queues something is. */
const char redis_lua_life_leave[] = LUA_CALLS LUA_TYPES LUA(
	local left = 0
	for k = 1, #KEYS, 9 do
		local Q, inbox, side = KEYS[k], KEYS[k + 2], ARGV[1 + (k + 8) / 9]
		if type_ok(Q, "list") and type_ok(inbox, "list") then
			while call("LMOVE", inbox, Q, "LEFT",
				side == "R" and "RIGHT" or "LEFT") do end
		end
		if call("EXISTS", KEYS[k + 3]) == 1 then
			left = left + 1
		else
			pcall("ZREM", KEYS[k + 1], ARGV[1])
		end
	end
	return left
);

/* One queue. No ARGV: the claims that are owned. ARGV: the longest value to
 * ship, then claims. Out: now, cancelled ids (0/1), the values up to about 8 MB,
 * those that are gone as false, those too long to ship as lengths. */
const char redis_lua_life_owned[] = LUA_CALLS LUA(
	if #ARGV == 0 then return call("HKEYS", KEYS[4]) end
	local out, bytes = {now_ms(), call("EXISTS", KEYS[7])}, 0
	for j = 2, #ARGV do
		if bytes > 8388608 then break end
		local v = call("HGET", KEYS[4], ARGV[j])
		if v and #v > tonumber(ARGV[1]) then
			v = #v
		elseif v then
			bytes = bytes + #v
		end
		out[#out + 1] = v
	end
	return out
);

// clang-format on
