/*
 * One pass over the pushed bytes. Knows types and ranges that the protocol
 * states for everybody; limits from the configuration are the job's affair.
 */
#include "master/envelope.h"

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

struct parse {
	struct envelope *envelope;
	struct arena *arena;
	unsigned seen;	    /* bit i: rules[i] */
	struct slice *kept; /* names of x_ members */
	size_t kept_count;
	struct err *err;
	bool failed; /* err holds the first fault */
};

/* The first fault is the one that is told; reading goes on for reply_to. */
static void fault(struct parse *parse, const char *field, const char *rule)
{
	if (parse->failed)
		return;
	parse->failed = true;
	err_field(parse->err, ERR_BAD_TASK, field, "%s %s", field, rule);
}

static void fault_name(struct parse *parse, const char *prefix,
		       struct slice name, const char *rule)
{
	char quoted[110], field[160];

	snprintf(field, sizeof(field), "%s%s", prefix,
		 err_quote(quoted, 100, name));
	fault(parse, field, rule);
}

/* A string's text: in place, or decoded into the arena where it has escapes. */
static int read_text(struct arena *arena, const struct json_span *span,
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

static int read_key(struct arena *arena, const struct json_member *member,
		    struct slice *out)
{
	struct json_span span = {
		.type = JSON_STRING,
		.escaped = member->key_escaped,
		.raw = slice_of(member->key.ptr - 1, member->key.len + 2)};

	return read_text(arena, &span, out);
}

/* --- Single members ------------------------------------------------------------ */

static void read_text_member(struct parse *parse, const char *name,
			     const struct json_span *value, struct slice *out)
{
	struct slice text;

	if (value->type != JSON_STRING)
		fault(parse, name, "is not a text");
	else if (read_text(parse->arena, value, &text))
		fault(parse, name, "holds half of a surrogate pair");
	else if (!text.len)
		fault(parse, name, "is empty");
	else
		*out = text;
}

static void read_id(struct parse *parse, const struct json_span *value)
{
	struct envelope *envelope = parse->envelope;

	if (value->type == JSON_NUMBER) {
		envelope->id = envelope->id_raw = value->raw;
	} else if (value->type == JSON_STRING) {
		if (read_text(parse->arena, value, &envelope->id))
			fault(parse, "id", "holds half of a surrogate pair");
		else
			envelope->id_raw = value->raw;
	} else {
		fault(parse, "id", "is neither a text nor a number");
	}
}

static void read_integer(struct parse *parse, const struct member_rule *rule,
			 const struct json_span *value)
{
	int64_t number;

	if (value->type != JSON_NUMBER)
		fault(parse, rule->name, "is not a number");
	else if (json_number_int64(value->raw, &number))
		fault(parse, rule->name, "is not a whole number");
	else if (number < rule->min)
		fault(parse, rule->name,
		      rule->min ? "is below 1" : "is negative");
	else
		*(int64_t *)((char *)parse->envelope + rule->offset) = number;
}

static void read_time(struct parse *parse, const struct member_rule *rule,
		      const struct json_span *value)
{
	double number;

	if (value->type != JSON_NUMBER) {
		fault(parse, rule->name, "is not a number");
		return;
	}
	number = json_number_double(value->raw);
	if (!isfinite(number) || number > 1e15)
		fault(parse, rule->name, "is too large");
	else if (number < 0)
		fault(parse, rule->name, "is negative");
	else if (number == 0 && rule->offset == AT(timeout))
		fault(parse, rule->name, "is 0");
	else
		*(double *)((char *)parse->envelope + rule->offset) = number;
}

/* --- inputs and outputs ---------------------------------------------------------- */

/* The members of one input or output: at most two, by name. */
struct place {
	bool key, file, base64, ttl;
	struct slice value;
	int64_t seconds;
};

static bool read_place_value(struct parse *parse,
			     const struct json_member *member, bool *seen,
			     struct slice *value, const char *path)
{
	if (*seen) {
		fault(parse, path, "has a member twice");
		return false;
	}
	*seen = true;
	if (member->value.type != JSON_STRING) {
		fault(parse, path,
		      "names its place by something that is not a "
		      "text");
		return false;
	}
	if (read_text(parse->arena, &member->value, value)) {
		fault(parse, path, "holds half of a surrogate pair");
		return false;
	}
	return true;
}

static bool read_place(struct parse *parse, struct slice object, bool output,
		       struct place *place, const char *path)
{
	struct json_members it;
	struct json_member member;

	*place = (struct place){0};
	if (json_members_init(&it, object, ENVELOPE_DEPTH_MAX, NULL))
		return false;
	while (json_members_next(&it, &member, NULL) > 0) {
		bool *seen = NULL;

		if (slice_is(member.key, "key"))
			seen = &place->key;
		else if (slice_is(member.key, "file"))
			seen = &place->file;
		else if (!output && slice_is(member.key, "base64"))
			seen = &place->base64;
		if (seen) {
			if (!read_place_value(parse, &member, seen,
					      &place->value, path))
				return false;
			continue;
		}
		if (!output || !slice_is(member.key, "ttl") || place->ttl) {
			fault(parse, path,
			      output ? "has a member that is not key, ttl or "
				       "file, or one twice"
				     : "has a member that is not key, file or "
				       "base64");
			return false;
		}
		place->ttl = true;
		if (member.value.type != JSON_NUMBER ||
		    json_number_int64(member.value.raw, &place->seconds) ||
		    place->seconds < 1 || place->seconds > 1000000000) {
			fault(parse, path,
			      "has a ttl that is no whole number of seconds "
			      "from 1");
			return false;
		}
	}
	if (place->key + place->file + place->base64 != 1) {
		fault(parse, path,
		      output ? "needs key or file, and only one of them"
			     : "needs key, file or base64, and only one of "
			       "them");
		return false;
	}
	if (place->file && place->ttl) {
		fault(parse, path, "is a file, which has no ttl");
		return false;
	}
	return true;
}

static bool decode_base64(struct parse *parse, struct slice *value,
			  const char *path)
{
	struct buf bytes;
	char *copy;

	buf_init(&bytes, value->len + 4);
	if (base64_decode(&bytes, *value, NULL)) {
		buf_release(&bytes);
		fault(parse, path, "is not base64");
		return false;
	}
	copy = arena_copy(parse->arena, buf_slice(&bytes));
	*value = slice_of(copy, copy ? bytes.len : 0);
	buf_release(&bytes);
	if (!copy)
		fault(parse, path, "takes too much memory");
	return copy != NULL;
}

static void add_input(struct parse *parse, struct slice name,
		      const struct place *place, const char *path)
{
	struct envelope *envelope = parse->envelope;
	struct envelope_input *input = &envelope->inputs[envelope->input_count];

	input->name = name;
	input->value = place->value;
	input->source = place->key    ? ENVELOPE_KEY
			: place->file ? ENVELOPE_FILE
				      : ENVELOPE_BASE64;
	if (place->base64 && !decode_base64(parse, &input->value, path))
		return;
	envelope->input_count++;
}

static void add_output(struct parse *parse, struct slice name,
		       const struct place *place)
{
	struct envelope *envelope = parse->envelope;

	envelope->outputs[envelope->output_count++] = (struct envelope_output){
		.name = name,
		.kind = place->key ? TASK_OUTPUT_KEY : TASK_OUTPUT_FILE,
		.target = place->value,
		.ttl = place->seconds};
}

static bool name_is_taken(const struct envelope *envelope, bool output,
			  struct slice name)
{
	size_t i,
		count = output ? envelope->output_count : envelope->input_count;

	for (i = 0; i < count; i++) {
		if (slice_equal(output ? envelope->outputs[i].name
				       : envelope->inputs[i].name,
				name))
			return true;
	}
	return false;
}

static void *name_array(struct parse *parse, size_t size)
{
	void *array = arena_calloc(parse->arena, ENVELOPE_NAMES_MAX, size);

	if (!array)
		fault(parse, "inputs", "take too much memory");
	return array;
}

/* One name of inputs or outputs. */
static void read_named(struct parse *parse, const struct json_member *member,
		       bool output)
{
	struct envelope *envelope = parse->envelope;
	size_t count = output ? envelope->output_count : envelope->input_count;
	char quoted[110], path[130];
	struct slice name;
	struct place place;

	if (read_key(parse->arena, member, &name)) {
		fault(parse, output ? "outputs" : "inputs",
		      "has a name with half of a surrogate pair");
		return;
	}
	snprintf(path, sizeof(path), "%s.%s", output ? "outputs" : "inputs",
		 err_quote(quoted, 100, name));
	if (name_is_taken(envelope, output, name))
		fault(parse, path, "is given twice");
	else if (count == ENVELOPE_NAMES_MAX)
		fault(parse, path, "is one too many: 256 are allowed");
	else if (member->value.type != JSON_OBJECT)
		fault(parse, path, "is not an object");
	else if (read_place(parse, member->value.raw, output, &place, path)) {
		if (output)
			add_output(parse, name, &place);
		else
			add_input(parse, name, &place, path);
	}
}

static void read_places(struct parse *parse, const struct json_span *value,
			bool output)
{
	struct envelope *envelope = parse->envelope;
	const char *name = output ? "outputs" : "inputs";
	struct json_members it;
	struct json_member member;

	if (value->type != JSON_OBJECT) {
		fault(parse, name, "is not an object");
		return;
	}
	if (output)
		envelope->outputs =
			name_array(parse, sizeof(*envelope->outputs));
	else
		envelope->inputs = name_array(parse, sizeof(*envelope->inputs));
	if ((output ? (void *)envelope->outputs : (void *)envelope->inputs) ==
		    NULL ||
	    json_members_init(&it, value->raw, ENVELOPE_DEPTH_MAX, NULL))
		return;
	while (json_members_next(&it, &member, NULL) > 0)
		read_named(parse, &member, output);
}

/* --- The object ------------------------------------------------------------------- */

static void read_known(struct parse *parse, size_t rule,
		       const struct json_span *value)
{
	const struct member_rule *known = &rules[rule];
	void *field = (char *)parse->envelope + known->offset;

	if (parse->seen >> rule & 1) {
		fault(parse, known->name, "is given twice");
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
			fault(parse, known->name, "is not an object");
		else
			*(struct slice *)field = value->raw;
		break;
	case MEMBER_INPUTS:
	case MEMBER_OUTPUTS:
		read_places(parse, value, known->type == MEMBER_OUTPUTS);
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
static void keep_member(struct parse *parse, struct slice name)
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

static void read_member(struct parse *parse, const struct json_member *member)
{
	struct slice name;
	size_t i;

	if (read_key(parse->arena, member, &name)) {
		fault(parse, "", "has a name with half of a surrogate pair");
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
	struct parse parse = {.envelope = envelope, .arena = arena, .err = err};
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
