/*
 * The document of the serialize benches: a list of job records, 1.1 MB of JSON
 * for 10,000 of them, the same on every machine.
 */
#ifndef BENCH_DOCUMENT_H
#define BENCH_DOCUMENT_H

#include <math.h>

#include "base/json.h"

static inline uint64_t document_random(uint64_t *state, uint64_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % below;
}

static inline void document_record(struct buf *out, int i, uint64_t *state)
{
	static const char *const tasks[] = {"diff",   "serialize", "thumbnail",
					    "render", "mail",	   "checksum"};
	static const char *const ends[] = {"", ".ops", " \\u00e9", "\\\"q\\\""};
	static const char *const tags[] = {"hot", "slow", "new", "b2"};
	double part = (double)(document_random(state, 1000000) + 1) / 1000001;

	buf_printf(out, "{\"id\":%d,\"task\":\"%s\"",
		   100000 + i * 7 + (int)document_random(state, 7),
		   tasks[document_random(state, 6)]);
	buf_printf(out, ",\"user\":\"u%04d%s\",\"ms\":",
		   (int)document_random(state, 5000),
		   ends[document_random(state, 4)]);
	json_put_double(out, round(-log(part) * 40000) / 1000);
	uint64_t tries = document_random(state, 5);
	buf_printf(out, ",\"tries\":%d,\"ok\":%s,\"ref\":",
		   tries < 3 ? 0 : (int)tries - 2,
		   document_random(state, 100) < 93 ? "true" : "false");
	if (document_random(state, 2))
		buf_add_text(out, "null");
	else
		json_put_int(out, (int64_t)(*state >> 4));
	if (document_random(state, 10) < 4)
		buf_printf(out, ",\"tags\":[\"%s\"]}",
			   tags[document_random(state, 4)]);
	else
		buf_add_text(out, ",\"tags\":[]}");
}

/* Appends the document. */
static inline void document_make(struct buf *out, int records)
{
	uint64_t state = 2011;
	buf_add_char(out, '[');
	for (int i = 0; i < records; i++) {
		if (i)
			buf_add_char(out, ',');
		document_record(out, i, &state);
	}
	buf_add_char(out, ']');
}

#endif
