/*
 * A task's JSON from the words and options of a command line.
 */
#include <stdio.h>
#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"

static int put_input(const char *text, struct buf *out)
{
	const char *equal = strchr(text, '=');
	struct buf file;

	if (!equal || equal == text || equal[1] != '@') {
		cmd_fail(0, "--input %s is not NAME=@FILE", text);
		return -1;
	}
	if (cmd_read_file(equal + 2, &file)) {
		buf_release(&file);
		return -1;
	}
	json_put_comma(out);
	json_put_string(out, slice_of(text, (size_t)(equal - text)));
	buf_add_text(out, ":{\"base64\":\"");
	base64_encode(out, buf_slice(&file));
	buf_add_text(out, "\"}");
	buf_release(&file);
	return 0;
}

static int put_inputs(const struct cmd_line *line, struct buf *out)
{
	size_t i;

	if (!cmd_has(line, "--input"))
		return 0;
	buf_add_text(out, ",\"inputs\":{");
	for (i = 0; i < line->given_count; i++) {
		if (!strcmp(line->given[i].option->name, "--input") &&
		    put_input(line->given[i].value, out))
			return -1;
	}
	return buf_add_char(out, '}');
}

static int put_args(const char *text, struct buf *out)
{
	struct err err = ERR_INIT;
	struct json_span span;
	struct buf file;
	bool read = text[0] == '@' || !strcmp(text, "-");
	int status = 0;

	buf_init(&file, 0);
	if (read && cmd_read_file(text[0] == '@' ? text + 1 : text, &file)) {
		buf_release(&file);
		return -1;
	}
	if (json_check(read ? buf_slice(&file) : slice_text(text), 512, &span,
		       &err)) {
		cmd_fail(0, "the arguments are no JSON: %s", err.message);
		status = -1;
	} else if (span.type != JSON_OBJECT) {
		cmd_fail(0, "the arguments are %s; a task takes an object",
			 json_type_name(span.type));
		status = -1;
	}
	buf_add_slice(out, read ? buf_slice(&file) : slice_text(text));
	buf_release(&file);
	return status;
}

int cmd_put_call(const struct cmd_line *line, struct buf *out)
{
	buf_add_text(out, "{\"task\":");
	json_put_string(out, slice_text(line->words[0]));
	if (line->word_count > 1) {
		buf_add_text(out, ",\"args\":");
		if (put_args(line->words[1], out))
			return -1;
	}
	return put_inputs(line, out);
}
