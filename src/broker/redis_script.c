/*
 * The table of scripts and their digests. Sends nothing itself.
 */
#include "broker/redis_script.h"

#include <stdio.h>
#include "broker/redis_lua.h"
#include "broker/redis_mutant.h"
#include "crypto/digest.h"

static const char *texts[REDIS_SCRIPT_COUNT] = {
	[REDIS_SCRIPT_REGISTER] = redis_lua_life_register,
	[REDIS_SCRIPT_CLAIM] = redis_lua_task_claim,
	[REDIS_SCRIPT_ADOPT] = redis_lua_task_adopt,
	[REDIS_SCRIPT_TAKE] = redis_lua_task_take,
	[REDIS_SCRIPT_ANSWER] = redis_lua_task_answer,
	[REDIS_SCRIPT_SETTLE] = redis_lua_task_settle,
	[REDIS_SCRIPT_BEAT] = redis_lua_life_beat,
	[REDIS_SCRIPT_REAP] = redis_lua_life_reap,
	[REDIS_SCRIPT_LEAVE] = redis_lua_life_leave,
	[REDIS_SCRIPT_OWNED] = redis_lua_life_owned,
	[REDIS_SCRIPT_ADMIT] = redis_lua_ask_admit,
	[REDIS_SCRIPT_FETCH] = redis_lua_ask_fetch,
};

static char digests[REDIS_SCRIPT_COUNT][41];

static void compute_digest(enum redis_script script)
{
	unsigned char bytes[DIGEST_MAX];
	struct slice text;
	int i;

	texts[script] = redis_mutant_text(texts[script]);
	text = slice_text(texts[script]);
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
