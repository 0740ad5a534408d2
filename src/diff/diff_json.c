/*
 * Compares JSON values: builds the trees, then a patch, a merge patch, opcodes
 * or only the counts.
 */
#include "diff/diff_json.h"

#include <stdlib.h>

struct json_pair {
	struct arena arena;
	struct diff_interner *names;
	struct json_value *value[2];
};

static int json_pair_init(struct json_pair *pair, size_t max_memory,
			  const struct json_node *const node[2],
			  struct err *err)
{
	size_t max = max_memory ? max_memory : DIFF_MEMORY_DEFAULT;

	memset(pair, 0, sizeof(*pair));
	arena_init(&pair->arena, max);
	pair->names = diff_interner_new(max);
	for (int n = 0; n < 2 && pair->names; n++)
		pair->value[n] =
			json_value_build(&pair->arena, pair->names, node[n]);
	if (pair->value[0] && pair->value[1])
		return 0;
	return err_limit(err, "memory", (int64_t)max,
			 "the values need more than %zu bytes of memory", max);
}

static void json_pair_release(struct json_pair *pair)
{
	diff_interner_free(pair->names);
	arena_release(&pair->arena);
}

/* --- Patches -------------------------------------------------------------- */

static uint32_t json_key(struct json_pair *pair, struct slice key)
{
	char *copy;

	if (!key.ptr)
		return DIFF_NO_ID;
	copy = arena_alloc(&pair->arena, key.len + 1);
	if (!copy)
		return DIFF_NO_ID;
	/* As the tree describes keys. */
	copy[0] = 'k';
	memcpy(copy + 1, key.ptr, key.len);
	return diff_intern(pair->names, slice_of(copy, key.len + 1));
}

static int json_patch(struct json_pair *pair,
		      const struct json_options *options, struct buf *out,
		      struct diff_result *result, struct err *err)
{
	struct json_patch patch = {
		.arena = &pair->arena,
		.names = pair->names,
		.options = options,
		.out = options->output == DIFF_JSON_PATCH ? out : NULL,
		.result = result,
		.key = json_key(pair, options->key),
		.err = err,
	};
	uint64_t total = pair->value[0]->leaves + pair->value[1]->leaves;

	result->exact = true;
	if (json_patch_run(&patch, pair->value[0], pair->value[1]))
		return -1;
	result->ratio = 2.0 * (double)result->matches / (double)total;
	return 0;
}

/* --- Elements ------------------------------------------------------------- */

static uint32_t *json_ids(struct arena *arena, const struct json_value *array)
{
	uint32_t *ids = arena_alloc(arena, array->count * sizeof(*ids));

	for (uint32_t n = 0; ids && n < array->count; n++)
		ids[n] = array->children[n].id;
	return ids;
}

/* Flags by id for the values that are junk. */
static int json_junk(struct json_pair *pair, const struct json_node *junk,
		     struct diff_options *options)
{
	struct json_value *values;
	uint8_t *flags;

	if (!junk)
		return 0;
	values = json_value_build(&pair->arena, pair->names, junk);
	options->junk_count = diff_interner_count(pair->names);
	flags = arena_calloc(&pair->arena, options->junk_count, 1);
	if (!values || !flags)
		return -1;
	for (uint32_t n = 0; n < values->count; n++)
		flags[values->children[n].id] = 1;
	options->junk = flags;
	return 0;
}

static int json_elements(struct json_pair *pair, const struct json_node *junk,
			 const struct diff_options *engine, struct buf *out,
			 struct diff_result *result, struct err *err)
{
	struct diff_options options = *engine;
	struct diff_seq seq[2];

	for (int n = 0; n < 2; n++) {
		seq[n].ids = json_ids(&pair->arena, pair->value[n]);
		seq[n].count = pair->value[n]->count;
	}
	if (!seq[0].ids || !seq[1].ids || json_junk(pair, junk, &options))
		return err_limit(err, "memory", (int64_t)pair->arena.max,
				 "the lists need more than %zu bytes of memory",
				 pair->arena.max);
	if (diff_run(&seq[0], &seq[1], &options, result, err))
		return -1;
	if (out)
		diff_put_opcodes(out, result);
	return 0;
}

/* --- Public --------------------------------------------------------------- */

static int json_write(struct json_pair *pair,
		      const struct json_options *options, struct buf *out,
		      struct diff_result *result, struct err *err)
{
	if (options->output == DIFF_JSON_OPCODES)
		return json_elements(pair, NULL, &options->engine, out, result,
				     err);
	if (json_patch(pair, options, out, result, err))
		return -1;
	if (options->output == DIFF_JSON_MERGE_PATCH)
		return json_merge_run(&pair->arena, pair->value[0],
				      pair->value[1], out, err);
	return 0;
}

/* Says if the output ran over, and gives up the result after an error. */
static int json_finish(int status, const struct buf *out,
		       struct diff_result *result, struct err *err)
{
	if (!status && out && out->failed)
		status = err_limit(err, "output", (int64_t)out->max,
				   "the diff is longer than %zu bytes",
				   out->max);
	if (status)
		diff_result_release(result);
	return status;
}

int diff_json(const struct json_node *old_value,
	      const struct json_node *new_value,
	      const struct json_options *options, struct buf *out,
	      struct diff_result *result, struct err *err)
{
	const struct json_node *const node[2] = {old_value, new_value};
	struct json_pair pair;
	int status;

	memset(result, 0, sizeof(*result));
	if (options->output == DIFF_JSON_OPCODES &&
	    (old_value->type != JSON_ARRAY || new_value->type != JSON_ARRAY))
		return err_reason(err, ERR_UNSUPPORTED, "array",
				  "opcodes need two arrays, not %s and %s",
				  json_type_name(old_value->type),
				  json_type_name(new_value->type));
	status = json_pair_init(&pair, options->engine.max_memory, node, err);
	if (!status)
		status = json_write(&pair, options, out, result, err);
	json_pair_release(&pair);
	return json_finish(status, out, result, err);
}

int diff_list(const struct json_node *old_array,
	      const struct json_node *new_array, const struct json_node *junk,
	      const struct diff_options *options, struct buf *out,
	      struct diff_result *result, struct err *err)
{
	const struct json_node *const node[2] = {old_array, new_array};
	struct json_pair pair;
	int status;

	memset(result, 0, sizeof(*result));
	status = json_pair_init(&pair, options->max_memory, node, err);
	if (!status)
		status = json_elements(&pair, junk, options, out, result, err);
	json_pair_release(&pair);
	return json_finish(status, out, result, err);
}
