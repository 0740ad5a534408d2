/*
 * JSON diffs: of an array of two values, the patch made from the first and the
 * second, applied to the first, gives the second; so does the merge patch if
 * there is one. By key, too.
 */
#include <stdlib.h>

#include "diff/diff_json.h"
#include "json_apply.h"

#define MEMORY ((size_t)256 << 20)
#define DEPTH  200

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool check(struct arena *arena, const struct json_node *x,
		  const struct json_node *y, const struct json_options *options)
{
	struct diff_result result;
	struct err err = ERR_INIT;
	struct tree_node *made;
	struct json_node *patch;
	struct buf out;

	buf_init(&out, MEMORY);
	if (diff_json(x, y, options, &out, &result, &err)) {
		must(options->output == DIFF_JSON_MERGE_PATCH);
		must(err.code == ERR_UNSUPPORTED);
		buf_release(&out);
		return false;
	}
	patch = json_parse(arena, buf_slice(&out), JSON_DEPTH_MAX, true, &err);
	must(patch != NULL);
	if (options->output == DIFF_JSON_PATCH)
		made = patch_apply(arena, x, patch);
	else
		made = merge_apply(arena, tree_copy(arena, x), patch);
	must(made && tree_equal(made, tree_copy(arena, y)));
	diff_result_release(&result);
	buf_release(&out);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct json_options options = {.engine = {.algorithm = DIFF_HISTOGRAM}};
	struct err err = ERR_INIT;
	struct json_node *root;
	struct arena arena;

	arena_init(&arena, MEMORY);
	root = json_parse(&arena, slice_of(bytes, len), DEPTH, true, &err);
	if (root && root->type == JSON_ARRAY && root->count == 2) {
		const struct json_node *x = root->child, *y = x->next;

		must(check(&arena, x, y, &options));
		options.key = SLICE("id");
		must(check(&arena, y, x, &options));
		options.engine.algorithm = DIFF_DIFFLIB;
		must(check(&arena, x, y, &options));
		options.output = DIFF_JSON_MERGE_PATCH;
		check(&arena, x, y, &options);
		check(&arena, y, x, &options);
	}
	arena_release(&arena);
	return 0;
}
