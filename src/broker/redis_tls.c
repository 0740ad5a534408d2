/*
 * The one place that knows whether hiredis can do TLS.
 */
#include "broker/redis_tls.h"

int redis_tls_check(const struct url *url, struct err *err)
{
	if (!url->tls)
		return 0;
	return err_field(err, ERR_BAD_ARGS, "redis.url",
			 "redis.url: rediss:// needs TLS, which this build "
			 "lacks: its hiredis is %d.%d, and TLS came with 1.0 "
			 "and its library hiredis_ssl",
			 HIREDIS_MAJOR, HIREDIS_MINOR);
}

int redis_tls_start(redisContext *context, const struct url *url,
		    struct err *err)
{
	(void)context;
	return redis_tls_check(url, err);
}
