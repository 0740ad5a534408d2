/*
 * The signer arguments of serialize.
 */
#ifndef TASK_TASK_SIGNER_H
#define TASK_TASK_SIGNER_H

#include "base/json.h"
#include "cherry/codec.h"
#include "cherry/task.h"

/*
 * Reads a signer's object into *signer, everything else of it into the call's
 * arena. `path` is its own name ("args.signer"); `outer` holds what the payload
 * takes over from the task: limits and `lossy`. ERR_BAD_ARGS with reason
 * "config". Secrets appear in no message.
 */
int task_signer_read(struct task_call *call, const struct json_node *object,
		     const char *path, const struct codec_options *outer,
		     struct codec_signer *signer, struct err *err) MUST_CHECK;

/* "json pickle ..." of the formats in this build: the choices of an argument.
 * The place of a choice is that of the format in codec_table. */
#ifdef HAVE_YAML
#define TASK_FORMATS                                                           \
	"json pickle php itsdangerous msgpack cbor bencode yaml plist xmlrpc"
#else
#define TASK_FORMATS                                                           \
	"json pickle php itsdangerous msgpack cbor bencode plist xmlrpc"
#endif

/* The options of a format, as rows of an argument table. */
#define TASK_FORMAT_ROWS                                                       \
	{.name = "protocol",                                                   \
	 .type = ARG_INTEGER,                                                  \
	 .max = 5,                                                             \
	 .help = "pickle: the protocol to write, 0 to 5"},                     \
		{.name = "style",                                              \
		 .type = ARG_CHOICE,                                           \
		 .choices = "compact python pretty",                           \
		 .help = "json: how it is set"},                               \
		{.name = "ascii",                                              \
		 .type = ARG_BOOL,                                             \
		 .help = "json: escape all but ASCII; true for python"},       \
		{.name = "sort_keys",                                          \
		 .type = ARG_BOOL,                                             \
		 .help = "json: keys in order"},                               \
	{                                                                      \
		.name = "deterministic", .type = ARG_BOOL,                     \
		.help = "cbor: RFC 8949, 4.2.1"                                \
	}

/* Their places, relative to the first. */
enum task_format_row {
	FORMAT_PROTOCOL,
	FORMAT_STYLE,
	FORMAT_ASCII,
	FORMAT_SORT_KEYS,
	FORMAT_DETERMINISTIC,
	FORMAT_ROWS
};

/* What was given of them, over what stands in `options`. */
void task_format_read(const struct task_value *rows,
		      struct codec_options *options);

#endif
