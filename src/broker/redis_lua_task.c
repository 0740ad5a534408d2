/*
 * The scripts on the way of every task: claim, adopt, settle.
 */
#include "broker/redis_lua.h"

// clang-format off

/*
 * Taking over: values[i] become owned under the numbers from `seq` on. What
 * begins like a record and was pushed so gets a head of its own. `put_back`
 * undoes the taking where Redis does not let us write (rights that were taken
 * away meanwhile).
 */
#define LUA_OWNING LUA(                                                        \
	local function ship(out, v, big)                                       \
		if #v > big then v = #v end                                    \
		out[#out + 1] = v                                              \
	end                                                                    \
	local function own(owned, args, put_back)                              \
		if not args[1] then return end                                 \
		local r = pcall("HSET", owned, unpack(args))                   \
		if type(r) == "table" then                                     \
			for j = #args, 1, -2 do put_back(args[j]) end          \
			return r                                               \
		end                                                            \
	end                                                                    \
	local function wrap(W, seq, now, v)                                    \
		local i = W .. "/" .. string.format("%.0f", seq)               \
		return i, "\1" .. i .. " 0 0 0 " ..                            \
			string.format("%.0f", now) .. " 0\n" .. v              \
	end                                                                    \
	local function pushed(Q, side)                                         \
		local how = side == "R" and "RPUSH" or "LPUSH"                 \
		return function(v) call(how, Q, payload_of(v)) end             \
	end                                                                    \
)

/*
 * ARGV: worker, owning (1/0), longest value to ship, bytes to stop at, first
 * number, slots, then per queue: side (R/L), slots.
 * Out: now, next due time or -1, 1 if the worker is not signed in, then per
 * queue: records, values in all, flags (1 cancelled ids, 2 paused, 4 a key of
 * another type), the values; one that is too long to ship is its length.
 */
const char redis_lua_task_claim[] = LUA_CALLS LUA_RECORDS LUA_OWNING LUA(
	local W, fence, big, budget = ARGV[1], ARGV[2] == "1",
		tonumber(ARGV[3]), tonumber(ARGV[4])
	local seq, left, a = tonumber(ARGV[5]), tonumber(ARGV[6]), 7
	local now, due, gone, bytes = now_ms(), -1, 0, 0
	local out = {now, -1, 0}
	local function claim(k, side, most, h)
		local Q, inbox, owned, later = KEYS[k], KEYS[k + 2],
			KEYS[k + 3], KEYS[k + 4]
		if type(pcall("HLEN", owned)) == "table" then return 4 end
		local handed = pcall("LLEN", inbox)
		local first = pcall("ZRANGE", later, 0, 0, "WITHSCORES")
		if type(handed) == "table" or first.err then return 4 end
		local args, n, taken = {}, 0, 0
		local function add(field, v)
			args[n + 1] = field
			args[n + 2] = v
			n = n + 2
			seq = seq + 1
			bytes = bytes + #v
			ship(out, v, big)
		end
		if first[2] and tonumber(first[2]) <= now and most > 0 and
			bytes < budget then
			local ready = call("ZRANGEBYSCORE", later, "-inf", now,
				"LIMIT", 0, most > 100 and 100 or most)
			call("ZREM", later, unpack(ready))
			for j = 1, #ready do
				local v = ready[j]
				local i = match(v,
					"^\1(%S+) %d+ %d+ %d+ %d+ %d+\n")
				add(i and string.format("%.0f ", seq) .. i or seq,
					v)
			end
			if fence then
				local r = own(owned, args, function(v)
					call("ZADD", later, now, v) end)
				if r then return r end
			end
			out[h] = #ready
			taken = #ready
			args, n = {}, 0
			first = call("ZRANGE", later, 0, 0, "WITHSCORES")
		end
		if first[2] and (due < 0 or tonumber(first[2]) < due) then
			due = tonumber(first[2])
		end
		local function take(got)
			for j = 1, #got do
				local v, field = got[j], seq
				if byte(v, 1) == 1 then
					field, v = wrap(W, seq, now, v)
					field = string.format("%.0f ", seq) .. field
				end
				add(field, v)
			end
			taken = taken + #got
		end
		if handed > 0 then
			take(call("RPOP", inbox, handed > 500 and 500 or handed))
		end
		local step, pop = 1, side == "R" and "RPOP" or "LPOP"
		while taken < most and bytes < budget do
			if step > most - taken then step = most - taken end
			local got = pcall(pop, Q, step)
			if not got then break end
			if got.err then
				out[h + 2] = 4
				break
			end
			take(got)
			if #got < step then break end
			step = step * 4
		end
		if fence then
			local r = own(owned, args, pushed(Q, side))
			if r then return r end
		end
		out[h + 1] = taken
		left = left - taken
		return out[h + 2]
	end
	for k = 1, #KEYS, 9 do
		local side, most, h = ARGV[a], tonumber(ARGV[a + 1]), #out + 1
		a = a + 2
		if most > left then most = left end
		out[h] = 0
		out[h + 1] = 0
		out[h + 2] = 0
		local s = call("ZSCORE", KEYS[k + 1], W)
		local marks = call("EXISTS", KEYS[k + 6], KEYS[k + 8])
		local stopped = marks > 0 and call("EXISTS", KEYS[k + 8]) == 1
		local flags = 0
		if not s or tonumber(s) < 0 then
			gone = 1
		elseif not stopped then
			flags = claim(k, side, most, h)
			if type(flags) == "table" then return flags end
		end
		if stopped then flags = flags + 2 marks = marks - 1 end
		if marks > 0 then flags = flags + 1 end
		out[h + 2] = flags
	end
	out[2] = due
	out[3] = gone
	return out
);

/*
 * Behind a BLMOVE, for one queue: what lies in the inbox becomes owned, or goes
 * back to where it came from. ARGV: worker, longest value to ship, first
 * number, side. Out: as of a claim of one queue, with the flag 8 if more tasks
 * wait.
 */
const char redis_lua_task_adopt[] = LUA_CALLS LUA(
	local Q, inbox, owned = KEYS[1], KEYS[3], KEYS[4]
	local got = call("RPOP", inbox, 500)
	if not got then return {0, -1, 0, 0, 0, 0} end
	local W, big, seq, side = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
	local function put_back()
		for j = #got, 1, -1 do
			call(side == "R" and "RPUSH" or "LPUSH", Q, got[j])
		end
	end
	local s = call("ZSCORE", KEYS[2], W)
	local gone = (not s or tonumber(s) < 0) and 1 or 0
	local flags = call("EXISTS", KEYS[7], KEYS[9])
	if flags > 0 and call("EXISTS", KEYS[9]) == 1 then flags = 2 end
	local now = now_ms()
	if flags == 2 or gone == 1 then
		put_back()
		return {now, -1, gone, 0, 0, flags}
	end
	local out, args = {now, -1, 0, 0, #got, flags}, {}
	for j = 1, #got do
		local v, field = got[j], seq + j - 1
		if string.byte(v, 1) == 1 then
			local i = W .. "/" .. string.format("%.0f", field)
			field = string.format("%.0f ", field) .. i
			v = "\1" .. i .. " 0 0 0 " ..
				string.format("%.0f", now) .. " 0\n" .. v
		end
		args[2 * j - 1] = field
		args[2 * j] = v
		out[6 + j] = #v > big and #v or v
	end
	local r = pcall("HSET", owned, unpack(args))
	if type(r) == "table" then
		put_back()
		return r
	end
	if pcall("LLEN", Q) ~= 0 then out[6] = flags + 8 end
	return out
);

/*
 * A task that was started as it came out of BLMOVE, without an adoption, is
 * still at work: it becomes owned. Ours is the last that came in; if that is
 * another, or ids are cancelled, nothing is done. ARGV: worker, number, side,
 * payload. Out: flags as of a claim, and 16 if it is not owned, 32 if the worker
 * is not signed in.
 */
const char redis_lua_task_take[] = LUA_CALLS LUA(
	local Q, inbox, owned, mine = KEYS[1], KEYS[3], KEYS[4], ARGV[4]
	local v = call("LPOP", inbox)
	if v ~= mine then
		if v then call("LPUSH", inbox, v) end
		return 16
	end
	local s = call("ZSCORE", KEYS[2], ARGV[1])
	local gone = not s or tonumber(s) < 0
	local flags = call("EXISTS", KEYS[7], KEYS[9])
	if flags > 0 and call("EXISTS", KEYS[9]) == 1 then flags = 2 end
	if gone or flags == 2 then
		call(ARGV[3] == "R" and "RPUSH" or "LPUSH", Q, v)
		return flags + (gone and 48 or 16)
	end
	if flags > 0 then
		call("LPUSH", inbox, v)
		return 17
	end
	local r = pcall("HSET", owned, ARGV[2], v)
	if type(r) == "table" then
		call("LPUSH", inbox, v)
		return r
	end
	return 0
);

/*
 * A task that was started as it came out of BLMOVE has ended with nothing but a
 * reply. It lies in the inbox still, and that is the fence. One script of its
 * own, since somebody waits for it. KEYS: queue inbox cancelled stats paused,
 * then its reply key, if it has one. ARGV: payload, reply, ttl, counter, side.
 * Out: 1, or as of a settlement.
 */
const char redis_lua_task_answer[] = LUA(
	local call, inbox, key = redis.call, KEYS[2], KEYS[6]
	local held = call("EXISTS", KEYS[3], KEYS[5]) > 0
	local v = call("LPOP", inbox)
	if held or v ~= ARGV[1] then
		if v == ARGV[1] and call("EXISTS", KEYS[5]) == 1 then
			call(ARGV[5] == "R" and "RPUSH" or "LPUSH", KEYS[1], v)
		elseif v then
			call("LPUSH", inbox, v)
		end
		return {0}
	end
	if key then
		local len = redis.pcall("RPUSH", key, ARGV[2])
		if type(len) == "table" then
			local e = len.err
			call("LPUSH", inbox, v)
			return {(string.sub(e, 1, 9) == "WRONGTYPE" or
				string.sub(e, 1, 6) == "NOPERM" or
				string.find(e, "access", 1, true)) and -1 or -2}
		end
		if len == 1 or call("TTL", key) >= 0 then
			call("EXPIRE", key, ARGV[3])
		end
	end
	if ARGV[4] ~= "" then redis.pcall("HINCRBY", KEYS[4], ARGV[4], 1) end
	return 1
);

/*
 * A batch of settlements of one queue. ARGV: worker, fence (1/0), longest dead
 * stream, side, then items. KEYS after the queue's nine: for each item its
 * reply key, its lock, its outputs, those that it has.
 *	claim f reply? reply ttl counter
 *	claim F|B|L|G reply? reply ttl counter lock? instance outputs
 *		(bytes ttl)* and then, for
 *		B: task id error attempts crashes time payload
 *		L: head milliseconds payload	G: payload
 * Out: how many, if all were settled; else per item 1 settled, 0 lost, -1 a key
 * of the task holds another type, -2 a key of cherry's does.
 */
const char redis_lua_task_settle[] = LUA_CALLS LUA_RECORDS LUA_TYPES LUA(
	local W, fence, most, side = ARGV[1], ARGV[2] == "1", ARGV[3], ARGV[4]
	local Q, owned, later, dead = KEYS[1], KEYS[4], KEYS[5], KEYS[6]
	local a, ki, n, good, total = 5, 10, 0, 0, #ARGV
	local out, counts = {}, {}
	local function unlock(lock, instance, value)
		local v = lock and pcall("GET", lock)
		if type(v) ~= "string" or
			match(v, "^%a (%S+)") ~= instance then return end
		if value then call("SET", lock, value)
		else call("DEL", lock) end
	end
	local function end_of(key, len, ttl)
		if len == 1 or call("TTL", key) >= 0 then
			call("EXPIRE", key, ttl)
		end
	end
	local function is_theirs(e)
		return sub(e, 1, 9) == "WRONGTYPE" or sub(e, 1, 6) == "NOPERM"
			or string.find(e, "access", 1, true) ~= nil
	end
	local function quick(claim)
		local key, len
		if ARGV[a + 2] == "1" then
			key = KEYS[ki]
			ki = ki + 1
			len = pcall("RPUSH", key, ARGV[a + 3])
			if type(len) == "table" then
				if is_theirs(len.err) then return -1 end
				call("HDEL", owned, "-")
				len = call("RPUSH", key, ARGV[a + 3])
			end
		end
		if fence and call("HDEL", owned, claim) == 0 then
			if key then call("RPOP", key) end
			return 0
		end
		if key then end_of(key, len, ARGV[a + 4]) end
		return 1
	end
	local function is_fresh(v, claim)
		local i = counts_of(v)
		return not i or i == W .. "/" .. match(claim, "^%d+")
	end
	local function next_key(given)
		if given ~= "1" then return nil end
		ki = ki + 1
		return KEYS[ki - 1]
	end
	local function full(claim, how, e, outputs)
		local reply_to = next_key(ARGV[a + 2])
		local lock, instance = next_key(ARGV[a + 6]), ARGV[a + 7]
		local keys, value = {}, nil
		for j = 1, outputs do keys[j] = next_key("1") end
		if reply_to and not type_ok(reply_to, "list") then return -1 end
		for j = 1, outputs do
			if keys[j] == reply_to or not type_ok(keys[j], "string")
			then return -1 end
		end
		if (how == "B" and not type_ok(dead, "stream")) or
			((how == "L" or how == "G") and
				not type_ok(later, "zset")) or
			(how == "G" and not type_ok(Q, "list"))
		then return -2 end
		call("HDEL", owned, "-")
		if fence then
			if how ~= "F" then value = call("HGET", owned, claim) end
			if call("HDEL", owned, claim) == 0 then return 0 end
		end
		if how == "B" then
			call("XADD", dead, "MAXLEN", "~", most, "*",
				"task", ARGV[e], "id", ARGV[e + 1],
				"payload", value and payload_of(value) or ARGV[e + 6],
				"error", ARGV[e + 2], "attempts", ARGV[e + 3],
				"crashes", ARGV[e + 4], "time", ARGV[e + 5])
		end
		if how == "F" or how == "B" then
			for j = 1, outputs do
				local o = a + 7 + 2 * j
				if ARGV[o + 1] ~= "0" then
					call("SET", keys[j], ARGV[o], "EX", ARGV[o + 1])
				else
					call("SET", keys[j], ARGV[o])
				end
			end
			if reply_to then
				end_of(reply_to, call("RPUSH", reply_to,
					ARGV[a + 3]), ARGV[a + 4])
			end
			unlock(lock, instance, nil)
		elseif how == "L" then
			local due = now_ms() + tonumber(ARGV[e + 1])
			call("ZADD", later, due, ARGV[e] ..
				(value and payload_of(value) or ARGV[e + 2]))
			unlock(lock, instance, "l " .. instance .. " " ..
				string.format("%.17g", due))
		elseif is_fresh(value or ARGV[e], claim) then
			call(side == "R" and "RPUSH" or "LPUSH", Q,
				payload_of(value or ARGV[e]))
			unlock(lock, instance, nil)
		else
			local due = now_ms()
			call("ZADD", later, due, value or ARGV[e])
			unlock(lock, instance, "l " .. instance .. " " ..
				string.format("%.17g", due))
		end
		return 1
	end
	local extras = {F = 0, B = 7, L = 3, G = 1}
	while a <= total do
		local claim, how, r = ARGV[a], ARGV[a + 1], nil
		local counter, next_item = ARGV[a + 5], a + 6
		if how == "f" then
			r = quick(claim)
		else
			local outputs = tonumber(ARGV[a + 8])
			local e, k = a + 9 + 2 * outputs, ki
			r = full(claim, how, e, outputs)
			ki = k + outputs + ARGV[a + 2] + ARGV[a + 6]
			next_item = e + extras[how]
		end
		n = n + 1
		out[n] = r
		if r == 1 then
			good = good + 1
			if counter ~= "" then
				counts[counter] = (counts[counter] or 0) + 1
			end
		end
		a = next_item
	end
	for name, by in pairs(counts) do pcall("HINCRBY", KEYS[8], name, by) end
	return good == n and n or out
);

// clang-format on
