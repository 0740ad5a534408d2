/*
 * Reads the arguments of a call by its task's table: members in place, without
 * a tree of the whole; only what is a tree for the handler becomes one.
 *
 * A byte string NAME is looked for in three places (args.NAME,
 * args.NAME_base64, inputs.NAME) and may be in one of them.
 */
#include "cherry/task.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/json.h"
#include "base/nearest.h"
#include "task/task_values.h"

#define PATH_MAX_LEN 160

struct reading {
	const struct task_arg *table;
	const char *path; /* of the object, "args" */
	struct arena *arena;
	struct task_value *values;
	bool bytes; /* NAME_base64 and inputs count */
};

static bool is_bytes(const struct task_arg *row)
{
	return row->type == ARG_BYTES || row->type == ARG_BYTES_JSON;
}

static const char *member_path(char out[PATH_MAX_LEN], const char *path,
			       struct slice key)
{
	char quoted[100];

	snprintf(out, PATH_MAX_LEN, "%.50s.%s", path,
		 err_quote(quoted, 90, key));
	return out;
}

/* The row of that name; `base64` says that the name is NAME_base64 of a byte
 * string. -1: there is none. */
static int row_find(const struct reading *reading, struct slice key,
		    bool *base64)
{
	static const struct slice tail = SLICE("_base64");
	const struct task_arg *row = reading->table;
	struct slice bare = key;
	int i;

	*base64 = false;
	for (i = 0; row[i].type != ARG_END; i++)
		if (slice_is(key, row[i].name))
			return i;
	if (!reading->bytes || key.len <= tail.len ||
	    memcmp(key.ptr + key.len - tail.len, tail.ptr, tail.len) != 0)
		return -1;
	bare.len -= tail.len;
	*base64 = true;
	for (i = 0; row[i].type != ARG_END; i++)
		if (is_bytes(&row[i]) && slice_is(bare, row[i].name))
			return i;
	return -1;
}

static int unknown(const struct reading *reading, struct slice key,
		   struct err *err)
{
	const struct task_arg *row;
	struct nearest near = nearest_init(key);
	char path[PATH_MAX_LEN];

	member_path(path, reading->path, key);
	for (row = reading->table; row->type != ARG_END; row++)
		nearest_try(&near, row->name);
	if (nearest_name(&near))
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: there is no such argument; did you mean "
				 "\"%s\"?",
				 path, nearest_name(&near));
	return err_field(err, ERR_BAD_ARGS, path,
			 "%s: there is no such argument", path);
}

static int take_member(struct reading *reading, struct slice key,
		       const struct json_span *span, struct json_node *node,
		       struct err *err)
{
	char path[PATH_MAX_LEN];
	struct task_found found = {.path = path, .span = *span, .node = node};
	struct task_value *value;
	bool base64;
	int row = row_find(reading, key, &base64);

	if (row < 0)
		return unknown(reading, key, err);
	value = &reading->values[row];
	member_path(path, reading->path, key);
	if (value->given)
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: %s is given twice", path,
				 reading->table[row].name);
	if (!base64)
		return task_value_read(&reading->table[row], &found,
				       reading->arena, value, err);
	*value = (struct task_value){.given = true};
	return task_value_read_base64(&found, reading->arena, value, err);
}

/* A member's name, decoded where it was written with escapes. */
static int member_key(const struct json_member *member, struct arena *arena,
		      struct slice *key, struct err *err)
{
	struct json_span span = {JSON_STRING, true, {NULL, 0}};
	struct buf out = {.max = member->key.len + 2};

	*key = member->key;
	if (!member->key_escaped)
		return 0;
	span.raw = slice_of(member->key.ptr - 1, member->key.len + 2);
	out.cap = out.max;
	out.ptr = arena_alloc(arena, out.max);
	if (!out.ptr)
		return err_limit(err, "memory", (int64_t)out.max,
				 "no memory for the name of an argument");
	if (json_string_decode(&span, true, &out, err))
		return -1;
	*key = buf_slice(&out);
	return 0;
}

static int bad_json(struct err *err)
{
	if (err && err->code != ERR_LIMIT)
		err->code = ERR_BAD_ARGS;
	if (err && !err->field[0])
		memcpy(err->field, "args", sizeof("args"));
	return -1;
}

static int take_members(struct reading *reading, struct slice args,
			struct err *err)
{
	struct json_members it;
	struct json_member member;
	struct slice key;
	int r;

	if (json_members_init(&it, args, TASK_ARGS_DEPTH, err))
		return bad_json(err);
	while ((r = json_members_next(&it, &member, err)) > 0) {
		if (member_key(&member, reading->arena, &key, err))
			return bad_json(err);
		if (take_member(reading, key, &member.value, NULL, err))
			return -1;
	}
	return r < 0 ? bad_json(err) : 0;
}

static int take_input(struct reading *reading, const struct task_input *input,
		      struct err *err)
{
	const struct task_arg *row = reading->table;
	char path[PATH_MAX_LEN];
	struct nearest near = nearest_init(input->name);
	int i;

	member_path(path, "inputs", input->name);
	for (i = 0; row[i].type != ARG_END; i++) {
		if (!is_bytes(&row[i]))
			continue;
		nearest_try(&near, row[i].name);
		if (!slice_is(input->name, row[i].name))
			continue;
		if (reading->values[i].given)
			return err_field(err, ERR_BAD_ARGS, path,
					 "%s: %s is given twice", path,
					 row[i].name);
		reading->values[i] = (struct task_value){.given = true,
							 .text = input->bytes};
		return 0;
	}
	return err_field(err, ERR_BAD_ARGS, path,
			 "%s: the task takes no byte string of that name%s%s%s",
			 path, nearest_name(&near) ? "; did you mean \"" : "",
			 nearest_name(&near) ? nearest_name(&near) : "",
			 nearest_name(&near) ? "\"?" : "");
}

static int check_required(const struct reading *reading, struct err *err)
{
	const struct task_arg *row = reading->table;
	char path[PATH_MAX_LEN];
	int i;

	for (i = 0; row[i].type != ARG_END; i++) {
		if (!row[i].required || reading->values[i].given)
			continue;
		member_path(path, reading->path, slice_text(row[i].name));
		if (!is_bytes(&row[i]))
			return err_field(err, ERR_BAD_ARGS, path,
					 "%s: it is required", path);
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: it is required, as %s, %s_base64 or "
				 "inputs.%s",
				 path, path, path, row[i].name);
	}
	return 0;
}

static void set_defaults(const struct reading *reading)
{
	const struct task_arg *row = reading->table;
	int i;

	for (i = 0; row[i].type != ARG_END; i++)
		task_value_default(&row[i], &reading->values[i]);
}

int task_args_read(const struct task_arg *table, struct task_call *call,
		   struct task_value *values, struct err *err)
{
	struct reading reading = {
		.table = table,
		.path = "args",
		.arena = call->arena,
		.values = values,
		.bytes = true,
	};
	size_t i;

	set_defaults(&reading);
	if (take_members(&reading, call->args, err))
		return -1;
	for (i = 0; i < call->input_count; i++)
		if (take_input(&reading, &call->inputs[i], err))
			return -1;
	return check_required(&reading, err);
}

int task_args_read_node(const struct task_arg *table, struct arena *arena,
			const struct json_node *object, const char *path,
			struct task_value *values, struct err *err)
{
	struct reading reading = {
		.table = table,
		.path = path,
		.arena = arena,
		.values = values,
	};
	struct json_node *child;
	struct json_span span;

	set_defaults(&reading);
	if (object->type != JSON_OBJECT)
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: an object is needed, not %s", path,
				 json_type_name(object->type));
	for (child = object->child; child; child = child->next) {
		span = (struct json_span){
			.type = child->type,
			.escaped = memchr(child->raw.ptr, '\\',
					  child->raw.len) != NULL,
			.raw = child->raw,
		};
		if (take_member(&reading, child->key, &span, child, err))
			return -1;
	}
	return check_required(&reading, err);
}
