/*
 * inputs and outputs of a task: names, and where their bytes are or go.
 */
#include "master/envelope_parse.h"

#include <stdio.h>
#include "base/text.h"

/* --- inputs and outputs ---------------------------------------------------------- */

/* The members of one input or output: at most two, by name. */
struct place {
	bool key, file, base64, ttl;
	struct slice value;
	int64_t seconds;
};

static bool read_place_value(struct envelope_parse_state *parse,
			     const struct json_member *member, bool *seen,
			     struct slice *value, const char *path)
{
	if (*seen) {
		envelope_fault(parse, path, "has a member twice");
		return false;
	}
	*seen = true;
	if (member->value.type != JSON_STRING) {
		envelope_fault(parse, path,
			       "names its place by something that is not a "
			       "text");
		return false;
	}
	if (envelope_text(parse->arena, &member->value, value)) {
		envelope_fault(parse, path, "holds half of a surrogate pair");
		return false;
	}
	return true;
}

static bool read_place(struct envelope_parse_state *parse, struct slice object,
		       bool output, struct place *place, const char *path)
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
			envelope_fault(
				parse, path,
				output ? "has a member that is not key, ttl or "
					 "file, or one twice"
				       : "has a member that is not key, file "
					 "or "
					 "base64");
			return false;
		}
		place->ttl = true;
		if (member.value.type != JSON_NUMBER ||
		    json_number_int64(member.value.raw, &place->seconds) ||
		    place->seconds < 1 || place->seconds > 1000000000) {
			envelope_fault(
				parse, path,
				"has a ttl that is no whole number of seconds "
				"from 1");
			return false;
		}
	}
	if (place->key + place->file + place->base64 != 1) {
		envelope_fault(
			parse, path,
			output ? "needs key or file, and only one of them"
			       : "needs key, file or base64, and only one of "
				 "them");
		return false;
	}
	if (place->file && place->ttl) {
		envelope_fault(parse, path, "is a file, which has no ttl");
		return false;
	}
	return true;
}

static bool decode_base64(struct envelope_parse_state *parse,
			  struct slice *value, const char *path)
{
	struct buf bytes;
	char *copy;

	buf_init(&bytes, value->len + 4);
	if (base64_decode(&bytes, *value, NULL)) {
		buf_release(&bytes);
		envelope_fault(parse, path, "is not base64");
		return false;
	}
	copy = arena_copy(parse->arena, buf_slice(&bytes));
	*value = slice_of(copy, copy ? bytes.len : 0);
	buf_release(&bytes);
	if (!copy)
		envelope_fault(parse, path, "takes too much memory");
	return copy != NULL;
}

static void add_input(struct envelope_parse_state *parse, struct slice name,
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

static void add_output(struct envelope_parse_state *parse, struct slice name,
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

/* Two outputs in one place: one of them would be lost. */
static bool place_is_taken(const struct envelope *envelope,
			   const struct place *place)
{
	size_t i;

	for (i = 0; i < envelope->output_count; i++) {
		const struct envelope_output *other = &envelope->outputs[i];

		if ((other->kind == TASK_OUTPUT_KEY) == place->key &&
		    slice_equal(other->target, place->value))
			return true;
	}
	return false;
}

static void *name_array(struct envelope_parse_state *parse, size_t size)
{
	void *array = arena_calloc(parse->arena, ENVELOPE_NAMES_MAX, size);

	if (!array)
		envelope_fault(parse, "inputs", "take too much memory");
	return array;
}

/* One name of inputs or outputs. */
static void read_named(struct envelope_parse_state *parse,
		       const struct json_member *member, bool output)
{
	struct envelope *envelope = parse->envelope;
	size_t count = output ? envelope->output_count : envelope->input_count;
	char quoted[110], path[130];
	struct slice name;
	struct place place;

	if (envelope_key(parse->arena, member, &name)) {
		envelope_fault(parse, output ? "outputs" : "inputs",
			       "has a name with half of a surrogate pair");
		return;
	}
	snprintf(path, sizeof(path), "%s.%s", output ? "outputs" : "inputs",
		 err_quote(quoted, 100, name));
	if (name_is_taken(envelope, output, name))
		envelope_fault(parse, path, "is given twice");
	else if (count == ENVELOPE_NAMES_MAX)
		envelope_fault(parse, path, "is one too many: 256 are allowed");
	else if (member->value.type != JSON_OBJECT)
		envelope_fault(parse, path, "is not an object");
	else if (read_place(parse, member->value.raw, output, &place, path)) {
		if (output && place_is_taken(envelope, &place))
			envelope_fault(parse, path,
				       "goes where another output goes");
		else if (output)
			add_output(parse, name, &place);
		else
			add_input(parse, name, &place, path);
	}
}

void envelope_places(struct envelope_parse_state *parse,
		     const struct json_span *value, bool output)
{
	struct envelope *envelope = parse->envelope;
	const char *name = output ? "outputs" : "inputs";
	struct json_members it;
	struct json_member member;

	if (value->type != JSON_OBJECT) {
		envelope_fault(parse, name, "is not an object");
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
