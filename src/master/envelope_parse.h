/*
 * What the files that read an envelope share.
 */
#ifndef MASTER_ENVELOPE_PARSE_H
#define MASTER_ENVELOPE_PARSE_H

#include "base/json.h"
#include "master/envelope.h"

struct envelope_parse_state {
	struct envelope *envelope;
	struct arena *arena;
	unsigned seen;	    /* bit i: rules[i] */
	struct slice *kept; /* names of x_ members */
	size_t kept_count;
	struct err *err;
	bool failed; /* err holds the first fault */
};

/* The first fault is the one that is told; reading goes on for reply_to. */
void envelope_fault(struct envelope_parse_state *parse, const char *field,
		    const char *rule);

/* A string's text, or a member's name: in place, or decoded into the arena. -1:
 * half of a surrogate pair, or no memory. */
int envelope_text(struct arena *arena, const struct json_span *span,
		  struct slice *out);
int envelope_key(struct arena *arena, const struct json_member *member,
		 struct slice *out);

/* Reads the object of inputs, or of outputs. */
void envelope_places(struct envelope_parse_state *parse,
		     const struct json_span *value, bool output);

#endif
