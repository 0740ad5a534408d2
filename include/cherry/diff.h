/*
 * The diff engine: two sequences of interned ids in, a list of opcodes out.
 *
 * The engine knows nothing of text, markup or JSON. Whoever has items to
 * compare (lines, words, events, values) interns them, so that two items are
 * equal exactly if their ids are, and runs one of four algorithms:
 *
 *	struct diff_interner *names = diff_interner_new(64 << 20);
 *	a[i] = diff_intern(names, bytes);              DIFF_NO_ID: over the cap
 *	struct diff_options options = DIFF_OPTIONS_INIT;
 *	struct diff_result result;
 *	if (diff_run(&a, &b, &options, &result, err)) ...
 *	for (i = 0; i < result.op_count; i++) ... result.ops[i] ...
 *	diff_result_release(&result);
 */
#ifndef CHERRY_DIFF_H
#define CHERRY_DIFF_H

#include "cherry/buf.h"
#include "cherry/err.h"

/* --- Interning ------------------------------------------------------------ */

#define DIFF_NO_ID UINT32_MAX

struct diff_interner;

/* An empty interner that may use `max_bytes` of memory for its table (the
 * interned bytes are not its own). NULL if memory is refused. */
struct diff_interner *diff_interner_new(size_t max_bytes);
void diff_interner_free(struct diff_interner *interner);

/*
 * The id of these bytes: ids are dense, from 0, in the order of first
 * appearance. The bytes are borrowed and must outlive the interner.
 * DIFF_NO_ID past the cap.
 */
uint32_t diff_intern(struct diff_interner *interner, struct slice bytes);

/*
 * The ids of `count` pieces of the text, which is borrowed: piece n begins at
 * starts[n] and ends at starts[n + 1]. Faster than one after the other. 0, or
 * -1 past the cap.
 */
int diff_intern_many(struct diff_interner *interner, struct slice text,
		     const uint32_t *starts, uint32_t count, uint32_t *ids);

/* Replaces the bytes of the id by others that are equal: for who interns from
 * a buffer, and copies what turns out to be new. */
void diff_interner_keep(struct diff_interner *interner, uint32_t id,
			const char *bytes);

/* How many different byte strings there are: one more than the last id. */
uint32_t diff_interner_count(const struct diff_interner *interner);

/* The bytes of an id below the count. */
struct slice diff_interner_bytes(const struct diff_interner *interner,
				 uint32_t id);

/* --- Engine --------------------------------------------------------------- */

#define DIFF_ITEMS_MAX 0x3fffffffu /* items of one side */

/* Borrowed ids, below DIFF_NO_ID. With junk they should be dense: memory then
 * grows with the greatest one. */
struct diff_seq {
	const uint32_t *ids;
	size_t count;
};

enum diff_algorithm {
	/* CPython's difflib.SequenceMatcher, opcode for opcode. */
	DIFF_DIFFLIB,
	/* Myers 1986, linear space, with the bounds and heuristics of git's
	 * xdiff or of GNU diff: see `style`. */
	DIFF_MYERS,
	/* JGit's histogram diff as in git: the rarest common run first. */
	DIFF_HISTOGRAM,
	/* Bram Cohen's patience diff as in git. */
	DIFF_PATIENCE
};

/* Which program's choices Myers follows, and how runs that could lie in
 * several places are slid afterwards (not for difflib). */
enum diff_style {
	DIFF_STYLE_PLAIN, /* as git, without sliding */
	DIFF_STYLE_GIT,	  /* slides to join groups, then by indentation */
	DIFF_STYLE_GNU	  /* slides down, joins groups */
};

enum diff_side { DIFF_OLD, DIFF_NEW };

#define DIFF_INDENT_BLANK (-1)

/* The indentation of an item in columns (tabs of eight, at most 200), or
 * DIFF_INDENT_BLANK for one of white space alone. */
typedef int diff_indent_cb(void *arg, enum diff_side side, size_t index);

struct diff_options {
	enum diff_algorithm algorithm;
	/* difflib only: from 200 new items on, an id that makes up more than
	 * one in a hundred of them (plus one) starts no match. */
	bool autojunk;
	/* difflib only: junk[id] != 0 for ids that start no match; ids from
	 * junk_count on are not junk. NULL: none. */
	const uint8_t *junk;
	size_t junk_count;
	/* Myers: the minimal script, without heuristics. */
	bool minimal;
	enum diff_style style;
	/* Myers in DIFF_STYLE_GNU: how many of the items that both sides begin
	 * and end with take part (diff: the lines of context). */
	uint32_t horizon;
	diff_indent_cb *indent; /* DIFF_STYLE_GIT; NULL: no such heuristic */
	void *indent_arg;
	/* Steps (about: items looked at) before the rest is done coarsely;
	 * 0: DIFF_WORK_DEFAULT. The same input and budget always give the same
	 * result. */
	uint64_t max_work;
	/* Bytes of memory at one time; 0: DIFF_MEMORY_DEFAULT. */
	size_t max_memory;
};

#define DIFF_WORK_DEFAULT   ((uint64_t)2000000000)
#define DIFF_MEMORY_DEFAULT ((size_t)1 << 30)

#define DIFF_OPTIONS_INIT                                                      \
	{                                                                      \
		.algorithm = DIFF_DIFFLIB                                      \
	}

enum diff_tag { DIFF_EQUAL, DIFF_REPLACE, DIFF_DELETE, DIFF_INSERT };

/* Items i1 to i2 (excluded) of the old side against j1 to j2 of the new. The
 * opcodes of a result cover both sides without gaps, in order; no two in a row
 * have the same tag, and a deletion never stands beside an insertion. */
struct diff_op {
	enum diff_tag tag;
	uint32_t i1, i2, j1, j2;
};

struct diff_result {
	struct diff_op *ops; /* malloc'd; diff_result_release frees them */
	size_t op_count;
	size_t matches; /* items in equal opcodes */
	double ratio;	/* 2 * matches / (old + new), 1.0 if both are empty */
	/* An item replaced stands for one of each side; what one side of a
	 * replacement has more counts as deleted or inserted. So matches +
	 * deleted + replaced is the length of the old side, and matches +
	 * inserted + replaced that of the new. */
	size_t deleted, inserted, replaced;
	uint64_t work; /* steps that it took, see max_work */
	bool exact;    /* false: max_work was spent, some regions are coarse */
};

/*
 * Compares. 0 with `result` to be released, or -1 with ERR_LIMIT: limit
 * "items" (a side is longer than DIFF_ITEMS_MAX) or "memory".
 */
int diff_run(const struct diff_seq *old_seq, const struct diff_seq *new_seq,
	     const struct diff_options *options, struct diff_result *result,
	     struct err *err) MUST_CHECK;

void diff_result_release(struct diff_result *result);

/* What is left of the budget after `spent` steps, for who compares several
 * times: at least 1, with which all is coarse. */
uint64_t diff_work_left(const struct diff_options *options, uint64_t spent);

/* "equal", "replace", "delete", "insert". */
const char *diff_tag_name(enum diff_tag tag);

/* Appends the opcodes as a JSON array of [tag,i1,i2,j1,j2]. 0, or -1 past the
 * buffer's cap. */
int diff_put_opcodes(struct buf *out, const struct diff_result *result);

/* Appends the members "ratio", "stats" and "exact" that every result of the
 * task has. 0, or -1 past the cap. */
int diff_put_summary(struct buf *out, const struct diff_result *result);

#endif
