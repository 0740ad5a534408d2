/*
 * Ends of append-only files: what is cut, and what is left alone.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/own_redis_file.h"

#define SET   "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\na\r\nMULTI\r\nb\n\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC  "*1\r\n$4\r\nEXEC\r\n"
#define TIME  "#TS:1764000000\r\n"

static char dir[] = "/tmp/cherry-aof.XXXXXX";

static const struct {
	const char *keep, *cut; /* the file is both */
} cases[] = {
	{"", ""},
	{SET SET, ""},
	{MULTI SET EXEC SET, ""},
	{TIME SET TIME MULTI SET TIME EXEC, ""},
	{SET, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\na\r\nMUL"},
	{SET, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n"},
	{SET, "*3\r\n$3\r\nSET\r\n$1"},
	{SET, "*3\r"},
	{SET, "*"},
	{SET TIME, MULTI},
	{SET, MULTI SET},
	{SET, MULTI SET SET "*3\r\n$3\r\nSE"},
	{SET, MULTI SET "*1\r\n$4\r\nEXEC\r"},
	{MULTI SET EXEC, MULTI SET},
	{MULTI "*1\r\n$4\r\nexec\r\n", "*1\r\n$5\r\nmulti\r\n" SET},
	/* Not ours to judge. */
	{SET "what is this\r\n" SET, ""},
	{SET "*x\r\n", ""},
	{SET "*1\r\n+OK\r\n*1\r", ""},
	{SET "*-1\r\n", ""},
	{"REDIS0009 and what follows", ""},
	/* Cut wrongly long ago: what came after was acknowledged. */
	{MULTI SET MULTI SET EXEC "*3\r\n$3", ""},
};

static void open_dir(void)
{
	cr_assert(mkdtemp(dir));
}

static void close_dir(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_expect_eq(system(command), 0);
}

static void put(const char *name, const char *first, const char *second)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	cr_assert(file);
	fputs(first, file);
	fputs(second, file);
	fclose(file);
}

static long size_of(const char *name)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) ? -1 : (long)st.st_size;
}

TestSuite(own_redis_file, .init = open_dir, .fini = close_dir);

Test(own_redis_file, ends_are_cut_before_their_transaction)
{
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("appendonly.aof", cases[i].keep, cases[i].cut);
		cr_expect_eq(own_redis_file_mend(dir, &err),
			     (int64_t)strlen(cases[i].cut), "case %zu", i);
		cr_expect_eq(size_of("appendonly.aof"),
			     (long)strlen(cases[i].keep), "case %zu", i);
		/* What is mended stays so. */
		cr_expect_eq(own_redis_file_mend(dir, &err), 0, "case %zu", i);
	}
}

Test(own_redis_file, the_last_of_the_manifest_is_meant)
{
	struct err err = ERR_INIT;
	char path[200];

	snprintf(path, sizeof(path), "%s/appendonlydir", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	put("appendonlydir/appendonly.aof.manifest",
	    "file appendonly.aof.2.base.rdb seq 2 type b\n"
	    "file appendonly.aof.3.incr.aof seq 3 type i\n",
	    "file appendonly.aof.4.incr.aof seq 4 type i\n");
	put("appendonlydir/appendonly.aof.3.incr.aof", SET, MULTI);
	put("appendonlydir/appendonly.aof.4.incr.aof", SET, MULTI SET);
	cr_expect_eq(own_redis_file_mend(dir, &err),
		     (int64_t)strlen(MULTI SET));
	cr_expect_eq(size_of("appendonlydir/appendonly.aof.4.incr.aof"),
		     (long)strlen(SET));
	cr_expect_eq(size_of("appendonlydir/appendonly.aof.3.incr.aof"),
		     (long)strlen(SET MULTI));
}

Test(own_redis_file, none_is_no_fault_and_what_is_none_is)
{
	struct err err = ERR_INIT;
	char path[200];

	cr_expect_eq(own_redis_file_mend(dir, &err), 0);
	snprintf(path, sizeof(path), "%s/appendonly.aof", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_expect_eq(own_redis_file_mend(dir, &err), -1);
	cr_expect(strstr(err.message, "appendonly.aof"), "%s", err.message);
}
