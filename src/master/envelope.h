/*
 * The envelope of a task: the members of the pushed object as slices of its
 * bytes, checked by the rules of the protocol. No tree is built; what is inside
 * `args` and `context` is validated as JSON and otherwise not looked at.
 */
#ifndef MASTER_ENVELOPE_H
#define MASTER_ENVELOPE_H

#include "base/arena.h"
#include "cherry/err.h"
#include "cherry/task.h"

#define ENVELOPE_DEPTH_MAX 512
#define ENVELOPE_NAMES_MAX 256 /* of inputs, and of outputs */

enum envelope_source { ENVELOPE_KEY, ENVELOPE_FILE, ENVELOPE_BASE64 };

struct envelope_input {
	struct slice name;
	enum envelope_source source;
	struct slice value; /* the key, the path, or the bytes */
};

struct envelope_output {
	struct slice name;
	enum task_output_kind kind;
	struct slice target;
	int64_t ttl; /* seconds; 0: no end */
};

struct envelope {
	struct slice task;
	struct slice args;     /* "{}" if absent */
	struct slice id_raw;   /* as written, quotes and all; empty: none */
	struct slice id;       /* its text or digits */
	struct slice reply_to; /* empty: none */
	struct slice context;  /* as written; empty: none */
	struct slice unique;   /* empty: none */
	int64_t reply_ttl;     /* -1: not given */
	double timeout;	       /* seconds, -1 */
	int64_t retries;       /* -1 */
	double delay;	       /* seconds, -1 */
	double not_before, sent_at, expires; /* Unix time, -1 */
	struct envelope_input *inputs;
	size_t input_count;
	struct envelope_output *outputs;
	size_t output_count;
};

/*
 * Reads `payload`, which must live as long as the envelope; what has to be
 * decoded lies in the arena. 0, or -1 with
 * ERR_BAD_JSON: no JSON object, not UTF-8, too deep: nothing of it is known;
 * ERR_BAD_TASK with `field`: a member is unknown, given twice, of the wrong type
 * or out of range. The members that are right are filled in all the same, so
 * that the error can be sent to reply_to.
 */
int envelope_parse(struct envelope *envelope, struct slice payload,
		   struct arena *arena, struct err *err) MUST_CHECK;

#endif
