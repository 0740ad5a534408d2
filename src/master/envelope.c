/*
 * One pass over the pushed bytes. Knows types and ranges that the protocol
 * states for everybody; limits from the configuration are the job's affair.
 */
#include "master/envelope_parse.h"

#include <math.h>
#include <stdio.h>
#include "base/json.h"
#include "base/text.h"

#define MEMBERS_MAX 1000

enum member_type {
	MEMBER_TEXT,
	MEMBER_ID,
	MEMBER_OBJECT,
	MEMBER_INPUTS,
	MEMBER_OUTPUTS,
	MEMBER_ANY,
	MEMBER_INTEGER,
	MEMBER_TIME
};

struct member_rule {
	const char *name;
	enum member_type type;
	size_t offset;
	int64_t min; /* MEMBER_INTEGER */
};

#define AT(field) offsetof(struct envelope, field)

static const struct member_rule rules[] = {
	{"task", MEMBER_TEXT, AT(task), 0},
	{"args", MEMBER_OBJECT, AT(args), 0},
	{"id", MEMBER_ID, 0, 0},
	{"reply_to", MEMBER_TEXT, AT(reply_to), 0},
	{"reply_ttl", MEMBER_INTEGER, AT(reply_ttl), 1},
	{"timeout", MEMBER_TIME, AT(timeout), 0},
	{"retries", MEMBER_INTEGER, AT(retries), 0},
	{"delay", MEMBER_TIME, AT(delay), 0},
	{"not_before", MEMBER_TIME, AT(not_before), 0},
	{"sent_at", MEMBER_TIME, AT(sent_at), 0},
	{"expires", MEMBER_TIME, AT(expires), 0},
	{"unique", MEMBER_TEXT, AT(unique), 0},
	{"inputs", MEMBER_INPUTS, 0, 0},
	{"outputs", MEMBER_OUTPUTS, 0, 0},
	{"context", MEMBER_ANY, AT(context), 0},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

/* The first fault is the one that is told; reading goes on for reply_to. */
void envelope_fault(struct envelope_parse_state *parse, const char *field,
		    const char *rule)
{
	if (parse->failed)
		return;
	parse->failed = true;
	err_field(parse->err, ERR_BAD_TASK, field, "%s %s", field, rule);
}

static void fault_name(struct envelope_parse_state *parse, const char *prefix,
		       struct slice name, const char *rule)
{
	char quoted[110], field[160];

	snprintf(field, sizeof(field), "%s%s", prefix,
		 name.len ? err_quote(quoted, 100, name) : "\"\"");
	envelope_fault(parse, field, rule);
}

/* A string's text: in place, or decoded into the arena where it has escapes. */
int envelope_text(struct arena *arena, const struct json_span *span,
		  struct slice *out)
{
	struct buf decoded;
	char *copy;

	if (!span->escaped) {
		*out = slice_of(span->raw.ptr + 1, span->raw.len - 2);
		return 0;
	}
	buf_init(&decoded, span->raw.len + 4);
	if (json_string_decode(span, false, &decoded, NULL)) {
		buf_release(&decoded);
		return -1;
	}
	copy = arena_copy(arena, buf_slice(&decoded));
	*out = slice_of(copy, copy ? decoded.len : 0);
	buf_release(&decoded);
	return copy ? 0 : -1;
}

int envelope_key(struct arena *arena, const struct json_member *member,
		 struct slice *out)
{
	struct json_span span = {
		.type = JSON_STRING,
		.escaped = member->key_escaped,
		.raw = slice_of(member->key.ptr - 1, member->key.len + 2)};

	return envelope_text(arena, &span, out);
}

/* --- Single members ------------------------------------------------------------ */

static void read_text_member(struct envelope_parse_state *parse,
			     const char *name, const struct json_span *value,
			     struct slice *out)
{
	struct slice text;

	if (value->type != JSON_STRING)
		envelope_fault(parse, name, "is not a text");
	else if (envelope_text(parse->arena, value, &text))
		envelope_fault(parse, name, "holds half of a surrogate pair");
	else if (!text.len)
		envelope_fault(parse, name, "is empty");
	else
		*out = text;
}

static void read_id(struct envelope_parse_state *parse,
		    const struct json_span *value)
{
	struct envelope *envelope = parse->envelope;

	if (value->type == JSON_NUMBER) {
		envelope->id = envelope->id_raw = value->raw;
	} else if (value->type == JSON_STRING) {
		if (envelope_text(parse->arena, value, &envelope->id))
			envelope_fault(parse, "id",
				       "holds half of a surrogate pair");
		else
			envelope->id_raw = value->raw;
	} else {
		envelope_fault(parse, "id", "is neither a text nor a number");
	}
}

static void read_integer(struct envelope_parse_state *parse,
			 const struct member_rule *rule,
			 const struct json_span *value)
{
	int64_t number;

	if (value->type != JSON_NUMBER)
		envelope_fault(parse, rule->name, "is not a number");
	else if (json_number_int64(value->raw, &number))
		envelope_fault(parse, rule->name, "is not a whole number");
	else if (number < rule->min)
		envelope_fault(parse, rule->name,
			       rule->min ? "is below 1" : "is negative");
	else
		*(int64_t *)((char *)parse->envelope + rule->offset) = number;
}

static void read_time(struct envelope_parse_state *parse,
		      const struct member_rule *rule,
		      const struct json_span *value)
{
	double number;

	if (value->type != JSON_NUMBER) {
		envelope_fault(parse, rule->name, "is not a number");
		return;
	}
	number = json_number_double(value->raw);
	if (!isfinite(number) || number > 1e15)
		envelope_fault(parse, rule->name, "is too large");
	else if (number < 0)
		envelope_fault(parse, rule->name, "is negative");
	else if (number == 0 && rule->offset == AT(timeout))
		envelope_fault(parse, rule->name, "is 0");
	else
		*(double *)((char *)parse->envelope + rule->offset) = number;
}

/* --- The object ------------------------------------------------------------------- */

static void read_known(struct envelope_parse_state *parse, size_t rule,
		       const struct json_span *value)
{
	const struct member_rule *known = &rules[rule];
	void *field = (char *)parse->envelope + known->offset;

	if (parse->seen >> rule & 1) {
		envelope_fault(parse, known->name, "is given twice");
		return;
	}
	parse->seen |= 1u << rule;
	switch (known->type) {
	case MEMBER_TEXT:
		read_text_member(parse, known->name, value, field);
		break;
	case MEMBER_ID:
		read_id(parse, value);
		break;
	case MEMBER_OBJECT:
		if (value->type != JSON_OBJECT)
			envelope_fault(parse, known->name, "is not an object");
		else
			*(struct slice *)field = value->raw;
		break;
	case MEMBER_INPUTS:
	case MEMBER_OUTPUTS:
		envelope_places(parse, value, known->type == MEMBER_OUTPUTS);
		break;
	case MEMBER_ANY:
		*(struct slice *)field = value->raw;
		break;
	case MEMBER_INTEGER:
		read_integer(parse, known, value);
		break;
	case MEMBER_TIME:
		read_time(parse, known, value);
		break;
	}
}

/* x_ members are the producer's own: only their names are looked at. */
static void keep_member(struct envelope_parse_state *parse, struct slice name)
{
	size_t i;

	for (i = 0; i < parse->kept_count; i++) {
		if (slice_equal(parse->kept[i], name)) {
			fault_name(parse, "", name, "is given twice");
			return;
		}
	}
	if (!parse->kept)
		parse->kept = arena_calloc(parse->arena, MEMBERS_MAX,
					   sizeof(*parse->kept));
	if (!parse->kept || parse->kept_count == MEMBERS_MAX) {
		fault_name(parse, "", name,
			   "is one too many: 1000 members of x_ are allowed");
		return;
	}
	parse->kept[parse->kept_count++] = name;
}

static void read_member(struct envelope_parse_state *parse,
			const struct json_member *member)
{
	struct slice name;
	size_t i;

	if (envelope_key(parse->arena, member, &name)) {
		envelope_fault(parse, "",
			       "has a name with half of a surrogate pair");
		return;
	}
	for (i = 0; i < RULES; i++) {
		if (slice_is(name, rules[i].name)) {
			read_known(parse, i, &member->value);
			return;
		}
	}
	if (slice_starts(name, SLICE("x_")))
		keep_member(parse, name);
	else
		fault_name(parse, "", name,
			   "is no member of a task (names of your own begin "
			   "with x_)");
}

static void envelope_clear(struct envelope *envelope)
{
	*envelope = (struct envelope){.args = SLICE("{}"),
				      .reply_ttl = -1,
				      .timeout = -1,
				      .retries = -1,
				      .delay = -1,
				      .not_before = -1,
				      .sent_at = -1,
				      .expires = -1};
}

/* Of what is no task nothing is believed, its reply_to neither. */
static int bad_json(struct envelope *envelope, struct err *err)
{
	envelope_clear(envelope);
	if (err)
		err->code = ERR_BAD_JSON;
	return -1;
}

int envelope_parse(struct envelope *envelope, struct slice payload,
		   struct arena *arena, struct err *err)
{
	struct envelope_parse_state parse = {
		.envelope = envelope, .arena = arena, .err = err};
	struct json_members it;
	struct json_member member;
	int more;

	envelope_clear(envelope);
	if (json_members_init(&it, payload, ENVELOPE_DEPTH_MAX, err))
		return bad_json(envelope, err);
	while ((more = json_members_next(&it, &member, err)) > 0)
		read_member(&parse, &member);
	if (more < 0)
		return bad_json(envelope, err);
	return parse.failed ? -1 : 0;
}
