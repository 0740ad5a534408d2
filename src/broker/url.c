/*
 * Parser of Redis URLs. Resolves no names and connects to nothing.
 */
#include "broker/url.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
#include "base/xalloc.h"

#define PORT_STANDARD 6379
#define PORT_SENTINEL 26379
#define DB_MAX	      1000000
#define HOST_MAX      255

static int wrong(struct err *err, const char *what)
{
	return err_field(err, ERR_BAD_ARGS, "redis.url", "redis.url: %s", what);
}

static char *copy_slice(struct slice text)
{
	char *copy = xcalloc(text.len + 1, 1);

	if (text.len)
		memcpy(copy, text.ptr, text.len);
	return copy;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes into *out (owned). NUL cannot be part of it. */
static int decode(struct slice text, char **out, struct err *err)
{
	char *copy = copy_slice(text), *put = copy;
	size_t i;

	for (i = 0; i < text.len; i++) {
		int high, low;

		if (text.ptr[i] != '%') {
			*put++ = text.ptr[i];
			continue;
		}
		high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
		low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
		if (high < 0 || low < 0 || (!high && !low)) {
			free(copy);
			return wrong(err, "a % in it is not followed by two "
					  "hexadecimal digits");
		}
		*put++ = (char)(high << 4 | low);
		i += 2;
	}
	*put = '\0';
	*out = copy;
	return 0;
}

static int read_number(struct slice text, int64_t min, int64_t max, int *out)
{
	int64_t number;

	if (text_int64(text, &number) || number < min || number > max)
		return -1;
	*out = (int)number;
	return 0;
}

static int read_db(struct url *url, struct slice text, struct err *err)
{
	if (!text.len)
		return 0;
	if (read_number(text, 0, DB_MAX, &url->db))
		return wrong(err, "the database is not a number from 0");
	return 0;
}

/* host, host:port, [v6], [v6]:port */
static int read_host(struct url_host *host, struct slice text, int port,
		     struct err *err)
{
	const char *colon, *end = text.ptr + text.len;
	struct slice name = text, digits = {0};

	if (text.len && text.ptr[0] == '[') {
		const char *close = memchr(text.ptr, ']', text.len);

		if (!close || (close + 1 < end && close[1] != ':'))
			return wrong(err, "the address in brackets is not "
					  "closed");
		name = slice_of(text.ptr + 1, (size_t)(close - text.ptr) - 1);
		if (close + 1 < end)
			digits = slice_of(close + 2, (size_t)(end - close) - 2);
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(text.ptr, ':', text.len);
		if (colon) {
			name.len = (size_t)(colon - text.ptr);
			digits = slice_of(colon + 1, (size_t)(end - colon) - 1);
		}
	}
	host->port = port;
	if (colon && read_number(digits, 1, 65535, &host->port))
		return wrong(err, "the port is not a number from 1 to 65535");
	if (name.len > HOST_MAX ||
	    memchr(name.ptr ? name.ptr : "", 0, name.len))
		return wrong(err, "the host's name is too long");
	host->name = name.len ? copy_slice(name) : xstrdup("127.0.0.1");
	return 0;
}

/* Cuts user:password@ off the front of *rest. */
static int read_login(struct url *url, struct slice *rest, struct err *err)
{
	const char *at = memrchr(rest->ptr, '@', rest->len), *colon;
	struct slice login;

	if (!at)
		return 0;
	login = slice_of(rest->ptr, (size_t)(at - rest->ptr));
	*rest = slice_of(at + 1, rest->len - login.len - 1);
	colon = memchr(login.ptr, ':', login.len);
	if (!colon)
		return decode(login, &url->user, err);
	if (colon > login.ptr &&
	    decode(slice_of(login.ptr, (size_t)(colon - login.ptr)), &url->user,
		   err))
		return -1;
	return decode(slice_of(colon + 1,
			       login.len - (size_t)(colon - login.ptr) - 1),
		      &url->password, err);
}

/* ?db=N, the only parameter there is. */
static int read_query(struct url *url, struct slice *rest, struct err *err)
{
	const char *mark = memchr(rest->ptr, '?', rest->len);
	struct slice query;

	if (!mark)
		return 0;
	query = slice_of(mark + 1, rest->len - (size_t)(mark - rest->ptr) - 1);
	rest->len = (size_t)(mark - rest->ptr);
	if (!slice_starts(query, SLICE("db=")) || query.len == 3)
		return wrong(err, "after the ? only db=NUMBER is known");
	return read_db(url, slice_of(query.ptr + 3, query.len - 3), err);
}

static int read_unix(struct url *url, struct slice rest, struct err *err)
{
	if (memrchr(rest.ptr, '@', rest.len) && rest.ptr[0] != '/' &&
	    read_login(url, &rest, err))
		return -1;
	if (read_query(url, &rest, err))
		return -1;
	if (!rest.len || rest.ptr[0] != '/')
		return wrong(err, "unix:// is followed by an absolute path, as "
				  "in unix:///run/redis.sock");
	if (rest.len > 107)
		return wrong(err, "the socket's path is longer than 107 bytes");
	return decode(rest, &url->path, err);
}

static int read_network(struct url *url, struct slice rest, struct err *err)
{
	const char *slash;
	struct slice host;

	if (read_login(url, &rest, err) || read_query(url, &rest, err))
		return -1;
	slash = memchr(rest.ptr, '/', rest.len);
	host = rest;
	if (slash) {
		host.len = (size_t)(slash - rest.ptr);
		if (read_db(url, slice_of(slash + 1, rest.len - host.len - 1),
			    err))
			return -1;
	}
	return read_host(&url->host, host, PORT_STANDARD, err);
}

static int read_sentinels(struct url *url, struct slice list, struct err *err)
{
	while (list.len) {
		const char *comma = memchr(list.ptr, ',', list.len);
		struct slice one = list;

		if (comma)
			one.len = (size_t)(comma - list.ptr);
		if (!one.len)
			return wrong(err, "an empty host among the sentinels");
		if (url->sentinel_count == URL_SENTINELS_MAX)
			return wrong(err, "more than 16 sentinels");
		if (read_host(&url->sentinels[url->sentinel_count], one,
			      PORT_SENTINEL, err))
			return -1;
		url->sentinel_count++;
		list = slice_of(list.ptr + one.len + (comma ? 1 : 0),
				list.len - one.len - (comma ? 1 : 0));
	}
	return url->sentinel_count ? 0 : wrong(err, "no sentinel is named");
}

static int read_sentinel(struct url *url, struct slice rest, struct err *err)
{
	const char *slash, *second;
	struct slice name;

	if (read_login(url, &rest, err) || read_query(url, &rest, err))
		return -1;
	slash = memchr(rest.ptr, '/', rest.len);
	if (!slash)
		return wrong(err, "the master's name is missing, as in "
				  "redis-sentinel://host:26379/mymaster");
	name = slice_of(slash + 1, rest.len - (size_t)(slash - rest.ptr) - 1);
	second = memchr(name.ptr, '/', name.len);
	if (second) {
		struct slice db = slice_of(
			second + 1, name.len - (size_t)(second - name.ptr) - 1);

		name.len = (size_t)(second - name.ptr);
		if (read_db(url, db, err))
			return -1;
	}
	if (!name.len)
		return wrong(err, "the master's name is empty");
	url->master_name = copy_slice(name);
	return read_sentinels(
		url, slice_of(rest.ptr, (size_t)(slash - rest.ptr)), err);
}

int url_parse(struct url *url, const char *text, struct err *err)
{
	static const struct {
		const char *scheme;
		int (*read)(struct url *, struct slice, struct err *);
		bool tls;
	} table[] = {
		{"redis://", read_network, false},
		{"rediss://", read_network, true},
		{"unix://", read_unix, false},
		{"redis-sentinel://", read_sentinel, false},
	};
	struct slice whole = slice_text(text);
	size_t i;

	*url = (struct url){0};
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice scheme = slice_text(table[i].scheme);

		if (!slice_starts(whole, scheme))
			continue;
		url->tls = table[i].tls;
		return table[i].read(url,
				     slice_of(whole.ptr + scheme.len,
					      whole.len - scheme.len),
				     err);
	}
	return wrong(err, "it begins with none of redis://, rediss://, "
			  "unix://, redis-sentinel://");
}

void url_release(struct url *url)
{
	size_t i;

	free(url->path);
	free(url->host.name);
	free(url->address);
	free(url->user);
	free(url->password);
	free(url->master_name);
	for (i = 0; i < url->sentinel_count; i++)
		free(url->sentinels[i].name);
	*url = (struct url){0};
}

void url_describe(const struct url *url, struct buf *out)
{
	if (url->path)
		buf_printf(out, "unix://%s", url->path);
	else if (url->master_name)
		buf_printf(out, "redis-sentinel://%s:%d,.../%s",
			   url->sentinels[0].name, url->sentinels[0].port,
			   url->master_name);
	else
		buf_printf(out, "%s://%s:%d", url->tls ? "rediss" : "redis",
			   url->host.name, url->host.port);
	if (url->db)
		buf_printf(out, url->path ? "?db=%d" : "/%d", url->db);
}
