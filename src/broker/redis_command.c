/*
 * Building commands in Redis's own protocol, and reading its errors. Sends
 * nothing.
 */
#include "broker/redis_command.h"

#include <ctype.h>
#include <string.h>

#define COMMAND_MAX ((size_t)1 << 31)

/* --- Classes of errors ------------------------------------------------------ */

/* From research on Redis 7.0; what begins with ERR is told by its sentence. */
static const struct {
	const char *text;
	enum redis_class class;
} classes[] = {
	{"LOADING", REDIS_CLASS_WAIT},
	{"BUSY", REDIS_CLASS_WAIT},
	{"CLUSTERDOWN", REDIS_CLASS_WAIT},
	{"TRYAGAIN", REDIS_CLASS_WAIT},
	{"MASTERDOWN", REDIS_CLASS_WAIT},
	{"MISCONF", REDIS_CLASS_HOLD},
	{"NOREPLICAS", REDIS_CLASS_HOLD},
	{"OOM", REDIS_CLASS_HOLD},
	{"READONLY", REDIS_CLASS_DROP},
	{"UNBLOCKED", REDIS_CLASS_DROP},
	{"ERR max number of clients", REDIS_CLASS_DROP},
	{"NOAUTH", REDIS_CLASS_DENIED},
	{"WRONGPASS", REDIS_CLASS_DENIED},
	{"NOPERM", REDIS_CLASS_DENIED},
	{"ERR invalid password", REDIS_CLASS_DENIED},
	/* What Redis 7.0 says for NOPERM inside a script. */
	{"ERR The user executing the script can't", REDIS_CLASS_DENIED},
	{"NOSCRIPT", REDIS_CLASS_SCRIPT},
	{"MOVED", REDIS_CLASS_CLUSTER},
	{"ASK", REDIS_CLASS_CLUSTER},
	{"CROSSSLOT", REDIS_CLASS_CLUSTER},
};

static enum redis_class find_class(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t len = strlen(classes[i].text);

		if (!strncmp(text, classes[i].text, len) &&
		    !isupper((unsigned char)text[len]))
			return classes[i].class;
	}
	return REDIS_CLASS_OTHER;
}

enum redis_class redis_command_class(const redisReply *reply)
{
	enum redis_class class;
	const char *at;

	if (!reply || reply->type != REDIS_REPLY_ERROR)
		return REDIS_CLASS_NONE;
	class = find_class(reply->str);
	if (class != REDIS_CLASS_OTHER)
		return class;
	/* Before Redis 7 the error of a command inside a script stood behind
	 * the script's own: "ERR Error running script (...): -OOM command". */
	at = strncmp(reply->str, "ERR Error running", 17) == 0
		     ? strstr(reply->str, ": -")
		     : NULL;
	return at ? find_class(at + 3) : REDIS_CLASS_OTHER;
}

/* --- Commands --------------------------------------------------------------- */

void redis_command_init(struct redis_command *command)
{
	buf_init(&command->bytes, COMMAND_MAX);
	command->count = 0;
}

/* Digits and a line's end, from the back: no printf on the way of each task. */
static char *put_line(char *end, uint64_t number)
{
	*--end = '\n';
	*--end = '\r';
	do {
		*--end = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return end;
}

static void put_length(struct buf *out, char mark, size_t number)
{
	char text[24], *at = put_line(text + sizeof(text), number);

	*--at = mark;
	buf_add(out, at, (size_t)(text + sizeof(text) - at));
}

void redis_command_add(struct redis_command *command, struct slice part)
{
	put_length(&command->bytes, '$', part.len);
	buf_add_slice(&command->bytes, part);
	buf_add(&command->bytes, "\r\n", 2);
	command->count++;
}

void redis_command_text(struct redis_command *command, const char *text)
{
	redis_command_add(command, slice_text(text));
}

void redis_command_int(struct redis_command *command, int64_t number)
{
	char text[24], *end = text + sizeof(text);
	uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char *at = put_line(end, size);

	if (number < 0)
		*--at = '-';
	redis_command_add(command, slice_of(at, (size_t)(end - at) - 2));
}

void redis_command_join(struct redis_command *command,
			struct redis_command *more)
{
	buf_add_slice(&command->bytes, buf_slice(&more->bytes));
	command->count += more->count;
	if (more->bytes.failed)
		command->bytes.failed = true;
	buf_release(&more->bytes);
}

void redis_command_head(const struct redis_command *command, struct buf *out)
{
	put_length(out, '*', command->count);
}
