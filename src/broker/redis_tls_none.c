/*
 * The same where hiredis has no TLS: it is refused, and said why.
 */
#ifndef HAVE_HIREDIS_SSL
#include "broker/redis_tls.h"

int redis_tls_check(struct err *err)
{
	return err_field(err, ERR_BAD_ARGS, "redis.url",
			 "redis.url: rediss:// needs TLS, which this build "
			 "lacks: its hiredis is %d.%d, and TLS came with 1.0 "
			 "and its library hiredis_ssl",
			 HIREDIS_MAJOR, HIREDIS_MINOR);
}

struct redis_tls *redis_tls_new(const struct redis_tls_files *files,
				struct err *err)
{
	(void)files;
	(void)redis_tls_check(err);
	return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
	(void)tls;
}

struct redis_tls_session *redis_tls_start(struct redis_tls *tls,
					  redisContext *context,
					  const char *host, struct err *err)
{
	(void)tls;
	(void)context;
	(void)host;
	err_set(err, ERR_INTERNAL, "this build has no TLS");
	return NULL;
}

int redis_tls_shake(struct redis_tls_session *session, struct err *err,
		    bool *wants_write)
{
	(void)session;
	*wants_write = false;
	return err_set(err, ERR_INTERNAL, "this build has no TLS");
}

const char *redis_tls_why(const struct redis_tls_session *session,
			  const char *otherwise, struct err *err)
{
	(void)session;
	err_set(err, ERR_INTERNAL, "%s", otherwise);
	return err->message;
}
#endif
