/*
 * Defects of the scripts, as replacements in their texts; those of the code are
 * where they belong and ask redis_mutant_is. Empty in a plain build.
 */
#include "broker/redis_mutant.h"

#ifdef CHERRY_CRASH_POINTS
#include <stdlib.h>
#include <string.h>
#include "base/xalloc.h"
#include "broker/redis_lua.h"

static const struct {
	const char *mutant, *script, *from, *to;
} defects[] = {
	{"no_fence", redis_lua_task_settle, "call(\"HDEL\", owned, claim) == 0",
	 "call(\"HDEL\", owned, claim) < 0"},
	{"raw_later", redis_lua_task_settle,
	 "call(\"ZADD\", later, due, ARGV[e] .. (value",
	 "call(\"ZADD\", later, due, (value"},
	{"drop_lock", redis_lua_task_settle,
	 "match(v, \"^%a (%S+)\") ~= instance then", "false then"},
};

bool redis_mutant_is(const char *name)
{
	const char *wish = getenv("CHERRY_MUTANT");

	return wish && strcmp(wish, name) == 0;
}

/* Every place; a defect that has none would be no defect. */
static char *replaced(const char *text, const char *from, const char *to)
{
	size_t from_len = strlen(from), to_len = strlen(to);
	char *out = xcalloc(strlen(text) + 16 * (to_len + 1), 1), *end = out;
	const char *at;

	if (!strstr(text, from))
		abort();
	while ((at = strstr(text, from))) {
		memcpy(end, text, (size_t)(at - text));
		end += at - text;
		memcpy(end, to, to_len);
		end += to_len;
		text = at + from_len;
	}
	memcpy(end, text, strlen(text) + 1);
	return out;
}

const char *redis_mutant_text(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
		if (text == defects[i].script &&
		    redis_mutant_is(defects[i].mutant))
			return replaced(text, defects[i].from, defects[i].to);
	}
	return text;
}
#endif
