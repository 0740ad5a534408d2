/*
 * Helpers of the diff tests: a call of the task, files of the oracle, numbers
 * that are random but always the same, and generated documents.
 */
#ifndef TESTS_DIFF_CASE_H
#define TESTS_DIFF_CASE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cherry/diff.h"
#include "cherry/task.h"
#include "task/task_diff.h"
#include "task/task_settings.h"

#define CASE_MEMORY ((size_t)1 << 30)

/* --- A call --------------------------------------------------------------- */

struct diff_case {
	struct arena arena;
	struct buf args;  /* filled by hand, or by the functions below */
	struct buf reply; /* the result as JSON */
	struct json_node *result; /* NULL: see err */
	struct err err;
};

static inline void diff_case_init(struct diff_case *c)
{
	memset(c, 0, sizeof(*c));
	arena_init(&c->arena, CASE_MEMORY);
	buf_init(&c->args, CASE_MEMORY);
	buf_init(&c->reply, CASE_MEMORY);
	c->err.offset = -1;
}

static inline void diff_case_release(struct diff_case *c)
{
	arena_release(&c->arena);
	buf_release(&c->args);
	buf_release(&c->reply);
}

/* Appends `"key":"text"` to the arguments. */
static inline void diff_case_text(struct diff_case *c, const char *key,
				  struct slice text)
{
	if (!c->args.len)
		buf_add_char(&c->args, '{');
	json_put_key(&c->args, key);
	json_put_string(&c->args, text);
}

/* Appends `"key":raw`. */
static inline void diff_case_raw(struct diff_case *c, const char *key,
				 struct slice raw)
{
	if (!c->args.len)
		buf_add_char(&c->args, '{');
	json_put_key(&c->args, key);
	buf_add_slice(&c->args, raw);
}

/* Runs the call; `args` may be an object without the closing brace. 0, or -1
 * with c->err. */
static inline int diff_case_run(struct diff_case *c)
{
	static const struct task *const table[] = {&task_diff, NULL};
	struct task_call call = {.arena = &c->arena};

	if (c->args.len && c->args.ptr[c->args.len - 1] != '}')
		buf_add_char(&c->args, '}');
	call.args = buf_slice(&c->args);
	call.settings = task_settings_new(&c->arena, table, NULL, 0, &c->err);
	if (!call.settings || task_run(&task_diff, &call, &c->reply, &c->err))
		return -1;
	c->result = json_parse(&c->arena, buf_slice(&c->reply), JSON_DEPTH_MAX,
			       true, &c->err);
	return c->result ? 0 : -1;
}

/* The same for arguments that are written out. */
static inline int diff_case_run_text(struct diff_case *c, const char *args)
{
	diff_case_init(c);
	buf_add_text(&c->args, args);
	return diff_case_run(c);
}

static inline struct slice node_text(const struct json_node *object,
				     const char *key)
{
	const struct json_node *node = json_get(object, key);

	return node ? node->text : (struct slice){"", 0};
}

static inline struct slice node_raw(const struct json_node *object,
				    const char *key)
{
	const struct json_node *node = json_get(object, key);

	return node ? node->raw : (struct slice){"", 0};
}

static inline long node_int(const struct json_node *object, const char *key)
{
	int64_t value = -1;

	json_number_int64(node_raw(object, key), &value);
	return (long)value;
}

/* --- Files ---------------------------------------------------------------- */

/* The member "cases" of a file; lives as long as the program. */
static inline struct json_node *oracle_cases(const char *path)
{
	static struct arena arenas[8];
	static struct buf texts[8];
	static size_t files;
	struct arena *arena = &arenas[files];
	struct buf *text = &texts[files++];
	struct err err = ERR_INIT;
	FILE *file = files <= 8 ? fopen(path, "rb") : NULL;
	struct json_node *root = NULL;
	size_t got;

	arena_init(arena, CASE_MEMORY);
	buf_init(text, CASE_MEMORY);
	while (file && !buf_reserve(text, 65536) &&
	       (got = fread(text->ptr + text->len, 1, 65536, file)) > 0)
		text->len += got;
	if (file) {
		root = json_parse(arena, buf_slice(text), 1000, true, &err);
		fclose(file);
	}
	if (!root) {
		fprintf(stderr, "%s: %s\n", path, err.message);
		abort();
	}
	return json_get(root, "cases");
}

/* --- Random --------------------------------------------------------------- */

struct random {
	uint64_t state;
};

/* splitmix64 (Steele, Lea, Flood). Below `n`. */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % n);
}

/* Lines of text: few distinct ones or many, blank ones, braces, with tabs,
 * form feeds and carriage returns, and sometimes no newline at the end. */
static inline void random_line(struct random *r, struct buf *out)
{
	static const char *const stock[] = {"",	     "}",     "    }",
					    "\f",    "\t{",   "    return 0;",
					    "#if 1", "a\rb",  "caf\xc3\xa9",
					    "x\r",   "  \t ", "int main(void)"};
	static const char *const words[] = {"alpha", "beta", "gamma", "node",
					    "count"};

	if (random_below(r, 3) == 0) {
		buf_add_text(out, stock[random_below(r, 12)]);
	} else {
		buf_printf(out, "%*s%s = %s(%u);", (int)random_below(r, 3) * 4,
			   "", words[random_below(r, 5)],
			   words[random_below(r, 5)], random_below(r, 30));
	}
	buf_add_char(out, '\n');
}

/* Copies the lines of `text` with some left out, put in, doubled. */
static inline void random_edit(struct random *r, struct slice text,
			       uint32_t per_mille, struct buf *out)
{
	while (text.len) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) + 1 : text.len;
		uint32_t what = random_below(r, 4);

		if (random_below(r, 1000) >= per_mille) {
			buf_add(out, text.ptr, len);
		} else if (what == 0) {
			random_line(r, out);
		} else if (what == 1) {
			random_line(r, out);
			buf_add(out, text.ptr, len);
		} else if (what == 2) {
			buf_add(out, text.ptr, len);
			buf_add(out, text.ptr, len);
		}
		text = slice_of(text.ptr + len, text.len - len);
	}
	if (out->len && out->ptr[out->len - 1] == '\n' &&
	    random_below(r, 6) == 0)
		out->len--;
}

/* A pair of texts: one an edited copy of the other, or two of their own. */
static inline void random_texts(struct random *r, struct buf *old_text,
				struct buf *new_text)
{
	uint32_t lines = random_below(r, random_below(r, 8) ? 30 : 300);

	buf_init(old_text, CASE_MEMORY);
	buf_init(new_text, CASE_MEMORY);
	for (uint32_t n = 0; n < lines; n++)
		random_line(r, old_text);
	if (old_text->len && random_below(r, 6) == 0)
		old_text->len--;
	if (random_below(r, 8))
		random_edit(r, buf_slice(old_text),
			    random_below(r, 2) ? 60 : 400, new_text);
	else
		for (uint32_t n = random_below(r, 30); n > 0; n--)
			random_line(r, new_text);
}

#endif
