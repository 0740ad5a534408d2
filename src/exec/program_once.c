/*
 * A program that runs once for each task: its environment, its standard input,
 * and what its end means.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "exec/death.h"
#include "exec/program.h"

#define DEPTH_MAX 512

/* --- Environment ----------------------------------------------------------- */

/* NAME=VALUE texts, one after the other. */
struct environment {
	struct buf text;
	size_t count;
};

static void add(struct environment *env, const char *name, struct slice value)
{
	buf_add_text(&env->text, name);
	buf_add_char(&env->text, '=');
	buf_add_slice(&env->text, value);
	buf_add_char(&env->text, '\0');
	env->count++;
}

static void add_ours(struct environment *env, const char *name,
		     const char *fallback)
{
	const char *value = getenv(name);

	if (!value || !*value)
		value = fallback;
	if (value)
		add(env, name, slice_text(value));
}

static void add_user(struct environment *env, const struct program_user *user)
{
	if (!user || !user->name) {
		add_ours(env, "HOME", "/");
		add_ours(env, "USER", NULL);
		add_ours(env, "LOGNAME", NULL);
		return;
	}
	add(env, "HOME", slice_text(user->home));
	add(env, "USER", slice_text(user->name));
	add(env, "LOGNAME", slice_text(user->name));
}

/* The id's text or digits. */
static int add_id(struct environment *env, struct slice id, struct err *err)
{
	struct json_span span;
	struct buf text;
	int r = 0;

	if (json_check(id, 1, &span, NULL) || span.type != JSON_STRING) {
		add(env, "CHERRY_ID", id);
		return 0;
	}
	buf_init(&text, id.len);
	if (json_string_decode(&span, true, &text, err))
		r = -1;
	else if (text.len && memchr(text.ptr, '\0', text.len))
		r = err_field(err, ERR_BAD_TASK, "id",
			      "id: it holds a NUL, which a program's "
			      "environment cannot");
	else
		add(env, "CHERRY_ID", buf_slice(&text));
	buf_release(&text);
	return r;
}

static int add_call(struct environment *env, const struct program_call *call,
		    struct err *err)
{
	char number[64];

	if (add_id(env, call->id, err))
		return -1;
	add(env, "CHERRY_TASK", slice_text(call->task));
	add(env, "CHERRY_QUEUE", slice_text(call->queue));
	snprintf(number, sizeof(number), "%u", call->attempt);
	add(env, "CHERRY_ATTEMPT", slice_text(number));
	snprintf(number, sizeof(number), "%.3f", call->deadline);
	add(env, "CHERRY_DEADLINE", slice_text(number));
	return 0;
}

/* The texts, with the array of pointers to them in front. */
static char **pack(const struct environment *env)
{
	size_t head = (env->count + 1) * sizeof(char *), i;
	char **list = xrealloc(NULL, 1, head + env->text.len);
	char *text = (char *)list + head;

	memcpy(text, env->text.ptr, env->text.len);
	for (i = 0; i < env->count; i++) {
		list[i] = text;
		text += strlen(text) + 1;
	}
	list[i] = NULL;
	return list;
}

char **program_environment(const struct program_user *user,
			   const struct program_call *call, struct err *err)
{
	struct environment env = {.count = 0};
	char **list = NULL;

	buf_init(&env.text, SIZE_MAX / 2);
	add_ours(&env, "PATH",
		 "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
		 "/bin");
	add_ours(&env, "LANG", "C.UTF-8");
	add_ours(&env, "LC_ALL", NULL);
	add_ours(&env, "TZ", NULL);
	add_ours(&env, "TMPDIR", NULL);
	add_user(&env, user);
	if (!call || !add_call(&env, call, err))
		list = pack(&env);
	buf_release(&env.text);
	return list;
}

/* --- Standard input -------------------------------------------------------- */

static const struct task_arg input_args[] = {
	{.name = "input", .type = ARG_BYTES},
	{.type = ARG_END},
};

static bool key_is(const struct json_member *member, const char *name)
{
	struct json_span span = {JSON_STRING, true, {NULL, 0}};
	char room[96];
	struct buf text = {
		.ptr = room, .cap = sizeof(room), .max = sizeof(room)};

	if (!member->key_escaped)
		return slice_is(member->key, name);
	span.raw = slice_of(member->key.ptr - 1, member->key.len + 2);
	return span.raw.len <= sizeof(room) &&
	       !json_string_decode(&span, true, &text, NULL) &&
	       slice_is(buf_slice(&text), name);
}

/* Is `input` among the arguments, as text or as base64, and what else is? */
static int has_input(struct slice args, bool *found, struct slice *other,
		     struct err *err)
{
	struct json_members it;
	struct json_member member;
	int r;

	*found = false;
	*other = (struct slice){0};
	if (json_members_init(&it, args, DEPTH_MAX, err))
		return -1;
	while ((r = json_members_next(&it, &member, err)) > 0) {
		if (key_is(&member, "input") || key_is(&member, "input_base64"))
			*found = true;
		else if (!other->ptr)
			*other = member.key;
	}
	return r;
}

int program_input(const struct program_call *call, struct arena *arena,
		  struct slice *input, struct err *err)
{
	struct task_call as_task = {
		.args = call->args,
		.inputs = call->inputs,
		.input_count = call->input_count,
		.arena = arena,
	};
	struct task_value value;
	struct slice other;
	bool found = false;
	char field[160], name[100];

	*input = call->args;
	if (call->raw)
		return 0;
	if (has_input(call->args, &found, &other, err)) {
		if (err && err->code != ERR_LIMIT)
			err->code = ERR_BAD_ARGS;
		return -1;
	}
	if (!found && !call->input_count)
		return 0;
	if (other.ptr) {
		snprintf(field, sizeof(field), "args.%s",
			 err_quote(name, 90, other));
		return err_field(
			err, ERR_BAD_ARGS, field,
			"%s: where `input` is given it is all that the "
			"program reads",
			field);
	}
	if (task_args_read(input_args, &as_task, &value, err))
		return -1;
	*input = value.text;
	return 0;
}

int program_args_check(const struct program_call *call, struct arena *arena,
		       struct err *err)
{
	struct err cause = ERR_INIT;

	if (call->raw || json_parse(arena, call->args, DEPTH_MAX, true, &cause))
		return 0;
	if (cause.code == ERR_LIMIT)
		return err_limit(err, cause.limit, cause.value, "args: %s",
				 cause.message);
	err_field(err, ERR_BAD_ARGS, "args", "args: %s", cause.message);
	return err_at(err, cause.offset);
}

/* --- The end --------------------------------------------------------------- */

/* Somebody else ended it: an operator, a service manager, a lack of memory. */
static bool is_from_outside(int signal)
{
	return signal == SIGKILL || signal == SIGTERM || signal == SIGINT ||
	       signal == SIGHUP;
}

struct program_end program_end_read(int status, bool overflow,
				    size_t max_output)
{
	struct program_end end = {.err = ERR_INIT, .exit_status = -1};
	char name[16];

	if (WIFEXITED(status))
		end.exit_status = WEXITSTATUS(status);
	else
		end.signal = WTERMSIG(status);
	if (overflow) {
		err_limit(&end.err, "max_output", (int64_t)max_output,
			  "the program wrote more than max_output %zu bytes",
			  max_output);
	} else if (end.signal) {
		end.retryable = is_from_outside(end.signal);
		err_set(&end.err, ERR_FAILED, "the program was killed by %s%s",
			death_signal_name(end.signal, name),
			death_classify(status) == DEATH_CPU
				? ": its limit of processor time is used up"
				: "");
	} else if (end.exit_status) {
		end.retryable = end.exit_status == EX_TEMPFAIL;
		err_set(&end.err, ERR_FAILED,
			"the program exited with status %d", end.exit_status);
	}
	return end;
}
