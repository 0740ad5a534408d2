/*
 * The scripts that answer the master's questions: admit and fetch.
 */
#include "broker/redis_lua.h"

// clang-format off

/*
 * KEYS: the queue's, then the lock or nothing. ARGV: worker, claim, id,
 * instance, the beginning of the names of all `owned` of this queue, owning
 * (1/0). Out: 0 lost, 1 admitted, 2 cancelled, 3 duplicate, 4 paused
 * (at most once: a blocking pop asked nobody).
 *
 * A lock holds "o INSTANCE WORKER CLAIM" while its task runs, "p INSTANCE
 * WORKER" for one that is not owned (at most once), "l INSTANCE DUE" while it
 * waits in `later`. Where the holder is not where its lock says, it may have
 * been recovered, or claimed again by someone who has not asked yet: it is
 * looked for among what is due and in what workers own, before its lock is
 * taken over.
 */
const char redis_lua_ask_admit[] = LUA_CALLS LUA(
	local W, claim, id, mine, owned = ARGV[1], ARGV[2], ARGV[3], ARGV[4],
		ARGV[5]
	local fence, later, lock = ARGV[6] == "1", KEYS[5], KEYS[10]
	if fence and call("HEXISTS", KEYS[4], claim) == 0 then return 0 end
	if not fence and call("EXISTS", KEYS[9]) == 1 then return 4 end
	local now = now_ms()
	local s = tonumber(pcall("ZSCORE", KEYS[7], id) or nil)
	if s and (s < 1e8 or (s < 1e11 and s * 1000 or s) > now - 86400000) then
		return 2
	end
	if not lock then return 1 end
	local function waits(from, to, i)
		local all = pcall("ZRANGEBYSCORE", later, from, to, "LIMIT", 0,
			1000)
		for _, r in ipairs(all) do
			if string.sub(r, 1, 2 + #i) == "\1" .. i .. " " then
				return true
			end
		end
		return false
	end
	local function is_owned(i)
		for _, w in ipairs(call("ZRANGE", KEYS[2], 0, 999)) do
			for _, c in ipairs(call("HKEYS", owned .. w)) do
				if string.match(c, " (.*)$") == i then
					return true
				end
			end
		end
		return false
	end
	local function is_held(how, i, rest)
		if how == "o" then
			local w, c = string.match(rest, "^(%S+) (.*)$")
			if w and call("HEXISTS", owned .. w, c) == 1 then
				return true
			end
		elseif how == "p" then
			local alive = call("ZSCORE", KEYS[2], rest)
			if alive and tonumber(alive) >= 0 then return true end
		elseif how == "l" and tonumber(rest) and waits(rest, rest, i) then
			return true
		end
		return waits("-inf", now, i) or is_owned(i)
	end
	local v = pcall("GET", lock)
	if type(v) == "table" then return 3 end
	if v then
		local how, i, rest = string.match(v, "^(%a) (%S+) (.*)$")
		if how and i ~= mine and is_held(how, i, rest) then return 3 end
	end
	call("DEL", lock)
	if fence then
		call("SET", lock, "o " .. mine .. " " .. W .. " " .. claim)
	else
		call("SET", lock, "p " .. mine .. " " .. W)
	end
	return 1
);

/* KEYS: any key. ARGV: most bytes, most through a script. Out: -1 missing, -2 no
 * string, a length that is too big, the bytes, or {length}: worth a command of
 * their own, as what passes through Lua is copied and searched. */
const char redis_lua_ask_fetch[] = LUA_CALLS LUA(
	local t = call("TYPE", KEYS[1])["ok"]
	if t == "none" then return -1 end
	if t ~= "string" then return -2 end
	local n = call("STRLEN", KEYS[1])
	if n > tonumber(ARGV[1]) then return n end
	if n > tonumber(ARGV[2]) then return {n} end
	return call("GET", KEYS[1])
);

// clang-format on
