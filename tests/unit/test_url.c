/*
 * URLs of Redis: what is understood, and what is said about the rest.
 */
#include <criterion/criterion.h>

#include <stdio.h>

#include "broker/url.h"

/* Everything of a URL on one line. */
static const char *show(const struct url *url)
{
	static char out[600];
	size_t i, len;

	len = (size_t)snprintf(
		out, sizeof(out), "%s%s %s:%d user=%s password=%s db=%d",
		url->tls ? "tls " : "", url->path ? url->path : "-",
		url->host.name ? url->host.name : "-", url->host.port,
		url->user ? url->user : "-",
		url->password ? url->password : "-", url->db);
	if (url->master_name)
		len += (size_t)snprintf(out + len, sizeof(out) - len,
					" name=%s", url->master_name);
	for (i = 0; i < url->sentinel_count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, " %s:%d",
					url->sentinels[i].name,
					url->sentinels[i].port);
	return out;
}

Test(url, understands)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"redis://", "- 127.0.0.1:6379 user=- password=- db=0"},
		{"redis://h", "- h:6379 user=- password=- db=0"},
		{"redis://h:1", "- h:1 user=- password=- db=0"},
		{"redis://h:65535/", "- h:65535 user=- password=- db=0"},
		{"redis://h/15", "- h:6379 user=- password=- db=15"},
		{"redis://h?db=2", "- h:6379 user=- password=- db=2"},
		{"redis://u@h", "- h:6379 user=u password=- db=0"},
		{"redis://:p@h", "- h:6379 user=- password=p db=0"},
		{"redis://u:p@h/1", "- h:6379 user=u password=p db=1"},
		{"redis://u:p:q@h", "- h:6379 user=u password=p:q db=0"},
		{"redis://u:p@x@h", "- h:6379 user=u password=p@x db=0"},
		{"redis://u%40:%2f%25@h", "- h:6379 user=u@ password=/% db=0"},
		{"redis://[::1]", "- ::1:6379 user=- password=- db=0"},
		{"redis://[fe80::1]:7/3", "- fe80::1:7 user=- password=- db=3"},
		{"rediss://h:1", "tls - h:1 user=- password=- db=0"},
		{"unix:///run/r.sock",
		 "/run/r.sock -:0 user=- password=- db=0"},
		{"unix:///a%20b?db=3", "/a b -:0 user=- password=- db=3"},
		{"unix:///a@b", "/a@b -:0 user=- password=- db=0"},
		{"unix://:p@/a", "/a -:0 user=- password=p db=0"},
		{"unix://u:p@/a?db=1", "/a -:0 user=u password=p db=1"},
		{"redis-sentinel://a:1,b/m",
		 "- -:0 user=- password=- db=0 name=m a:1 b:26379"},
		{"redis-sentinel://:p@a/m/2",
		 "- -:0 user=- password=p db=2 name=m a:26379"},
		{"redis-sentinel://[::1]:5,c:6/m?db=4",
		 "- -:0 user=- password=- db=4 name=m ::1:5 c:6"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct url url;

		cr_expect_eq(url_parse(&url, cases[i].text, &err), 0, "%s: %s",
			     cases[i].text, err.message);
		cr_expect_str_eq(show(&url), cases[i].shown, "%s: %s",
				 cases[i].text, show(&url));
		url_release(&url);
	}
}

Test(url, refuses_and_says_which_part)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "begins with none of"},
		{"h:6379", "begins with none of"},
		{"http://h", "begins with none of"},
		{"Redis://h", "begins with none of"},
		{"redis:/h", "begins with none of"},
		{"redis://h:0", "port"},
		{"redis://h:65536", "port"},
		{"redis://h:", "port"},
		{"redis://h:x", "port"},
		{"redis://h:+1", "port"},
		{"redis://::1", "port"},
		{"redis://[::1", "brackets"},
		{"redis://[::1]x", "brackets"},
		{"redis://h/x", "database"},
		{"redis://h/-1", "database"},
		{"redis://h/1/2", "database"},
		{"redis://h/99999999999", "database"},
		{"redis://h?x=1", "db=NUMBER"},
		{"redis://h?db=", "db=NUMBER"},
		{"redis://h?db=1&db=2", "database"},
		{"redis://u:%zz@h", "%"},
		{"redis://u:%2@h", "%"},
		{"redis://u:%00@h", "%"},
		{"unix://", "absolute path"},
		{"unix://run/x", "absolute path"},
		{"unix:///a?x", "db=NUMBER"},
		{"redis-sentinel://a", "name"},
		{"redis-sentinel://a/", "name"},
		{"redis-sentinel:///m", "sentinel"},
		{"redis-sentinel://a,,b/m", "sentinels"},
		{"redis-sentinel://a:x/m", "port"},
		{"redis-sentinel://a/m/x", "database"},
	};
	char path[200];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct url url;

		cr_expect_neq(url_parse(&url, cases[i].text, &err), 0, "%s",
			      cases[i].text);
		cr_expect_eq(err.code, ERR_BAD_ARGS, "%s", cases[i].text);
		cr_expect_str_eq(err.field, "redis.url");
		cr_expect(strstr(err.message, cases[i].part), "%s: %s",
			  cases[i].text, err.message);
		url_release(&url);
	}
	snprintf(path, sizeof(path), "unix:///%0120d", 0);
	{
		struct err err = ERR_INIT;
		struct url url;

		cr_expect_neq(url_parse(&url, path, &err), 0);
		cr_expect(strstr(err.message, "longer"));
		url_release(&url);
	}
}

Test(url, never_tells_a_password)
{
	static const char *const texts[] = {
		"redis://u:s3cret@h:x",	 "redis://u:s3cret@h/x",
		"unix://u:s3cret@/a",	 "redis://u:s3cret@h/1",
		"redis://u:s3cret%zz@h", "redis-sentinel://:s3cret@a:1/m",
		"rediss://:s3cret@h:1/2"};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = ERR_INIT;
		struct url url;
		struct buf text;

		buf_init(&text, 1000);
		if (!url_parse(&url, texts[i], &err))
			url_describe(&url, &text);
		buf_add_char(&text, '\0');
		cr_expect_not(strstr(err.message, "s3cret"), "%s", err.message);
		cr_expect_not(strstr(text.ptr, "s3cret"), "%s", text.ptr);
		buf_release(&text);
		url_release(&url);
	}
}
