/*
 * Texts of the scripts, in Lua, and what several of them begin with. In these
 * texts every string is in double quotes and no line begins with '#': the C
 * preprocessor turns them into strings.
 */
#ifndef BROKER_REDIS_LUA_H
#define BROKER_REDIS_LUA_H

#define LUA(...) #__VA_ARGS__ "\n"

// clang-format off

/* Both clocks are Redis's own. */
#define LUA_CALLS LUA(                                                         \
	local call, pcall = redis.call, redis.pcall                            \
	local function now_ms()                                                \
		local t = call("TIME")                                         \
		return t[1] * 1000 + math.floor(t[2] / 1000)                   \
	end                                                                    \
)

/* How a value of `owned` or `later` is read; see redis_script.h. */
#define LUA_RECORDS LUA(                                                       \
	local byte, match, sub = string.byte, string.match, string.sub         \
	local function payload_of(v)                                           \
		if byte(v, 1) ~= 1 then return v end                           \
		local n, p = match(v, "^\1%S+ %d+ %d+ %d+ %d+ (%d+)\n()")      \
		return n and sub(v, p + n) or v                                \
	end                                                                    \
	local function counts_of(v)                                            \
		if byte(v, 1) ~= 1 then return nil end                         \
		return match(v, "^\1(%S+) (%d+) (%d+) (%d+) (%d+) (%d+)\n()")  \
	end                                                                    \
)

#define LUA_TYPES LUA(                                                         \
	local function type_ok(k, t)                                           \
		local r = pcall("TYPE", k)["ok"]                               \
		return r == "none" or r == t                                   \
	end                                                                    \
)

// clang-format on

extern const char redis_lua_task_claim[], redis_lua_task_adopt[],
	redis_lua_task_take[], redis_lua_task_answer[], redis_lua_task_settle[];
extern const char redis_lua_life_register[], redis_lua_life_beat[],
	redis_lua_life_reap[], redis_lua_life_leave[], redis_lua_life_owned[];
extern const char redis_lua_ask_admit[], redis_lua_ask_fetch[];

#endif
