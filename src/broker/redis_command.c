/*
 * Commands as bytes of the protocol (RESP), and what error replies ask for.
 * Sends nothing itself.
 */
#include "broker/redis_conn.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_MAX ((size_t)1 << 31)

/* --- Classes of errors ------------------------------------------------------ */

enum redis_class redis_class_of(const redisReply *reply)
{
	static const struct {
		const char *text;
		enum redis_class class;
	} table[] = {
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
		{"NOSCRIPT", REDIS_CLASS_SCRIPT},
		{"MOVED", REDIS_CLASS_CLUSTER},
		{"ASK", REDIS_CLASS_CLUSTER},
		{"CROSSSLOT", REDIS_CLASS_CLUSTER},
	};
	size_t i;

	if (!reply || reply->type != REDIS_REPLY_ERROR)
		return REDIS_CLASS_NONE;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strncmp(reply->str, table[i].text, strlen(table[i].text)))
			return table[i].class;
		/* Redis 7 puts errors of commands inside scripts behind it. */
		if (strstr(reply->str, table[i].text) &&
		    table[i].class == REDIS_CLASS_HOLD)
			return table[i].class;
	}
	return REDIS_CLASS_OTHER;
}

/* --- Commands --------------------------------------------------------------- */

void redis_command_init(struct redis_command *command)
{
	buf_init(&command->bytes, COMMAND_MAX);
	command->count = 0;
}

/* Lengths are short: no printf on the way of every task. */
void redis_command_length(struct buf *out, char mark, size_t number)
{
	char text[24], *at = text + sizeof(text);

	*--at = '\n';
	*--at = '\r';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	*--at = mark;
	buf_add(out, at, (size_t)(text + sizeof(text) - at));
}

void redis_command_add(struct redis_command *command, struct slice part)
{
	redis_command_length(&command->bytes, '$', part.len);
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
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)number);

	redis_command_add(command, slice_of(text, (size_t)len));
}
