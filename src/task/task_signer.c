/*
 * Reads the signer of serialize: keys by value or by the name of a configured
 * secret, itsdangerous's settings, the payload's format and its options.
 */
#include "task/task_signer.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/text.h"

enum {
	ROW_SECRET,
	ROW_SECRET_KEY,
	ROW_SECRET_KEY_BASE64,
	ROW_SALT,
	ROW_SALT_BASE64,
	ROW_CLASS,
	ROW_KEY_DERIVATION,
	ROW_DIGEST,
	ROW_SEP,
	ROW_SERIALIZER,
	ROW_FALLBACKS,
	ROW_MAX_AGE,
	ROW_EPOCH,
	ROW_NOW,
	ROW_TIMESTAMP,
	ROW_FORMAT,
	ROW_COUNT = ROW_FORMAT + FORMAT_ROWS
};

#define DIGESTS "sha1 sha224 sha256 sha384 sha512 md5"

static const char *const digest_names[] = {"sha1",   "sha224", "sha256",
					   "sha384", "sha512", "md5"};

static const struct task_arg rows[] = {
	{.name = "secret",
	 .type = ARG_JSON,
	 .help = "name of a configured secret, or names, oldest first"},
	{.name = "secret_key",
	 .type = ARG_JSON,
	 .help = "the key, or keys, oldest first"},
	{.name = "secret_key_base64",
	 .type = ARG_JSON,
	 .help = "the same as base64"},
	{.name = "salt",
	 .type = ARG_JSON,
	 .help = "text, or null for the bare signer's"},
	{.name = "salt_base64", .type = ARG_TEXT, .help = "the same as base64"},
	{.name = "class",
	 .type = ARG_CHOICE,
	 .fallback = "URLSafeSerializer",
	 .choices = "URLSafeSerializer URLSafeTimedSerializer Serializer "
		    "TimedSerializer Signer TimestampSigner",
	 .help = "which class of itsdangerous"},
	{.name = "key_derivation",
	 .type = ARG_CHOICE,
	 .fallback = "django-concat",
	 .choices = "django-concat concat hmac none",
	 .help = "how the key is made from secret and salt"},
	{.name = "digest",
	 .type = ARG_CHOICE,
	 .fallback = "sha1",
	 .choices = DIGESTS,
	 .help = "the hash"},
	{.name = "sep", .type = ARG_TEXT, .help = "between the parts [.]"},
	{.name = "serializer",
	 .type = ARG_CHOICE,
	 .fallback = "json",
	 .choices = TASK_FORMATS,
	 .help = "format of the payload"},
	{.name = "fallback_signers",
	 .type = ARG_JSON,
	 .help = "objects like this one: other ways to verify"},
	{.name = "max_age",
	 .type = ARG_NUMBER,
	 .help = "seconds after which a token has expired"},
	{.name = "epoch",
	 .type = ARG_NUMBER,
	 .help = "what the time counts from [0]"},
	{.name = "now", .type = ARG_NUMBER, .help = "the clock [the real one]"},
	{.name = "timestamp",
	 .type = ARG_NUMBER,
	 .help = "the time to stamp [now]"},
	TASK_FORMAT_ROWS,
	{.type = ARG_END},
};

struct signer_reading {
	struct task_call *call;
	const char *path;
	const struct task_value *values;
};

static int fail_config(const struct signer_reading *reading, const char *member,
		       const char *message, struct err *err)
{
	char field[160];

	snprintf(field, sizeof(field), "%.120s.%s", reading->path, member);
	err_field(err, ERR_BAD_ARGS, field, "%s: %s", field, message);
	if (err)
		memcpy(err->reason, "config", sizeof("config"));
	return -1;
}

static int decode_base64(const struct signer_reading *reading,
			 const char *member, struct slice text,
			 struct slice *out, struct err *err)
{
	struct buf bytes;

	buf_init(&bytes, text.len + 4);
	int r = base64_decode(&bytes, text, NULL);
	char *copy =
		r ? NULL : arena_copy(reading->call->arena, buf_slice(&bytes));
	*out = slice_of(copy, bytes.len);
	if (bytes.ptr)
		explicit_bzero(bytes.ptr, bytes.cap);
	buf_release(&bytes);
	return copy ? 0 : fail_config(reading, member, "it is not base64", err);
}

/* One key: by name, as it is, or as base64. */
static int read_key(const struct signer_reading *reading, int row,
		    const struct json_node *node, struct slice *out,
		    struct err *err)
{
	const char *member = rows[row].name;

	if (node->type != JSON_STRING || node->surrogates)
		return fail_config(reading, member,
				   "text or an array of text is needed", err);
	if (row == ROW_SECRET) {
		if (task_secret(reading->call->settings, node->text, out))
			return 0;
		return fail_config(reading, member,
				   "there is no secret of that name in the "
				   "configuration",
				   err);
	}
	if (row == ROW_SECRET_KEY_BASE64)
		return decode_base64(reading, member, node->text, out, err);
	*out = node->text;
	return 0;
}

/* All keys, oldest first, from the one member that was given. */
static int read_keys(const struct signer_reading *reading,
		     struct codec_signer *signer, struct err *err)
{
	int row = -1;

	for (int i = ROW_SECRET; i <= ROW_SECRET_KEY_BASE64; i++) {
		if (!reading->values[i].given)
			continue;
		if (row >= 0)
			return fail_config(reading, rows[i].name,
					   "the key is given twice", err);
		row = i;
	}
	if (row < 0)
		return 0;
	const struct json_node *node = reading->values[row].node;
	bool array = node->type == JSON_ARRAY;
	size_t count = array ? node->count : 1;
	struct slice *keys =
		arena_calloc(reading->call->arena, count + 1, sizeof(*keys));
	if (!keys || !count)
		return fail_config(reading, rows[row].name,
				   "there is no key in it", err);
	const struct json_node *key = array ? node->child : node;
	for (size_t i = 0; i < count; i++, key = key->next)
		if (read_key(reading, row, key, &keys[i], err))
			return -1;
	signer->keys = keys;
	signer->key_count = count;
	return 0;
}

static int read_salt(const struct signer_reading *reading,
		     struct codec_signer *signer, struct err *err)
{
	const struct task_value *salt = &reading->values[ROW_SALT];
	const struct task_value *base64 = &reading->values[ROW_SALT_BASE64];

	if (salt->given && base64->given)
		return fail_config(reading, "salt_base64",
				   "the salt is given twice", err);
	signer->salt_given = salt->given || base64->given;
	if (base64->given)
		return decode_base64(reading, "salt_base64", base64->text,
				     &signer->salt, err);
	if (!salt->given)
		return 0;
	if (salt->node->type == JSON_NULL)
		signer->salt = SLICE("itsdangerous.Signer");
	else if (salt->node->type == JSON_STRING && !salt->node->surrogates)
		signer->salt = salt->node->text;
	else
		return fail_config(reading, "salt", "text or null is needed",
				   err);
	return 0;
}

static void read_times(const struct task_value *values,
		       struct codec_signer *signer)
{
	if (values[ROW_NOW].given)
		signer->now = signer->timestamp = values[ROW_NOW].number;
	if (values[ROW_TIMESTAMP].given)
		signer->timestamp = values[ROW_TIMESTAMP].number;
	if (values[ROW_EPOCH].given)
		signer->epoch = values[ROW_EPOCH].number;
	signer->max_age_given = values[ROW_MAX_AGE].given;
	signer->max_age = values[ROW_MAX_AGE].number;
}

void task_format_read(const struct task_value *values,
		      struct codec_options *options)
{
	if (values[FORMAT_PROTOCOL].given)
		options->protocol = (int)values[FORMAT_PROTOCOL].integer;
	if (values[FORMAT_STYLE].given) {
		options->style = (enum codec_style)values[FORMAT_STYLE].integer;
		options->ascii = options->style == CODEC_STYLE_PYTHON;
	}
	if (values[FORMAT_ASCII].given)
		options->ascii = values[FORMAT_ASCII].integer != 0;
	if (values[FORMAT_SORT_KEYS].given)
		options->sort_keys = values[FORMAT_SORT_KEYS].integer != 0;
	if (values[FORMAT_DETERMINISTIC].given)
		options->deterministic =
			values[FORMAT_DETERMINISTIC].integer != 0;
}

/* The payload's format, with options of its own only if one was given. */
static int read_inner(const struct signer_reading *reading,
		      const struct codec_options *outer,
		      struct codec_signer *signer, struct err *err)
{
	struct codec_options *inner;
	bool given = false;

	signer->inner = codec_table[reading->values[ROW_SERIALIZER].integer];
	if (!strcmp(signer->inner->name, "itsdangerous"))
		return fail_config(reading, "serializer",
				   "a token cannot be the payload of a token",
				   err);
	for (int i = 0; i < FORMAT_ROWS; i++)
		given = given || reading->values[ROW_FORMAT + i].given;
	if (!given)
		return 0;
	inner = arena_alloc(reading->call->arena, sizeof(*inner));
	if (!inner)
		return fail_config(reading, "serializer", "no memory", err);
	*inner = *outer;
	inner->signer = NULL;
	codec_signer_inner_defaults(signer, inner);
	task_format_read(reading->values + ROW_FORMAT, inner);
	signer->inner_options = inner;
	return 0;
}

/* What says how a signature is made; of a fallback that is all. */
static int read_way(const struct signer_reading *reading,
		    struct codec_signer *signer, struct err *err)
{
	const struct task_value *values = reading->values;

	codec_signer_init(signer);
	signer->class = (enum signer_class)values[ROW_CLASS].integer;
	signer->derivation =
		(enum signer_derivation)values[ROW_KEY_DERIVATION].integer;
	signer->digest = digest_names[values[ROW_DIGEST].integer];
	if (values[ROW_SEP].given)
		signer->sep = values[ROW_SEP].text;
	if (read_keys(reading, signer, err) || read_salt(reading, signer, err))
		return -1;
	read_times(values, signer);
	return 0;
}

/* task_args_read_node, and its faults are of the class "config". */
static int read_rows(struct task_call *call, const struct json_node *object,
		     const char *path, struct task_value *values,
		     struct err *err)
{
	int r = task_args_read_node(rows, call->arena, object, path, values,
				    err);
	if (r && err && err->code == ERR_BAD_ARGS)
		memcpy(err->reason, "config", sizeof("config"));
	return r;
}

static int read_fallbacks(const struct signer_reading *reading,
			  struct codec_signer *signer, struct err *err)
{
	const struct json_node *list = reading->values[ROW_FALLBACKS].node;
	struct task_value values[ROW_COUNT];
	struct codec_signer *ways;
	char path[160];
	size_t i = 0;

	if (!reading->values[ROW_FALLBACKS].given)
		return 0;
	if (list->type != JSON_ARRAY)
		return fail_config(reading, "fallback_signers",
				   "an array of objects is needed", err);
	ways = arena_calloc(reading->call->arena, list->count + 1,
			    sizeof(*ways));
	if (!ways)
		return fail_config(reading, "fallback_signers", "no memory",
				   err);
	for (const struct json_node *node = list->child; node;
	     node = node->next) {
		snprintf(path, sizeof(path), "%.100s.fallback_signers[%zu]",
			 reading->path, i);
		struct signer_reading way = {reading->call, path, values};
		if (read_rows(reading->call, node, path, values, err) ||
		    read_way(&way, &ways[i++], err))
			return -1;
		if (values[ROW_FALLBACKS].given)
			return fail_config(&way, "fallback_signers",
					   "a fallback has none itself", err);
	}
	signer->fallbacks = ways;
	signer->fallback_count = i;
	return 0;
}

int task_signer_read(struct task_call *call, const struct json_node *object,
		     const char *path, const struct codec_options *outer,
		     struct codec_signer *signer, struct err *err)
{
	struct task_value values[ROW_COUNT];
	struct signer_reading reading = {call, path, values};

	if (read_rows(call, object, path, values, err) ||
	    read_way(&reading, signer, err))
		return -1;
	if (!signer->key_count)
		return fail_config(&reading, "secret",
				   "a secret or a secret_key is required", err);
	if (read_inner(&reading, outer, signer, err))
		return -1;
	return read_fallbacks(&reading, signer, err);
}
