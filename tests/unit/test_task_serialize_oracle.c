/*
 * itsdangerous.json once more, through the task: every setting as an argument,
 * tokens as inputs, errors with their reason.
 */
#include "cherry/task.h"
#include "codec_oracle.h"
#include "task/task_serialize.h"
#include "task/task_settings.h"

static void put_member(struct buf *args, const char *key, struct slice raw)
{
	json_put_key(args, key);
	buf_add_slice(args, raw);
}

/* Text as it is; {"$bytes": B} as KEY_base64. */
static void put_bytes(struct buf *args, const char *key,
		      const struct json_node *node)
{
	char name[40];

	if (node->type != JSON_OBJECT) {
		put_member(args, key, node->raw);
		return;
	}
	snprintf(name, sizeof(name), "%s_base64", key);
	put_member(args, name, node->child->raw);
}

static void put_signer(struct buf *args, const struct json_node *item)
{
	static const char *const plain[] = {
		"class",   "key_derivation", "digest", "sep",
		"max_age", "epoch",	     "now",    "fallback_signers"};

	json_put_key(args, "signer");
	buf_add_char(args, '{');
	put_bytes(args, "secret_key", json_get(item, "secret_key"));
	if (json_get(item, "salt"))
		put_bytes(args, "salt", json_get(item, "salt"));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (json_get(item, plain[i]))
			put_member(args, plain[i],
				   json_get(item, plain[i])->raw);
	struct slice inner = oracle_text(item, "serializer");
	if (inner.len) {
		json_put_key(args, "serializer");
		json_put_string(args, slice_is(inner, "phpserialize")
					      ? SLICE("php")
					      : inner);
	}
	buf_add_char(args, '}');
}

static int run(struct buf *args, struct slice input, struct buf *result,
	       struct err *err)
{
	static const struct task *const table[] = {&task_serialize, NULL};
	struct task_input bytes = {SLICE("input"), input};
	struct arena arena;

	arena_init(&arena, 64 << 20);
	struct task_call call = {
		.args = buf_slice(args),
		.inputs = &bytes,
		.input_count = input.ptr != NULL,
		.settings = task_settings_new(&arena, table, NULL, 0, err),
		.arena = &arena};
	int r = task_run(&task_serialize, &call, result, err);
	arena_release(&arena);
	return r;
}

/* The result holds this member with this JSON. */
static bool has_member(const struct buf *result, const char *key,
		       struct slice raw)
{
	char text[4096];

	snprintf(text, sizeof(text), "\"%s\":%.*s", key, (int)raw.len, raw.ptr);
	return memmem(result->ptr, result->len, text, strlen(text)) != NULL;
}

static bool is_expected(const struct json_node *expect,
			const struct buf *result, const struct err *err, int r)
{
	struct json_node *error = json_get(expect, "error");
	struct json_node *value = json_get(expect, "value");
	struct buf text;

	if (error)
		return r && oracle_is_class(err, error->text);
	if (r || !value)
		return false;
	/* As it stands in the file, but for the blanks. */
	buf_init(&text, 1 << 16);
	if (value->type == JSON_OBJECT && slice_is(value->child->key, "$bytes"))
		json_put_string(&text, oracle_base64(value->child->text));
	else
		for (size_t i = 0; i < value->raw.len; i++)
			if (value->raw.ptr[i] != ' ' ||
			    value->type == JSON_STRING)
				buf_add_char(&text, value->raw.ptr[i]);
	bool same = has_member(result, "value", buf_slice(&text));
	buf_release(&text);
	return same;
}

static void check_loads(const struct json_node *item, struct buf *args,
			struct slice name)
{
	struct json_node *base64 = json_get(item, "token_b64");
	struct slice token = base64 ? oracle_base64(base64->text)
				    : oracle_text(item, "token");
	struct json_node *also = json_get(item, "also_ok");
	struct err err = ERR_INIT;
	struct buf result;

	buf_init(&result, 1 << 20);
	buf_add_text(args, ",\"from\":\"itsdangerous\",\"to\":\"value\"}");
	int r = run(args, token, &result, &err);
	bool good = is_expected(json_get(item, "expect"), &result, &err, r);
	for (struct json_node *c = also ? also->child : NULL; c; c = c->next)
		good = good || is_expected(c, &result, &err, r);
	cr_expect(good, "%.*s: %.*s %s %s", (int)name.len, name.ptr,
		  (int)result.len, result.ptr, err.reason, err.message);
	if (!r && json_get(item, "timestamp"))
		cr_expect(has_member(&result, "timestamp",
				     json_get(item, "timestamp")->raw),
			  "%.*s: %.*s", (int)name.len, name.ptr,
			  (int)result.len, result.ptr);
	buf_release(&result);
}

static void check_dumps(const struct json_node *item, struct buf *args,
			struct slice name)
{
	struct slice raw = json_get(item, "value_json")->raw;
	struct err err = ERR_INIT;
	struct buf result;

	/* Values that are no JSON are not for the task. */
	if (memmem(raw.ptr, raw.len, "\"$", 2))
		return;
	buf_init(&result, 1 << 20);
	put_member(args, "value", raw);
	buf_add_text(args, ",\"to\":\"itsdangerous\"}");
	int r = run(args, (struct slice){0}, &result, &err);
	struct json_node *base64 = json_get(item, "token_b64");
	struct json_node *token = base64 ? base64 : json_get(item, "token");
	if (json_get(item, "expect")) {
		cr_expect(
			is_expected(json_get(item, "expect"), &result, &err, r),
			"%.*s: %s %s", (int)name.len, name.ptr, err.reason,
			err.message);
	} else {
		struct slice bytes =
			base64 ? oracle_base64(base64->text) : token->text;
		struct buf text;
		buf_init(&text, 1 << 16);
		bool utf8 = utf8_check(bytes) == bytes.len;
		if (utf8)
			json_put_string(&text, bytes);
		cr_expect(
			!r && has_member(&result,
					 utf8 ? "output" : "output_base64",
					 utf8 ? buf_slice(&text) : base64->raw),
			"%.*s: %.*s %s", (int)name.len, name.ptr,
			(int)result.len, result.ptr, err.message);
		buf_release(&text);
	}
	buf_release(&result);
}

Test(task_serialize_oracle, itsdangerous)
{
	struct json_node *root = oracle_load(ORACLE_DIR "itsdangerous.json");
	int checked = 0;

	for (struct json_node *item = root->child; item; item = item->next) {
		struct slice name = oracle_text(item, "name");
		struct slice op = oracle_text(item, "op");
		struct buf args;
		buf_init(&args, 1 << 24);
		buf_add_char(&args, '{');
		put_signer(&args, item);
		if (slice_is(op, "loads") || slice_is(op, "unsign"))
			check_loads(item, &args, name);
		else
			check_dumps(item, &args, name);
		buf_release(&args);
		checked++;
	}
	cr_expect(checked > 110, "%d checked", checked);
}
