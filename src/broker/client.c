/*
 * The blocking client on hiredis's synchronous side. For a Sentinel URL it asks
 * the sentinels once, at the start.
 */
#include "broker/client.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/xalloc.h"
#include "broker/url.h"

struct client {
	redisContext *context;
};

static const redisReply *raw(const struct client_reply *reply)
{
	return (const redisReply *)(const void *)reply;
}

enum client_type client_reply_type(const struct client_reply *reply)
{
	switch (raw(reply)->type) {
	case REDIS_REPLY_INTEGER:
		return CLIENT_INTEGER;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
		return CLIENT_TEXT;
	case REDIS_REPLY_ERROR:
		return CLIENT_ERROR;
	case REDIS_REPLY_ARRAY:
		return CLIENT_ARRAY;
	default:
		return CLIENT_NIL;
	}
}

int64_t client_reply_integer(const struct client_reply *reply)
{
	return raw(reply)->integer;
}

struct slice client_reply_text(const struct client_reply *reply)
{
	return raw(reply)->str ? slice_of(raw(reply)->str, raw(reply)->len)
			       : slice_of("", 0);
}

size_t client_reply_count(const struct client_reply *reply)
{
	return raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

const struct client_reply *client_reply_at(const struct client_reply *reply,
					   size_t index)
{
	if (index >= client_reply_count(reply))
		return NULL;
	return (const void *)raw(reply)->element[index];
}

void client_reply_free(struct client_reply *reply)
{
	if (reply)
		freeReplyObject(reply);
}

static struct timeval to_timeval(double seconds)
{
	return (struct timeval){
		.tv_sec = (time_t)seconds,
		.tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) *
					 1e6)};
}

static int not_reached(struct err *err, const struct url *url, const char *why)
{
	struct buf text;

	buf_init(&text, 4096);
	url_describe(url, &text);
	buf_add_char(&text, '\0');
	err_set(err, ERR_INTERNAL, "Redis at %.200s cannot be reached: %.200s",
		text.ptr ? text.ptr : "?", why);
	buf_release(&text);
	return -1;
}

static redisContext *connect_host(const char *host, int port, double seconds)
{
	return redisConnectWithTimeout(host, port, to_timeval(seconds));
}

/* The master's address as one sentinel tells it; NULL unless it does. */
static redisReply *ask_sentinel(const struct url_host *host, const char *name,
				double seconds)
{
	redisContext *asked = connect_host(host->name, host->port, seconds);
	redisReply *reply = NULL;

	if (asked && !asked->err &&
	    redisSetTimeout(asked, to_timeval(seconds)) == REDIS_OK)
		reply = redisCommand(
			asked, "SENTINEL get-master-addr-by-name %s", name);
	if (asked)
		redisFree(asked);
	if (reply &&
	    (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	     reply->element[0]->type != REDIS_REPLY_STRING ||
	     reply->element[1]->type != REDIS_REPLY_STRING)) {
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

/* Asks each sentinel until one names a master that can be reached. */
static redisContext *connect_sentinel(const struct url *url, double seconds)
{
	redisContext *found = NULL;
	size_t i;

	for (i = 0; i < url->sentinel_count && (!found || found->err); i++) {
		redisReply *reply =
			ask_sentinel(&url->sentinels[i], url->master_name,
				     seconds < 1 ? seconds : 1);

		if (!reply)
			continue;
		if (found)
			redisFree(found);
		found = connect_host(reply->element[0]->str,
				     atoi(reply->element[1]->str), seconds);
		freeReplyObject(reply);
	}
	return found;
}

static int expect_ok(struct client *client, redisReply *reply, struct err *err)
{
	int status = 0;

	if (!reply)
		return err_set(err, ERR_INTERNAL, "Redis does not answer: %s",
			       client->context->errstr);
	if (reply->type == REDIS_REPLY_ERROR)
		status = err_set(err, ERR_REFUSED, "Redis refuses: %.200s",
				 reply->str);
	freeReplyObject(reply);
	return status;
}

static int login(struct client *client, const struct url *url,
		 const char *password, struct err *err)
{
	redisContext *context = client->context;
	const char *secret = password ? password : url->password;

	if (secret && url->user) {
		if (expect_ok(client,
			      redisCommand(context, "AUTH %s %s", url->user,
					   secret),
			      err))
			return -1;
	} else if (secret &&
		   expect_ok(client, redisCommand(context, "AUTH %s", secret),
			     err)) {
		return -1;
	}
	if (url->db)
		return expect_ok(client,
				 redisCommand(context, "SELECT %d", url->db),
				 err);
	return 0;
}

static redisContext *connect_url(const struct url *url, double seconds)
{
	if (url->path)
		return redisConnectUnixWithTimeout(url->path,
						   to_timeval(seconds));
	if (url->master_name)
		return connect_sentinel(url, seconds);
	return connect_host(url->host.name, url->host.port, seconds);
}

struct client *client_open(const char *text, const char *password,
			   double seconds, struct err *err)
{
	struct client *client = xcalloc(1, sizeof(*client));
	struct url url;
	int status = url_parse(&url, text, err);

	if (!status && url.tls)
		status = err_field(err, ERR_BAD_ARGS, "redis.url",
				   "redis.url: rediss:// needs TLS, which this "
				   "build's hiredis does not have");
	if (!status) {
		client->context = connect_url(&url, seconds);
		if (!client->context || client->context->err)
			status = not_reached(err, &url,
					     client->context
						     ? client->context->errstr
						     : "no sentinel names a "
						       "master");
	}
	if (!status) {
		client->context->reader->maxbuf = 0;
		client_set_timeout(client, seconds);
		status = login(client, &url, password, err);
	}
	url_release(&url);
	if (!status)
		return client;
	client_free(client);
	return NULL;
}

void client_free(struct client *client)
{
	if (client && client->context)
		redisFree(client->context);
	free(client);
}

void client_set_timeout(struct client *client, double seconds)
{
	(void)redisSetTimeout(client->context, to_timeval(seconds));
}

int client_append(struct client *client, const struct slice *parts,
		  size_t count, struct err *err)
{
	const char **argv = xcalloc(count, sizeof(char *));
	size_t *lens = xcalloc(count, sizeof(*lens));
	size_t i;
	int status;

	for (i = 0; i < count; i++) {
		argv[i] = parts[i].ptr ? parts[i].ptr : "";
		lens[i] = parts[i].len;
	}
	status =
		redisAppendCommandArgv(client->context, (int)count, argv, lens);
	free(argv);
	free(lens);
	if (status != REDIS_OK)
		return err_set(err, ERR_INTERNAL, "Redis: %s",
			       client->context->errstr);
	return 0;
}

struct client_reply *client_next(struct client *client, struct err *err)
{
	void *reply = NULL;

	if (redisGetReply(client->context, &reply) != REDIS_OK || !reply) {
		err_set(err, ERR_INTERNAL, "Redis does not answer: %s",
			client->context->errstr);
		return NULL;
	}
	return reply;
}

struct client_reply *client_command(struct client *client,
				    const struct slice *parts, size_t count,
				    struct err *err)
{
	if (client_append(client, parts, count, err))
		return NULL;
	return client_next(client, err);
}

struct client_reply *client_words(struct client *client, struct err *err,
				  const char *const *words)
{
	struct slice parts[64];
	size_t count = 0;

	while (words[count] && count < 64) {
		parts[count] = slice_text(words[count]);
		count++;
	}
	return client_command(client, parts, count, err);
}
