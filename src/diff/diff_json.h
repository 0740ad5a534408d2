/*
 * JSON against JSON: values as trees with ids, RFC 6902 patches, RFC 7396
 * merge patches, and lists compared element by element.
 *
 * Two values are equal as JSON values: members in any order, strings by their
 * characters, numbers by their exact decimal value (1, 1.0 and 10e-1 are equal,
 * 0.1 and 0.10000000000000001 are not), and true is not 1.
 */
#ifndef DIFF_DIFF_JSON_H
#define DIFF_DIFF_JSON_H

#include "base/arena.h"
#include "base/json.h"
#include "cherry/diff.h"

/* In the order of the task's argument table. */
enum json_output {
	DIFF_JSON_PATCH,
	DIFF_JSON_MERGE_PATCH,
	DIFF_JSON_OPCODES,
	DIFF_JSON_STATS
};

struct json_options {
	enum json_output output;
	struct diff_options engine; /* for arrays */
	/* The member that identifies the elements of arrays; no ptr: elements
	 * are compared as a whole. */
	struct slice key;
};

/*
 * Compares two values, read with unique keys and nested no deeper than
 * JSON_DEPTH_MAX. Appends the patch, the merge patch or the opcodes to `out`
 * (nothing for stats) and fills `result`, which the caller releases. Its
 * counts are of leaves (scalars and empty containers); those of opcodes are of
 * elements.
 *
 * 0, or -1: ERR_UNSUPPORTED "null" (a merge patch cannot set a member to null)
 * or "array" (opcodes of values that are not both arrays), ERR_LIMIT "memory",
 * "items", "output".
 */
int diff_json(const struct json_node *old_value,
	      const struct json_node *new_value,
	      const struct json_options *options, struct buf *out,
	      struct diff_result *result, struct err *err) MUST_CHECK;

/*
 * Compares the elements of two arrays. `junk` (NULL: none) is an array of the
 * values that start no match. As diff_json with opcodes; out may be NULL.
 */
int diff_list(const struct json_node *old_array,
	      const struct json_node *new_array, const struct json_node *junk,
	      const struct diff_options *options, struct buf *out,
	      struct diff_result *result, struct err *err) MUST_CHECK;

/* --- Trees ---------------------------------------------------------------- */

/* A value. Two values are equal exactly if their ids are. */
struct json_value {
	enum json_type type;
	uint32_t id;
	uint32_t key;	/* id of the key, if a member */
	uint32_t count; /* children */
	struct json_value *children;
	uint32_t *sorted; /* objects: children by key id */
	uint64_t leaves;  /* scalars and empty containers in it; at least 1 */
	bool null_member; /* an object in it, outside arrays, has a null */
	const struct json_node *node;
};

/* Builds the tree. NULL if memory is short. `names` hands out the ids. */
struct json_value *json_value_build(struct arena *arena,
				    struct diff_interner *names,
				    const struct json_node *node);

/* The member of that key id, or NULL. */
struct json_value *json_value_member(const struct json_value *object,
				     uint32_t key);

/* --- Patches -------------------------------------------------------------- */

struct json_path {
	const struct json_path *parent; /* NULL: the root, which has no name */
	const struct json_node *member; /* NULL: an element */
	uint32_t index;
};

/* A pair that is still to be compared; `whole`: without looking inside. */
struct json_work {
	const struct json_value *old_value, *new_value;
	const struct json_path *path;
	bool whole;
};

struct json_patch {
	struct arena *arena;
	struct diff_interner *names;
	const struct json_options *options;
	struct buf *out; /* NULL: only counts */
	struct diff_result *result;
	uint64_t old_leaves, new_leaves;
	struct json_work *work;
	size_t work_count, work_cap;
	uint32_t key; /* id of options->key, or DIFF_NO_ID */
	/* Scratch by id, all zero between uses: heads of lists, plus one. */
	uint32_t *heads;
	struct err *err;
};

/* Fills the patch and its counts. 0, or -1 with ERR_LIMIT. */
int json_patch_run(struct json_patch *patch, const struct json_value *old_value,
		   const struct json_value *new_value);

/* Memory for `count` items. NULL with ERR_LIMIT. */
void *json_patch_alloc(struct json_patch *patch, size_t count, size_t size);

/* Takes a pair to be compared later, after all that has been written so far. */
int json_patch_push(struct json_patch *patch, struct json_work work);

/* The path of a child; NULL with ERR_LIMIT. */
const struct json_path *json_patch_path(struct json_patch *patch,
					const struct json_path *parent,
					const struct json_node *member,
					uint32_t index);

/* Writes one operation and counts its leaves (but for a move: that is for the
 * caller, who knows whether the value changes as well). Indexes are those of the parent
 * array at this moment. */
void json_patch_remove(struct json_patch *patch, const struct json_path *path,
		       const struct json_value *value);
void json_patch_add(struct json_patch *patch, const struct json_path *path,
		    const struct json_value *value);
void json_patch_replace(struct json_patch *patch, const struct json_path *path,
			const struct json_value *old_value,
			const struct json_value *new_value);
void json_patch_move(struct json_patch *patch, const struct json_path *from,
		     const struct json_path *path);

/* A key inside a JSON string, escaped; with `pointer` also for a JSON pointer.
 * A lone surrogate, which the reader gives as three bytes, becomes an escape
 * again. */
void json_patch_put_key(struct buf *out, struct slice key, bool pointer);

/* Counts the side of a pair of containers that is empty: a leaf by itself. */
void json_patch_count_empty(struct json_patch *patch,
			    const struct json_work *work);

/* An array: its elements are removed, added, moved, and pairs pushed. */
int json_patch_array(struct json_patch *patch, const struct json_work *work);

/* About how many bytes the operations take that make `y` of `x`. */
uint64_t json_patch_estimate(const struct json_value *x,
			     const struct json_value *y);

/* The merge patch. 0, or -1 with ERR_UNSUPPORTED "null", ERR_LIMIT. */
int json_merge_run(struct arena *arena, const struct json_value *old_value,
		   const struct json_value *new_value, struct buf *out,
		   struct err *err);

#endif
