/*
 * A small blocking client of Redis, for commands that ask something and end:
 * push, status, dead, doctor. Hides its library.
 */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include "cherry/buf.h"
#include "cherry/err.h"

struct client;

enum client_type {
	CLIENT_NIL,
	CLIENT_INTEGER,
	CLIENT_TEXT, /* a string or a status */
	CLIENT_ERROR,
	CLIENT_ARRAY
};

/* Owned by whoever got it: client_reply_free. */
struct client_reply;

enum client_type client_reply_type(const struct client_reply *reply);
int64_t client_reply_integer(const struct client_reply *reply);
/* CLIENT_TEXT or CLIENT_ERROR; NUL-terminated, lives as the reply. */
struct slice client_reply_text(const struct client_reply *reply);
size_t client_reply_count(const struct client_reply *reply);
/* Element of an array, borrowed; NULL past its end. */
const struct client_reply *client_reply_at(const struct client_reply *reply,
					   size_t index);
void client_reply_free(struct client_reply *reply);

/* Where and as whom; NULL or "" where not given. */
struct client_place {
	const char *url;
	const char *password;	       /* in place of the URL's */
	const char *sentinel_password; /* of the sentinels themselves */
	const char *ca_file, *cert_file, *key_file; /* rediss:// */
};

/* Is it a URL of Redis, and one that this build can serve? -1 with ERR_BAD_ARGS
 * says which part is wrong. Connects to nothing. */
int client_check_url(const char *url, struct err *err);

/*
 * Connects and logs in; each step (a sentinel's answer, say) may take `seconds`.
 * Names are looked up by the system's resolver, which takes its own time. NULL
 * with ERR_BAD_ARGS (the URL or a file), ERR_REFUSED (the login, or the
 * server's certificate) or ERR_INTERNAL (not reached).
 */
struct client *client_reach(const struct client_place *place, double seconds,
			    struct err *err);

/* The same with no more than a URL, and `password` in its place unless NULL. */
struct client *client_open(const char *url, const char *password,
			   double seconds, struct err *err);
void client_free(struct client *client);

/* How long an answer may take from now on; 0: for ever. */
void client_set_timeout(struct client *client, double seconds);

/*
 * Runs one command. NULL with ERR_INTERNAL if the connection broke; an error
 * reply is a reply.
 */
struct client_reply *client_command(struct client *client,
				    const struct slice *parts, size_t count,
				    struct err *err);

/* The same with texts, which ends with NULL. */
struct client_reply *client_words(struct client *client, struct err *err,
				  const char *const *words);

/* Pipelining: queue commands, then take their replies in order. */
int client_append(struct client *client, const struct slice *parts,
		  size_t count, struct err *err);
struct client_reply *client_next(struct client *client, struct err *err);

#endif
