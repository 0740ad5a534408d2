/*
 * The blocking client on hiredis's synchronous side. For a Sentinel URL it asks
 * the sentinels once, at the start, until one names a master that is one.
 */
#include "broker/client.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/xalloc.h"
#include "broker/redis_lookup.h"
#include "broker/redis_tls.h"
#include "broker/url.h"

struct client {
	redisContext *context;
	struct redis_tls *tls;
	struct redis_tls_session *session;
};

/* What one attempt to open needs. */
struct opening {
	const struct client_place *place;
	struct url url;
	double seconds;
	struct client *client;
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

static bool is_given(const char *text)
{
	return text && *text;
}

static int no_answer(const struct client *client, struct err *err)
{
	struct err why = ERR_INIT;

	return err_set(
		err, ERR_INTERNAL, "Redis does not answer: %s",
		redis_tls_why(client->session, client->context->errstr, &why));
}

static int expect_ok(struct client *client, redisReply *reply, struct err *err)
{
	int status = 0;

	if (!reply)
		return no_answer(client, err);
	if (reply->type == REDIS_REPLY_ERROR)
		status = err_set(err, ERR_REFUSED, "Redis refuses: %.200s",
				 reply->str);
	freeReplyObject(reply);
	return status;
}

static int login(struct opening *opening, struct err *err)
{
	struct client *client = opening->client;
	const struct url *url = &opening->url;
	const char *secret = opening->place->password ? opening->place->password
						      : url->password;
	redisContext *context = client->context;

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

/* The first of a host's addresses that answers. As hiredis's own: NULL, or an
 * `err` in it; NULL also for a name that has none, with `err` filled. */
static redisContext *connect_host(const struct url_host *host,
				  struct timeval limit, struct err *err)
{
	struct redis_addresses found;
	redisContext *context = NULL;
	size_t i;

	err_set(err, ERR_INTERNAL, "out of memory");
	if (redis_lookup_now(host->name, &found, err))
		return NULL;
	for (i = 0; i < found.count && (!context || context->err); i++) {
		if (context)
			redisFree(context);
		context = redisConnectWithTimeout(found.text[i], host->port,
						  limit);
	}
	return context;
}

/* A socket with a deadline, and TLS on it where the URL says so. */
static int connect_to(struct opening *opening, const struct url_host *host,
		      struct err *err)
{
	struct timeval limit = to_timeval(opening->seconds);
	struct client *client = opening->client;
	const struct url *url = &opening->url;
	struct err why = ERR_INIT;

	if (client->context)
		redisFree(client->context);
	client->session = NULL;
	client->context =
		url->path ? redisConnectUnixWithTimeout(url->path, limit)
			  : connect_host(host, limit, &why);
	if (!client->context || client->context->err)
		return not_reached(err, url,
				   client->context ? client->context->errstr
						   : why.message);
	client->context->reader->maxbuf = 0;
	client_set_timeout(client, opening->seconds);
	if (!url->tls)
		return 0;
	client->session =
		redis_tls_start(client->tls, client->context, host->name, err);
	return client->session ? 0 : -1;
}

/* --- Sentinel -------------------------------------------------------------- */

static redisReply *question(redisContext *context, const char *password,
			    const char *name)
{
	redisReply *reply;

	if (is_given(password)) {
		reply = redisCommand(context, "AUTH %s", password);
		if (!reply)
			return NULL;
		freeReplyObject(reply);
	}
	return redisCommand(context, "SENTINEL get-master-addr-by-name %s",
			    name);
}

static int no_sentinel(const struct opening *opening, struct err *err,
		       const char *why)
{
	char text[200];

	snprintf(text, sizeof(text), "no sentinel names a master: %.150s", why);
	return not_reached(err, &opening->url, text);
}

/* The master's address as one sentinel tells it, to be released. -1 unless it
 * does. */
static int ask_sentinel(const struct opening *opening,
			const struct url_host *sentinel, struct url_host *found,
			struct err *err)
{
	struct timeval limit =
		to_timeval(opening->seconds < 1 ? opening->seconds : 1);
	struct err why = ERR_INIT;
	redisContext *asked = connect_host(sentinel, limit, &why);
	redisReply *reply = NULL;
	int status = -1;

	if (asked && !asked->err && redisSetTimeout(asked, limit) == REDIS_OK)
		reply = question(asked, opening->place->sentinel_password,
				 opening->url.master_name);
	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    reply->element[1]->type == REDIS_REPLY_STRING) {
		found->name = xstrdup(reply->element[0]->str);
		found->port = atoi(reply->element[1]->str);
		status = 0;
	} else {
		(void)no_sentinel(opening, err,
				  reply && reply->type == REDIS_REPLY_ERROR
					  ? reply->str
				  : reply ? "it does not know that master"
				  : asked ? asked->errstr
					  : why.message);
	}
	if (reply)
		freeReplyObject(reply);
	if (asked)
		redisFree(asked);
	return status;
}

/* A sentinel may be behind the times. Who may not ask ROLE takes its word. */
static int check_master(struct client *client, struct err *err)
{
	redisReply *reply = redisCommand(client->context, "ROLE");
	bool is_other = reply && reply->type == REDIS_REPLY_ARRAY &&
			reply->elements &&
			reply->element[0]->type == REDIS_REPLY_STRING &&
			strcmp(reply->element[0]->str, "master") != 0;
	int status = 0;

	if (!reply || is_other)
		status =
			err_set(err, ERR_INTERNAL,
				"the server that a sentinel names as master %s",
				reply ? "is a replica" : "does not answer");
	if (reply)
		freeReplyObject(reply);
	return status;
}

static int open_by_sentinel(struct opening *opening, struct err *err)
{
	const struct url *url = &opening->url;
	int status = -1;
	size_t i;

	for (i = 0; i < url->sentinel_count && status; i++) {
		struct url_host found = {0};

		if (ask_sentinel(opening, &url->sentinels[i], &found, err))
			continue;
		status = connect_to(opening, &found, err) ||
					 login(opening, err) ||
					 check_master(opening->client, err)
				 ? -1
				 : 0;
		free(found.name);
	}
	return status;
}

/* --- Opening --------------------------------------------------------------- */

static int open_place(struct opening *opening, struct err *err)
{
	const struct client_place *place = opening->place;
	const struct redis_tls_files files = {place->ca_file, place->cert_file,
					      place->key_file};

	if (url_parse(&opening->url, place->url, err))
		return -1;
	if (opening->url.master_name)
		return open_by_sentinel(opening, err);
	if (opening->url.tls) {
		opening->client->tls = redis_tls_new(&files, err);
		if (!opening->client->tls)
			return -1;
	}
	if (connect_to(opening, &opening->url.host, err))
		return -1;
	return login(opening, err);
}

int client_check_url(const char *text, struct err *err)
{
	struct url url;
	int status = url_parse(&url, text, err);

	if (!status && url.tls)
		status = redis_tls_check(err);
	url_release(&url);
	return status;
}

struct client *client_reach(const struct client_place *place, double seconds,
			    struct err *err)
{
	struct opening opening = {.place = place,
				  .seconds = seconds,
				  .client = xcalloc(1, sizeof(struct client))};
	int status = open_place(&opening, err);

	url_release(&opening.url);
	if (!status)
		return opening.client;
	client_free(opening.client);
	return NULL;
}

struct client *client_open(const char *url, const char *password,
			   double seconds, struct err *err)
{
	const struct client_place place = {.url = url, .password = password};

	return client_reach(&place, seconds, err);
}

void client_free(struct client *client)
{
	if (client && client->context)
		redisFree(client->context);
	if (client)
		redis_tls_free(client->tls);
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
		no_answer(client, err);
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
