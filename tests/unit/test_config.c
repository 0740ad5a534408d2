/*
 * The configuration: what is accepted, what is told about what is not, which
 * value wins.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/config.h"

/* environ is not const, literals are. */
#define SET(text) ((char *)(text))

static char path[] = "/tmp/cherry-config.XXXXXX";

static void write_file(const char *text)
{
	int fd;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Loads a file of that text. The problems, without the file's name, one a
 * line. */
static char *problems_of(const char *text, char *const *environment)
{
	struct config_request request = {.file = path,
					 .environment = environment};
	struct config config;
	struct buf out;
	int status;

	write_file(text);
	status = config_load(&config, &request);
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < config.problem_count; i++) {
		const char *line = config.problems[i];

		if (!strncmp(line, path, strlen(path)))
			line += strlen(path);
		buf_printf(&out, "%s\n", line);
	}
	cr_expect_eq(status != 0, config.problem_count > 0);
	config_release(&config);
	unlink(path);
	buf_add_char(&out, '\0');
	return out.ptr;
}

static const struct {
	const char *text, *problem; /* "" is none; else a part of one */
} cases[] = {
	{"", ""},
	{"; c\n# c\n\n[cherry]\n  concurrency = 3   ; so many\n", ""},
	{"\xef\xbb\xbf[cherry]\r\nconcurrency=3\r\n", ""},
	{"[cherry]\nqueues = a,b  c\n", ""},
	{"[cherry]\nqueues = app:mails app:v2\n", ""},
	{"[cherry]\nmax_payload =\nqueues =\n", ""},
	{"[queue:tasks]\nrate =\n[http]\nlisten =\n", ""},
	{"[task:thumbnail]\nmax_pixels = 1000\ntimeout = 1.5\n", ""},
	{"[task:mine]\ncommand = true\nmode = lines\n", ""},
	{"[cherry]\nqueues = a\n[queue:a]\npayload = raw\ntask = mine\n"
	 "[task:mine]\ncommand = true\n",
	 ""},
	{"[cherry]\nqueues = a b\n[queue:a]\ndelivery = at-most-once\n"
	 "[queue:b]\ndelivery = at-most-once\n",
	 ""},
	{"[task:mine]\ncommand = printf '%s' \"a = b; c\" #4\n", ""},

	{"[cherry]\nconcurrency = 2\nconcurrency = 3\n",
	 ":3: [cherry] concurrency: given a second time; the first is at "},
	{"[cherry]\nconcurency = 2\n",
	 ":2: [cherry] concurency: there is no such setting; did you mean "
	 "\"concurrency\"?"},
	{"[chery]\nconcurrency = 2\n",
	 ":1: [chery]: there is no such section; did you mean [cherry]"},
	{"[nonsense]\n", ":1: [nonsense]: there is no such section"},
	{"[queue:]\n", ":1: [queue:]: there is no such section"},
	{"[cherry\n", ":1: \"[cherry\" is no section"},
	{"[]\n", ":1: \"[]\" is no section"},
	{"concurrency = 2\n",
	 ":1: \"concurrency\" stands before any [section]"},
	{"[cherry]\njust words\n", ":2: \"just words\" is neither"},
	{"[cherry]\n= 3\n", ":2: \"= 3\" is neither"},
	{"[cherry]\nconcurrency = -1\n",
	 ":2: [cherry] concurrency: \"-1\" is not a whole number from 0 to "
	 "1024"},
	{"[cherry]\nconcurrency = 2x\n", "is not a whole number"},
	{"[cherry]\nconcurrency = 1025\n", "is not a whole number"},
	{"[cherry]\nmax_payload = 16X\n", "is not a size"},
	{"[cherry]\nmax_payload = 1T\n", "is not a size"},
	{"[cherry]\ndrain_timeout = soon\n", "is not a time"},
	{"[cherry]\nreply_ttl = 1.5\n", "whole ones"},
	{"[cherry]\nreply_ttl = 2h\nmax_reply_ttl = 1h\n",
	 ":2: [cherry] reply_ttl: 2h is over max_reply_ttl, which is 1h"},
	{"[cherry]\nlog_level = loud\n",
	 "\"loud\" is not one of error, warn, info, debug"},
	{"[cherry]\nqueues = a:3 b:1\n", "a:3: weights"},
	{"[cherry]\nqueues = cherry:x\n", "cherry's own"},
	{"[redis]\nurl = http://x\n", ":2: [redis] url: "},
	{"[redis]\npassword_file = /nowhere/at/all\n", "No such file"},
	{"[queue:tasks]\npop = middle\n",
	 "\"middle\" is not one of right, left"},
	{"[queue:tasks]\nrate = 5/s\n", "not built yet"},
	{"[http]\nlisten = 127.0.0.1:9464\n", "not built yet"},
	{"[queue:tasks]\npayload = raw\n", ":2: [queue:tasks] payload: raw"},
	{"[queue:tasks]\ntask = nothing\n", "there is no task nothing"},
	{"[cherry]\nqueues = a b\n[queue:a]\ndelivery = at-most-once\n",
	 ":4: [queue:b] delivery: at-least-once, but at-most-once"},
	{"[task:diff]\ntimeout = 400\n",
	 ":2: [task:diff] timeout: 400 is over max_timeout, which is 300"},
	{"[task:diff]\nbackoff = 2s\n", "two durations"},
	{"[task:diff]\nbackoff = 10m..2s\n", "two durations"},
	{"[task:diff]\ncommand = true\n", "takes no command"},
	{"[task:diff]\nmode = once\n", "only a task with a command"},
	{"[task:diff]\nmax_pixels = 3\n", "there is no such setting"},
	{"[task:thumbnail]\nmax_pixels = lots\n",
	 ":2: [task:thumbnail] max_pixels: "},
	{"[task:mine]\ntimeout = 3\n", "needs a command"},
	{"[files]\ninput_root = /nowhere/at/all\n", "No such file"},
	{"[files]\ninput_root = /etc/passwd\n", "is no directory"},
	{"[secrets]\nkey = @/etc/passwd\n", "can be read by everybody"},
	{"[secrets]\nkey = @/nowhere/at/all\n", "No such file"},
};

Test(config, values_and_messages)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *told = problems_of(cases[i].text, NULL);
		bool right = cases[i].problem[0]
				     ? strstr(told, cases[i].problem) != NULL
				     : told[0] == '\0';

		cr_expect(right, "%s\ngives: %s\nnot: %s", cases[i].text, told,
			  cases[i].problem);
		free(told);
	}
}

Test(config, all_errors_at_once_and_in_order)
{
	char *told = problems_of("[cherry]\nconcurrency = x\nwhat\nquues = a\n"
				 "[nonsense]\na = 1\n[redis]\nurl = y\n",
				 NULL);
	static const char *const lines[] = {
		":2: ", ":3: ", ":4: ", ":5: ", ":8: "};
	const char *at = told;

	for (size_t i = 0; i < 5; i++) {
		cr_assert(at && !strncmp(at, lines[i], 4), "line %zu of %s", i,
			  told);
		at = strchr(at, '\n') + 1;
	}
	cr_expect_eq(*at, '\0', "more than five: %s", told);
	free(told);
}

Test(config, long_lines_and_names_are_whole)
{
	struct config_request request = {.file = path};
	struct config config;
	char text[4000], name[201];

	memset(name, 'n', 200);
	name[200] = '\0';
	sprintf(text, "[cherry]\nqueues = %s\n[queue:%s]\nreply_to = %s%s%s\n",
		name, name, name, name, name);
	write_file(text);
	cr_assert(!config_load(&config, &request));
	sprintf(text, "queue:%s", name);
	cr_expect_eq(strlen(config_text(&config, text, "reply_to")), 600);
	cr_expect_eq(config.warning_count, 0, "%s", config.warnings[0]);
	config_release(&config);
	unlink(path);
}

Test(config, option_environment_file_default)
{
	char *environment[] = {SET("CHERRY_CHERRY_CONCURRENCY=5"),
			       SET("CHERRY_LOG_LEVEL=warn"),
			       SET("REDIS_URL=unix:///env.sock"),
			       SET("CHERRY_QUEUE_MY_QUEUE_POP=left"),
			       SET("CHERRY_TASK_DIFF_MAX_TIMEOUT=100"),
			       SET("CHERRY_TASK_THUMBNAIL_MAX_PIXELS=1000"),
			       SET("CHERRY_SECRETS_SESSION=hush"),
			       SET("CHERRY_ID=7"),
			       SET("CHERRY_REDIS_PORT_6379_TCP=tcp://x"),
			       NULL};
	const struct config_override overrides[] = {
		{"--concurrency", "6", "cherry", "concurrency"},
		{"--set", "queue:a.b.max_running=3", NULL, NULL},
	};
	struct config_request request = {.file = path,
					 .environment = environment,
					 .overrides = overrides,
					 .override_count = 2};
	struct config config;
	struct slice secret;

	write_file("[cherry]\nqueues = my-queue a.b\nconcurrency = 4\n"
		   "log_level = error\ndrain_timeout = 3\n"
		   "[task:diff]\nretries = 7\n");
	cr_assert(!config_load(&config, &request), "%s", config.problems[0]);
	cr_expect_eq(config.warning_count, 0, "%s", config.warnings[0]);
	cr_expect_eq(config_integer(&config, "cherry", "concurrency"), 6);
	cr_expect_eq(config_choice(&config, "cherry", "log_level"), 1);
	cr_expect_eq(config_seconds(&config, "cherry", "drain_timeout"), 3);
	cr_expect_eq(config_size(&config, "cherry", "max_payload"), 16 << 20);
	cr_expect_str_eq(config_text(&config, "redis", "url"),
			 "unix:///env.sock");
	cr_expect_eq(config_choice(&config, "queue:my-queue", "pop"), 1);
	cr_expect_eq(config_integer(&config, "queue:a.b", "max_running"), 3);
	cr_expect_eq(config_seconds(&config, "task:diff", "max_timeout"), 100);
	cr_expect_eq(config_integer(&config, "task:diff", "retries"), 7);
	cr_assert(config_find(&config, "task:thumbnail", "max_pixels"));
	cr_assert(config_secret(&config, "secrets", "session", &secret));
	cr_expect(slice_is(secret, "hush"));
	config_release(&config);
	unlink(path);
}

Test(config, unknown_variables_are_told)
{
	char *environment[] = {SET("CHERRY_CONCURENCY=5"), NULL};
	struct config_request request = {.environment = environment};
	struct config config;

	cr_assert(!config_load(&config, &request));
	cr_assert_eq(config.warning_count, 1);
	cr_expect(strstr(config.warnings[0], "CHERRY_CONCURENCY"));
	config_release(&config);
}

Test(config, secrets_are_read_and_never_shown)
{
	struct config_request request = {.file = path};
	struct config config;
	char key[] = "/tmp/cherry-key.XXXXXX", text[500], *shown = NULL;
	int fd = mkstemp(key);
	struct slice secret;
	size_t size;
	FILE *out;

	cr_assert(write(fd, "from a file\n", 12) == 12);
	close(fd);
	snprintf(text, sizeof(text),
		 "[redis]\nurl = redis://u:pass-word@h\n[secrets]\na = hush\n"
		 "b = @%s\n",
		 key);
	write_file(text);
	cr_assert(!config_load(&config, &request), "%s", config.problems[0]);
	cr_assert(config_secret(&config, "secrets", "b", &secret));
	cr_expect(slice_is(secret, "from a file"));
	out = open_memstream(&shown, &size);
	config_show(&config, out);
	config_show_json(&config, out);
	fclose(out);
	cr_expect(!strstr(shown, "hush") && !strstr(shown, "pass-word") &&
			  !strstr(shown, "from a file"),
		  "%s", shown);
	free(shown);
	config_release(&config);
	unlink(key);
	unlink(path);
}
