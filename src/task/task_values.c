/*
 * Turns one JSON value, or the text of one setting, into what its row of the
 * table asks for. All messages begin with the path of the member.
 */
#include "task/task_values.h"

#include <math.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/text.h"

size_t task_table_rows(const struct task_arg *table)
{
	size_t count = 0;

	while (table && table[count].type != ARG_END)
		count++;
	return count;
}

static int no_memory(const char *path, size_t len, struct err *err)
{
	err_limit(err, "memory", (int64_t)len, "%s: no memory for it", path);
	return -1;
}

/* --- Choices --------------------------------------------------------------- */

/* The next word of a list that spaces or commas separate. */
static bool next_word(struct slice *list, struct slice *word)
{
	while (list->len && (*list->ptr == ' ' || *list->ptr == ',')) {
		list->ptr++;
		list->len--;
	}
	word->ptr = list->ptr;
	while (list->len && *list->ptr != ' ' && *list->ptr != ',') {
		list->ptr++;
		list->len--;
	}
	word->len = (size_t)(list->ptr - word->ptr);
	return word->len > 0;
}

static int choice_find(const char *choices, struct slice text)
{
	struct slice list = slice_text(choices), word;
	int i;

	for (i = 0; next_word(&list, &word); i++)
		if (slice_equal(word, text))
			return i;
	return -1;
}

/* "text html xml" -> "text, html, xml" */
static const char *choice_list(const char *choices, char *out, size_t size)
{
	struct slice list = slice_text(choices), word;
	size_t len = 0;

	out[0] = '\0';
	while (next_word(&list, &word) && len + word.len + 3 < size)
		len += (size_t)snprintf(out + len, size - len, "%s%.*s",
					len ? ", " : "", (int)word.len,
					word.ptr);
	return out;
}

static int not_a_choice(const struct task_arg *row, const char *path,
			struct slice text, struct err *err)
{
	char quoted[64], list[320];

	return err_field(err, ERR_BAD_ARGS, path, "%s: \"%s\" is not one of %s",
			 path, err_quote(quoted, 40, text),
			 choice_list(row->choices, list, sizeof(list)));
}

/* --- Numbers --------------------------------------------------------------- */

static int check_range(const struct task_arg *row, const char *path,
		       double number, struct err *err)
{
	if ((row->min == 0 && row->max == 0) ||
	    (number >= row->min && number <= row->max))
		return 0;
	return err_field(err, ERR_BAD_ARGS, path,
			 row->type == ARG_INTEGER
				 ? "%s: %.0f is not between %.0f and %.0f"
				 : "%s: %.15g is not between %.15g and %.15g",
			 path, number, row->min, row->max);
}

static int integer_set(const struct task_arg *row, const char *path,
		       struct slice raw, struct task_value *value,
		       struct err *err)
{
	char quoted[64];

	if (json_number_int64(raw, &value->integer))
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: %s is not an integer of 64 bits", path,
				 err_quote(quoted, 40, raw));
	value->number = (double)value->integer;
	return check_range(row, path, value->number, err);
}

static int number_set(const struct task_arg *row, const char *path,
		      struct slice raw, struct task_value *value,
		      struct err *err)
{
	char quoted[64];

	value->number = json_number_double(raw);
	if (!isfinite(value->number))
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: %s is too large for a double", path,
				 err_quote(quoted, 40, raw));
	return check_range(row, path, value->number, err);
}

/* --- From JSON ------------------------------------------------------------- */

/* A decoded string: in place where it has no escapes, else in the arena. */
static int text_decode(const struct task_found *found, struct arena *arena,
		       struct slice *text, struct err *err)
{
	const struct json_span *span = &found->span;
	struct buf out = {.max = span->raw.len};
	struct err cause = ERR_INIT;

	if (!span->escaped) {
		*text = slice_of(span->raw.ptr + 1, span->raw.len - 2);
		return 0;
	}
	/* Decoded text is never longer than it was written, so that this buffer
	 * has no cause to grow out of the arena. */
	out.ptr = arena_alloc(arena, out.max);
	out.cap = out.max;
	if (!out.ptr)
		return no_memory(found->path, span->raw.len, err);
	if (json_string_decode(span, false, &out, &cause))
		return err_field(err, ERR_BAD_ARGS, found->path, "%s: %s",
				 found->path, cause.message);
	*text = buf_slice(&out);
	return 0;
}

int task_value_read_base64(const struct task_found *found, struct arena *arena,
			   struct task_value *value, struct err *err)
{
	struct slice text = {0};
	struct buf out = {0};
	size_t offset = 0;

	if (found->span.type != JSON_STRING)
		return err_field(err, ERR_BAD_ARGS, found->path,
				 "%s: base64 in a text is needed, not %s",
				 found->path, json_type_name(found->span.type));
	if (text_decode(found, arena, &text, err))
		return -1;
	out.max = out.cap = text.len + 4;
	out.ptr = arena_alloc(arena, out.max);
	if (!out.ptr)
		return no_memory(found->path, text.len, err);
	if (base64_decode(&out, text, &offset)) {
		err_field(err, ERR_BAD_ARGS, found->path,
			  "%s: not base64 at byte %zu", found->path, offset);
		return err_at(err, (int64_t)offset);
	}
	value->text = buf_slice(&out);
	return 0;
}

static int node_parse(const struct task_found *found, struct arena *arena,
		      struct task_value *value, struct err *err)
{
	struct err cause = ERR_INIT;

	value->raw = found->span.raw;
	value->node = found->node;
	if (!value->node)
		value->node = json_parse(arena, found->span.raw,
					 TASK_ARGS_DEPTH, true, &cause);
	if (value->node)
		return 0;
	if (cause.code == ERR_LIMIT) {
		err_limit(err, cause.limit, cause.value, "%s: %s", found->path,
			  cause.message);
		return -1;
	}
	err_field(err, ERR_BAD_ARGS, found->path, "%s: %s", found->path,
		  cause.message);
	return err_at(err, cause.offset);
}

static int wrong_type(const struct task_found *found, const char *needed,
		      struct err *err)
{
	return err_field(err, ERR_BAD_ARGS, found->path,
			 "%s: %s is needed, not %s", found->path, needed,
			 json_type_name(found->span.type));
}

static int read_choice(const struct task_arg *row,
		       const struct task_found *found, struct arena *arena,
		       struct task_value *value, struct err *err)
{
	if (found->span.type != JSON_STRING)
		return wrong_type(found, "a text", err);
	if (text_decode(found, arena, &value->text, err))
		return -1;
	value->integer = choice_find(row->choices, value->text);
	if (value->integer < 0)
		return not_a_choice(row, found->path, value->text, err);
	return 0;
}

static int read_choices(const struct task_arg *row,
			const struct task_found *found, struct arena *arena,
			struct task_value *value, struct err *err)
{
	const struct json_node *item;
	char path[160];
	int place, i = 0;

	if (found->span.type != JSON_ARRAY)
		return wrong_type(found, "an array of texts", err);
	if (node_parse(found, arena, value, err))
		return -1;
	for (item = value->node->child; item; item = item->next, i++) {
		snprintf(path, sizeof(path), "%s[%d]", found->path, i);
		if (item->type != JSON_STRING)
			return err_field(err, ERR_BAD_ARGS, path,
					 "%s: a text is needed, not %s", path,
					 json_type_name(item->type));
		place = choice_find(row->choices, item->text);
		if (place < 0)
			return not_a_choice(row, path, item->text, err);
		value->bits |= (uint64_t)1 << place;
	}
	return 0;
}

static int read_number(const struct task_arg *row,
		       const struct task_found *found, struct task_value *value,
		       struct err *err)
{
	bool integer = row->type == ARG_INTEGER;

	if (found->span.type != JSON_NUMBER)
		return wrong_type(found, integer ? "an integer" : "a number",
				  err);
	return (integer ? integer_set : number_set)(
		row, found->path, found->span.raw, value, err);
}

static int read_string(const struct task_found *found, struct arena *arena,
		       struct task_value *value, struct err *err)
{
	if (found->span.type != JSON_STRING)
		return wrong_type(found, "a text", err);
	return text_decode(found, arena, &value->text, err);
}

int task_value_read(const struct task_arg *row, const struct task_found *found,
		    struct arena *arena, struct task_value *value,
		    struct err *err)
{
	enum json_type type = found->span.type;

	*value = (struct task_value){.given = true, .raw = found->span.raw};
	switch (row->type) {
	case ARG_TEXT:
	case ARG_BYTES:
		return read_string(found, arena, value, err);
	case ARG_BYTES_JSON:
		if (type != JSON_STRING)
			return node_parse(found, arena, value, err);
		value->raw = (struct slice){0};
		return read_string(found, arena, value, err);
	case ARG_BOOL:
		if (type != JSON_TRUE && type != JSON_FALSE)
			return wrong_type(found, "true or false", err);
		value->integer = type == JSON_TRUE;
		return 0;
	case ARG_INTEGER:
	case ARG_NUMBER:
		return read_number(row, found, value, err);
	case ARG_CHOICE:
		return read_choice(row, found, arena, value, err);
	case ARG_CHOICES:
		return read_choices(row, found, arena, value, err);
	case ARG_JSON:
		return node_parse(found, arena, value, err);
	case ARG_RAW:
		value->node = found->node;
		return 0;
	case ARG_SIZE:
	case ARG_END:
		break;
	}
	return err_set(err, ERR_INTERNAL, "%s: its type has no JSON form",
		       found->path);
}

/* --- From text ------------------------------------------------------------- */

static int parse_bool(const char *path, struct slice text,
		      struct task_value *value, struct err *err)
{
	static const char *const words[] = {"false", "true", "no", "yes",
					    "off",   "on",   "0",  "1"};
	char quoted[64];
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (slice_is(text, words[i])) {
			value->integer = i & 1;
			return 0;
		}
	return err_field(err, ERR_BAD_ARGS, path,
			 "%s: \"%s\" is not true or false", path,
			 err_quote(quoted, 40, text));
}

static int parse_choices(const struct task_arg *row, const char *path,
			 struct slice text, struct task_value *value,
			 struct err *err)
{
	struct slice list = text, word;
	int place;

	while (next_word(&list, &word)) {
		place = choice_find(row->choices, word);
		if (place < 0)
			return not_a_choice(row, path, word, err);
		value->bits |= (uint64_t)1 << place;
	}
	return 0;
}

static int parse_number(const struct task_arg *row, const char *path,
			struct slice text, struct task_value *value,
			struct err *err)
{
	struct json_span span;
	char quoted[64];

	if (json_check(text, 1, &span, NULL) || span.type != JSON_NUMBER)
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: \"%s\" is not a number", path,
				 err_quote(quoted, 40, text));
	return (row->type == ARG_INTEGER ? integer_set : number_set)(
		row, path, span.raw, value, err);
}

static int parse_size(const struct task_arg *row, const char *path,
		      struct slice text, struct task_value *value,
		      struct err *err)
{
	uint64_t size;
	char quoted[64];

	if (text_size(text, &size) || size > INT64_MAX)
		return err_field(err, ERR_BAD_ARGS, path,
				 "%s: \"%s\" is not a size such as 16M", path,
				 err_quote(quoted, 40, text));
	value->integer = (int64_t)size;
	return check_range(row, path, (double)size, err);
}

int task_value_parse(const struct task_arg *row, const char *path,
		     struct slice text, struct task_value *value,
		     struct err *err)
{
	*value = (struct task_value){.given = true, .text = text};
	switch (row->type) {
	case ARG_TEXT:
		if (utf8_check(text) != text.len)
			return err_field(err, ERR_BAD_ARGS, path,
					 "%s: not UTF-8", path);
		return 0;
	case ARG_BOOL:
		return parse_bool(path, text, value, err);
	case ARG_INTEGER:
	case ARG_NUMBER:
		return parse_number(row, path, text, value, err);
	case ARG_CHOICE:
		value->integer = choice_find(row->choices, text);
		if (value->integer < 0)
			return not_a_choice(row, path, text, err);
		return 0;
	case ARG_CHOICES:
		return parse_choices(row, path, text, value, err);
	case ARG_SIZE:
		return parse_size(row, path, text, value, err);
	default:
		return err_set(err, ERR_INTERNAL,
			       "%s: its type has no text form", path);
	}
}

void task_value_default(const struct task_arg *row, struct task_value *value)
{
	*value = (struct task_value){0};
	if (!row->fallback)
		return;
	if (row->type != ARG_BYTES && row->type != ARG_BYTES_JSON &&
	    row->type != ARG_JSON && row->type != ARG_RAW)
		(void)task_value_parse(row, row->name,
				       slice_text(row->fallback), value, NULL);
	value->given = false;
}
