/*
 * serialize: reads a value in one format and writes it in another. What the
 * formats are and what they refuse is in src/codec; here are the arguments and
 * the result.
 */
#include "task/task_serialize.h"

#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "cherry/codec.h"
#include "task/task_signer.h"

#define OUTPUT_MAX ((size_t)64 << 20)

enum {
	ARG_VALUE,
	ARG_INPUT,
	ARG_FROM,
	ARG_TO,
	ARG_LOSSY,
	ARG_MAX_DEPTH,
	ARG_SIGNER,
	ARG_FROM_SIGNER,
	ARG_TO_SIGNER,
	ARG_FORMAT,
	ARG_ROWS = ARG_FORMAT + FORMAT_ROWS
};

static const struct task_arg args[] = {
	{.name = "value", .type = ARG_RAW, .help = "any JSON value"},
	{.name = "input", .type = ARG_BYTES, .help = "or bytes to read"},
	{.name = "from",
	 .type = ARG_CHOICE,
	 .fallback = "json",
	 .choices = TASK_FORMATS " auto",
	 .help = "format of the input; auto guesses"},
	{.name = "to",
	 .type = ARG_CHOICE,
	 .choices = TASK_FORMATS " value",
	 .required = true,
	 .help = "format to write; value: JSON, placed in the result"},
	{.name = "lossy",
	 .type = ARG_BOOL,
	 .fallback = "false",
	 .help = "convert what the format cannot hold"},
	{.name = "max_depth",
	 .type = ARG_INTEGER,
	 .fallback = "1000",
	 .min = 1,
	 .max = 10000,
	 .help = "levels of containers"},
	{.name = "signer",
	 .type = ARG_JSON,
	 .help = "itsdangerous: how the token is signed"},
	{.name = "from_signer",
	 .type = ARG_JSON,
	 .help = "where input and output are tokens: of the input"},
	{.name = "to_signer",
	 .type = ARG_JSON,
	 .help = "where input and output are tokens: of the output"},
	TASK_FORMAT_ROWS,
	{.type = ARG_END},
};

struct serialize {
	struct task_call *call;
	struct task_value values[ARG_ROWS];
	const struct codec *from, *to; /* NULL: auto; value */
	struct codec_options read, write;
	struct codec_signer from_signer, to_signer;
	struct value_doc doc;
	struct codec_found found;
};

/* The format of a choice; NULL for the last one, which is none. */
static const struct codec *codec_of(const struct task_value *choice)
{
	return codec_table[choice->integer];
}

static bool is_token(const struct codec *codec)
{
	return codec && !strcmp(codec->name, "itsdangerous");
}

static int fail_arg(struct err *err, const char *field, const char *message)
{
	return err_field(err, ERR_BAD_ARGS, field, "%s: %s", field, message);
}

static int check_source(const struct serialize *task, struct err *err)
{
	bool value = task->values[ARG_VALUE].given;

	if (value && task->values[ARG_INPUT].given)
		return fail_arg(err, "args.input",
				"there is a value already; one of the two is "
				"needed");
	if (!value && !task->values[ARG_INPUT].given)
		return fail_arg(err, "args.value",
				"a value, or input, is required");
	if (value && task->values[ARG_FROM].given &&
	    (!task->from || strcmp(task->from->name, "json") != 0))
		return fail_arg(err, "args.from",
				"a value is JSON; bytes of another format are "
				"given as input");
	return 0;
}

/* One side's signer: its own argument, else the common one. Neither is an
 * error where `needed`. */
static int read_signer(struct serialize *task, int own, bool needed,
		       struct codec_options *options,
		       struct codec_signer *signer, struct err *err)
{
	char path[40];
	int row = task->values[own].given ? own : ARG_SIGNER;

	if (!task->values[row].given) {
		if (!needed)
			return 0;
		fail_arg(err, "args.signer", "a token needs a signer");
		if (err)
			memcpy(err->reason, "config", sizeof("config"));
		return -1;
	}
	snprintf(path, sizeof(path), "args.%s", args[row].name);
	if (task_signer_read(task->call, task->values[row].node, path, options,
			     signer, err))
		return -1;
	options->signer = signer;
	return 0;
}

static int read_signers(struct serialize *task, struct err *err)
{
	bool from = is_token(task->from);
	bool to = is_token(task->to);
	bool guess = !task->from && task->values[ARG_INPUT].given;

	if (task->values[ARG_SIGNER].given && !from && !to && !guess)
		return fail_arg(err, "args.signer",
				"neither side is a token of itsdangerous");
	if (task->values[ARG_FROM_SIGNER].given && !from && !guess)
		return fail_arg(err, "args.from_signer",
				"the input is no token of itsdangerous");
	if (task->values[ARG_TO_SIGNER].given && !to)
		return fail_arg(err, "args.to_signer",
				"the output is no token of itsdangerous");
	if ((from || guess) &&
	    read_signer(task, ARG_FROM_SIGNER, from, &task->read,
			&task->from_signer, err))
		return -1;
	return to ? read_signer(task, ARG_TO_SIGNER, true, &task->write,
				&task->to_signer, err)
		  : 0;
}

static int read_arguments(struct serialize *task, struct err *err)
{
	if (task_args_read(args, task->call, task->values, err))
		return -1;
	task->from = codec_of(&task->values[ARG_FROM]);
	task->to = codec_of(&task->values[ARG_TO]);
	if (check_source(task, err))
		return -1;
	codec_options_init(&task->read);
	task->read.max_depth = (size_t)task->values[ARG_MAX_DEPTH].integer;
	task->read.lossy = task->values[ARG_LOSSY].integer != 0;
	task->write = task->read;
	task_format_read(task->values + ARG_FORMAT, &task->write);
	return read_signers(task, err);
}

/* What is wrong with `value` is wrong with an argument. */
static int read_value(struct serialize *task, struct err *err)
{
	struct codec_options options = task->read;

	options.unique = true;
	if (!codec_decode(task->from, &options, task->values[ARG_VALUE].raw,
			  &task->doc, &task->found, err))
		return 0;
	if (err) {
		snprintf(err->field, sizeof(err->field), "args.value");
		if (!strcmp(err->reason, "duplicate"))
			err->code = ERR_BAD_ARGS;
	}
	return -1;
}

static int read_source(struct serialize *task, struct err *err)
{
	struct slice input = task->values[ARG_INPUT].text;

	value_doc_init(&task->doc, task->call->arena);
	if (task->values[ARG_VALUE].given)
		return read_value(task, err);
	if (task->from)
		return codec_decode(task->from, &task->read, input, &task->doc,
				    &task->found, err);
	return codec_decode_auto(&task->read, input, &task->doc, &task->found,
				 &task->from, err);
}

/* JSON in place. Lone surrogates need escapes; nothing else does. */
static int put_value(struct serialize *task, struct buf *result, size_t *bytes,
		     struct err *err)
{
	const struct codec *json = codec_find(SLICE("json"));
	struct codec_options options = task->write;

	options.style = CODEC_STYLE_COMPACT;
	json_put_key(result, "value");
	size_t begin = result->len;
	int r = codec_encode(json, &options, &task->doc, result, err);
	if (r && err && !options.ascii && !strcmp(err->reason, "encoding")) {
		*err = (struct err)ERR_INIT;
		result->len = begin;
		options.ascii = true;
		r = codec_encode(json, &options, &task->doc, result, err);
	}
	*bytes = result->len - begin;
	return r;
}

static int put_output(struct serialize *task, struct buf *result, size_t *bytes,
		      struct err *err)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	int r = codec_encode(task->to, &task->write, &task->doc, &out, err);
	*bytes = out.len;
	if (!r)
		r = task_put_bytes(task->call, result, "output",
				   out.ptr ? buf_slice(&out) : SLICE(""), err);
	buf_release(&out);
	return r;
}

static int put_result(struct serialize *task, struct buf *result,
		      struct err *err)
{
	size_t bytes = 0;
	int r = task->to ? put_output(task, result, &bytes, err)
			 : put_value(task, result, &bytes, err);

	if (r)
		return -1;
	buf_printf(result, ",\"bytes\":%zu", bytes);
	bool stamped =
		is_token(task->to) && codec_signer_is_timed(&task->to_signer);
	if (stamped)
		buf_printf(result, ",\"timestamp\":%.0f",
			   floor(task->to_signer.timestamp));
	else if (task->found.timed)
		buf_printf(result, ",\"timestamp\":%lld",
			   (long long)task->found.timestamp);
	if (task->values[ARG_FROM].given &&
	    slice_is(task->values[ARG_FROM].text, "auto"))
		buf_printf(result, ",\"from\":\"%s\"", task->from->name);
	return 0;
}

static int serialize_run(struct task_call *call, struct buf *result,
			 struct err *err)
{
	struct serialize task = {.call = call};

	if (read_arguments(&task, err) || read_source(&task, err))
		return -1;
	return put_result(&task, result, err);
}

/* The first use of a digest loads what OpenSSL needs for it. */
static int serialize_warm(const struct task_settings *settings, struct err *err)
{
	(void)settings;
	return codec_warm(err);
}

const struct task task_serialize = {
	.name = "serialize",
	.summary = "converts values between JSON, pickle, PHP, signed tokens, "
		   "msgpack, CBOR and more",
	.class = TASK_CLASS_CORE,
	.args = args,
	.run = serialize_run,
	.warm = serialize_warm,
};
