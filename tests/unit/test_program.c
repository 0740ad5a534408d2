/*
 * Programs as tasks: commands into words and where they lie, users, the
 * environment.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Commands -------------------------------------------------------------- */

static const struct {
	const char *command;
	const char *words; /* joined by | */
} splits[] = {
	{"/bin/echo a b", "/bin/echo|a|b"},
	{"  /bin/echo\ta  \n b ", "/bin/echo|a|b"},
	{"/bin/echo 'a  b' \"c  d\"", "/bin/echo|a  b|c  d"},
	{"/bin/echo a'b'\"c\"d", "/bin/echo|abcd"},
	{"/bin/echo '' \"\" x", "/bin/echo|||x"},
	{"/bin/echo a\\ b \\'c\\\"", "/bin/echo|a b|'c\""},
	{"/bin/echo '\\n' \"\\n\" \\n", "/bin/echo|\\n|\\n|n"},
	{"/bin/echo \"\\\" \\\\ \\$ \\`\"", "/bin/echo|\" \\ $ `"},
	{"/bin/echo \"it's\" 'say \"x\"'", "/bin/echo|it's|say \"x\""},
	{"/bin/echo $HOME ~ * a;b | x > y # z",
	 "/bin/echo|$HOME|~|*|a;b|||x|>|y|#|z"},
	{"/bin/echo a\\\nb", "/bin/echo|ab"},
	{"'/bin/echo' x", "/bin/echo|x"},
};

Test(program, commands_become_words)
{
	size_t i, w;

	for (i = 0; i < COUNT(splits); i++) {
		struct program_command command;
		struct err err = ERR_INIT;
		char joined[200] = "";

		cr_assert_eq(program_command_read(splits[i].command, NULL,
						  &command, &err),
			     0, "%s: %s", splits[i].command, err.message);
		for (w = 0; command.argv[w]; w++) {
			strcat(joined, w ? "|" : "");
			strcat(joined, command.argv[w]);
		}
		cr_expect_str_eq(joined, splits[i].words);
		cr_expect_str_eq(command.path, "/bin/echo");
		program_command_release(&command);
	}
}

static const struct {
	const char *command;
	enum err_code code;
	const char *message;
} bad_commands[] = {
	{"", ERR_BAD_ARGS, "command: it names no program"},
	{"  ", ERR_BAD_ARGS, "command: it names no program"},
	{"'' x", ERR_BAD_ARGS, "command: it names no program"},
	{"/bin/echo 'a", ERR_BAD_ARGS, "command: the quote ' has no end"},
	{"/bin/echo \"a' b", ERR_BAD_ARGS, "command: the quote \" has no end"},
	{"/bin/echo a\\", ERR_BAD_ARGS, "command: nothing follows the last \\"},
	{"/bin/echo \"a\\", ERR_BAD_ARGS,
	 "command: nothing follows the last \\"},
	{"/no/such x", ERR_NOT_FOUND, "command: there is no program /no/such"},
	{"no-such-program-here", ERR_NOT_FOUND,
	 "command: there is no program no-such-program-here"},
	{"/tmp", ERR_REFUSED, "command: /tmp cannot be run: Is a directory"},
	{"/etc/passwd x", ERR_REFUSED,
	 "command: /etc/passwd cannot be run: Permission denied"},
	{"/dev/null", ERR_REFUSED,
	 "command: /dev/null cannot be run: Permission denied"},
};

Test(program, commands_that_cannot_be)
{
	size_t i;

	for (i = 0; i < COUNT(bad_commands); i++) {
		struct program_command command;
		struct err err = ERR_INIT;

		cr_expect_eq(program_command_read(bad_commands[i].command, NULL,
						  &command, &err),
			     -1, "%s", bad_commands[i].command);
		cr_expect_eq(err.code, bad_commands[i].code, "%s",
			     bad_commands[i].command);
		cr_expect_str_eq(err.message, bad_commands[i].message);
	}
}

static void file_make(const char *directory, const char *name, mode_t mode)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_CREAT | O_WRONLY, mode);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void remove_all(const char *directory)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	cr_assert_eq(system(command), 0);
}

Test(program, is_searched_for_along_the_path_and_below_its_directory)
{
	char first[] = "/tmp/cherry-test-XXXXXX",
	     second[] = "/tmp/cherry-test-XXXXXX";
	char list[300], want[300];
	struct program_command command;

	cr_assert(mkdtemp(first) && mkdtemp(second));
	file_make(first, "tool", 0644);
	file_make(second, "tool", 0755);
	snprintf(list, sizeof(list), "relative::%s:%s", first, second);
	setenv("PATH", list, 1);
	snprintf(want, sizeof(want), "%s/tool", second);
	cr_expect_eq(program_command_read("tool", NULL, &command, NULL), 0);
	cr_expect_str_eq(command.path, want, "one that cannot run is passed");
	cr_expect_str_eq(command.argv[0], "tool");
	program_command_release(&command);
	cr_expect_eq(program_command_read("./tool", second, &command, NULL), 0);
	program_command_release(&command);
	cr_expect_eq(program_command_read("./tool", first, &command, NULL), -1);
	setenv("PATH", first, 1);
	struct err err = ERR_INIT;
	cr_expect_eq(program_command_read("tool", NULL, &command, &err), -1);
	cr_expect_eq(err.code, ERR_REFUSED);
	setenv("PATH", "/usr/bin:/bin", 1);
	remove_all(first);
	remove_all(second);
}

/* --- Users ----------------------------------------------------------------- */

Test(program, users_by_name_and_number)
{
	struct program_user user;
	struct err err = ERR_INIT;

	cr_assert_eq(program_user_find("root", NULL, &user, &err), 0);
	cr_expect_eq(user.uid, 0);
	cr_expect_str_eq(user.name, "root");
	cr_expect_str_eq(user.home, "/root");
	cr_expect_geq(user.group_count, 1);
	program_user_release(&user);
	cr_assert_eq(program_user_find("0", "daemon", &user, &err), 0);
	cr_expect_str_eq(user.name, "root");
	cr_expect_eq(user.gid, 1);
	program_user_release(&user);
	cr_assert_eq(program_user_find("54321", "12", &user, &err), 0);
	cr_expect_eq(user.uid, 54321);
	cr_expect_eq(user.gid, 12);
	cr_expect_null(user.name);
	program_user_release(&user);
	cr_assert_eq(program_user_find(NULL, "daemon", &user, &err), 0);
	cr_expect_eq(user.uid, geteuid());
	program_user_release(&user);
	cr_expect_eq(program_user_find("no-such-user", NULL, &user, &err), -1);
	cr_expect_str_eq(err.message, "user: there is no user no-such-user");
	cr_expect_eq(program_user_find("root", "no-such-group", &user, &err),
		     -1);
	cr_expect_str_eq(err.message, "group: there is no group no-such-group");
	cr_expect_eq(program_user_find("-1", NULL, &user, &err), -1);
}

/* --- Environment ----------------------------------------------------------- */

static const char *variable(char **list, const char *name)
{
	size_t len = strlen(name);

	for (; *list; list++)
		if (!strncmp(*list, name, len) && (*list)[len] == '=')
			return *list + len + 1;
	return NULL;
}

Test(program, environment_is_scrubbed)
{
	const struct program_call call = {
		.id = SLICE("\"a\\u00e9\""),
		.task = "report",
		.queue = "tasks",
		.attempt = 3,
		.deadline = 1700000000.25,
	};
	struct program_user user = {.name = (char[]){"me"},
				    .home = (char[]){"/home/me"}};
	char **list;

	clearenv();
	setenv("PATH", "/bin", 1);
	setenv("TZ", "UTC", 1);
	setenv("HOME", "/ours", 1);
	setenv("REDIS_URL", "redis://:secret@host", 1);
	setenv("CHERRY_REDIS_URL", "redis://:secret@host", 1);
	setenv("LD_PRELOAD", "x", 1);
	list = program_environment(&user, &call, NULL);
	cr_assert(list);
	cr_expect_str_eq(variable(list, "PATH"), "/bin");
	cr_expect_str_eq(variable(list, "TZ"), "UTC");
	cr_expect_str_eq(variable(list, "LANG"), "C.UTF-8");
	cr_expect_str_eq(variable(list, "HOME"), "/home/me");
	cr_expect_str_eq(variable(list, "USER"), "me");
	cr_expect_str_eq(variable(list, "LOGNAME"), "me");
	cr_expect_str_eq(variable(list, "CHERRY_ID"), "a\xc3\xa9");
	cr_expect_str_eq(variable(list, "CHERRY_TASK"), "report");
	cr_expect_str_eq(variable(list, "CHERRY_QUEUE"), "tasks");
	cr_expect_str_eq(variable(list, "CHERRY_ATTEMPT"), "3");
	cr_expect_str_eq(variable(list, "CHERRY_DEADLINE"), "1700000000.250");
	cr_expect_null(variable(list, "REDIS_URL"));
	cr_expect_null(variable(list, "CHERRY_REDIS_URL"));
	cr_expect_null(variable(list, "LD_PRELOAD"));
	cr_expect_null(variable(list, "LC_ALL"));
	free(list);
	list = program_environment(NULL, NULL, NULL);
	cr_expect_str_eq(variable(list, "HOME"), "/ours");
	cr_expect_null(variable(list, "CHERRY_ID"));
	free(list);
}

Test(program, ids_in_the_environment)
{
	struct program_call call = {
		.id = SLICE("123456789012345678901234567890"),
		.task = "t",
		.queue = "q",
	};
	struct err err = ERR_INIT;
	char **list = program_environment(NULL, &call, NULL);

	cr_expect_str_eq(variable(list, "CHERRY_ID"),
			 "123456789012345678901234567890");
	free(list);
	call.id = slice_text("\"\"");
	list = program_environment(NULL, &call, NULL);
	cr_expect_str_eq(variable(list, "CHERRY_ID"), "");
	free(list);
	call.id = slice_text("\"a\\u0000b\"");
	cr_expect_null(program_environment(NULL, &call, &err));
	cr_expect_eq(err.code, ERR_BAD_TASK);
	cr_expect_str_eq(err.field, "id");
}
