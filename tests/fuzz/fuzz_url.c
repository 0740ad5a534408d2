/*
 * URLs of Redis: what is accepted is within its ranges and can be shown; what
 * is refused is refused with a message. And records of `owned` and `later`,
 * whose parts must lie within them.
 * Covers: src/broker/url.c
 */
#include <stdlib.h>

#include "base/text.h"
#include "broker/redis_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(int truth)
{
	if (!truth)
		abort();
}

static void check_url(const struct url *url)
{
	struct buf text;
	size_t i;

	must(url->db >= 0 && url->db <= 1000000);
	must(url->path || url->master_name ||
	     (url->host.name && url->host.port > 0 && url->host.port < 65536));
	must(!url->path || url->path[0] == '/');
	must(!url->master_name || url->sentinel_count > 0);
	for (i = 0; i < url->sentinel_count; i++)
		must(url->sentinels[i].name && url->sentinels[i].port > 0 &&
		     url->sentinels[i].port < 65536);
	buf_init(&text, 1 << 16);
	url_describe(url, &text);
	buf_release(&text);
}

static bool is_within(struct slice part, struct slice whole)
{
	return !part.len || (part.ptr >= whole.ptr &&
			     part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_record(struct slice value)
{
	struct broker_claim claim = {0};
	struct slice instance;

	redis_known_read(value, &claim, &instance);
	must(is_within(instance, value) && is_within(claim.known_id, value) &&
	     is_within(claim.payload, value));
	must(instance.len || slice_equal(claim.payload, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct err err = ERR_INIT;
	struct url url;
	char *text = malloc(len + 1);

	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	if (url_parse(&url, text, &err))
		must(err.code == ERR_BAD_ARGS && err.message[0] &&
		     utf8_check(slice_text(err.message)) ==
			     strlen(err.message));
	else
		check_url(&url);
	url_release(&url);
	check_record(slice_of(text, len));
	free(text);
	return 0;
}
