/*
 * The configured command of a program: into words, and where it lies. Also its
 * user and groups.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"
#include "base/xalloc.h"
#include "exec/program.h"

#define DEFAULT_PATH                                                           \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* --- Words ----------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One character of a word outside quotes or inside double ones; a backslash
 * keeps the next one, in double quotes only where that would mean something. */
static const char *take_char(const char *from, char **to, bool quoted)
{
	if (*from == '\\' && (!quoted || strchr("\\\"$`\n", from[1])) &&
	    from[1]) {
		from++;
		/* A newline after a backslash joins lines. */
		if (*from == '\n')
			return from + 1;
	}
	*(*to)++ = *from;
	return from + 1;
}

/* One word, unquoted, to *to. Where the rest begins, or NULL with the quote
 * that has no end (or a backslash) in *fault. */
static const char *take_word(const char *from, char **to, char *fault)
{
	char quote = 0;

	while (*from && (quote || !is_space(*from))) {
		if (!quote && (*from == '\'' || *from == '"')) {
			quote = *from++;
		} else if (quote && *from == quote) {
			quote = 0;
			from++;
		} else if (quote == '\'') {
			*(*to)++ = *from++;
		} else if (*from == '\\' && !from[1]) {
			*fault = '\\';
			return NULL;
		} else {
			from = take_char(from, to, quote != 0);
		}
	}
	*(*to)++ = '\0';
	*fault = quote;
	return quote ? NULL : from;
}

/* Pointers and the words themselves in one block. */
static char **command_split(const char *command, struct err *err)
{
	size_t len = strlen(command), count = 0;
	/* A word takes a character and a space at least. */
	size_t most = len / 2 + 2;
	char **argv = xcalloc(1, most * sizeof(*argv) + len + 2);
	char *to = (char *)(argv + most), fault = 0;
	const char *from = command;

	for (;;) {
		while (is_space(*from))
			from++;
		if (!*from)
			break;
		argv[count++] = to;
		from = take_word(from, &to, &fault);
		if (from)
			continue;
		free(argv);
		err_set(err, ERR_BAD_ARGS,
			fault == '\\' ? "command: nothing follows the last %c"
				      : "command: the quote %c has no end",
			fault);
		return NULL;
	}
	if (count && argv[0][0])
		return argv;
	free(argv);
	err_set(err, ERR_BAD_ARGS, "command: it names no program");
	return NULL;
}

/* --- Where it lies --------------------------------------------------------- */

/* 0, or the errno that says why it cannot be run. */
static int runnable(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? EISDIR : EACCES;
	/* Root may do anything but run what nobody may run. */
	return access(path, X_OK) ? errno : 0;
}

/* Along PATH: the first that can be run, or the errno of the best guess. */
static int search(const char *name, char *path, size_t size)
{
	const char *list = getenv("PATH"), *end;
	int error, result = ENOENT;

	if (!list || !*list)
		list = DEFAULT_PATH;
	for (; list; list = *end ? end + 1 : NULL) {
		end = strchrnul(list, ':');
		if (*list != '/' ||
		    (size_t)snprintf(path, size, "%.*s/%s", (int)(end - list),
				     list, name) >= size)
			continue;
		error = runnable(path);
		if (!error)
			return 0;
		if (error != ENOENT && error != ENOTDIR)
			result = error;
	}
	return result;
}

static int locate(const char *name, const char *directory, char *path,
		  size_t size)
{
	char here[PATH_MAX];
	int len;

	if (!strchr(name, '/'))
		return search(name, path, size);
	if (!directory && !getcwd(here, sizeof(here)))
		return errno;
	len = name[0] == '/' ? snprintf(path, size, "%s", name)
			     : snprintf(path, size, "%s/%s",
					directory ? directory : here, name);
	return (size_t)len >= size ? ENAMETOOLONG : runnable(path);
}

int program_command_read(const char *command, const char *directory,
			 struct program_command *out, struct err *err)
{
	char path[PATH_MAX], quoted[300];
	char **argv = command_split(command, err);
	int error;

	*out = (struct program_command){0};
	if (!argv)
		return -1;
	error = locate(argv[0], directory, path, sizeof(path));
	if (!error) {
		out->path = xstrdup(path);
		out->argv = argv;
		return 0;
	}
	err_quote(quoted, 256, slice_text(argv[0]));
	free(argv);
	if (error == ENOENT || error == ENOTDIR)
		return err_set(err, ERR_NOT_FOUND,
			       "command: there is no program %s", quoted);
	return err_set(err, ERR_REFUSED, "command: %s cannot be run: %s",
		       quoted, strerror(error));
}

void program_command_release(struct program_command *command)
{
	free(command->path);
	free(command->argv);
	*command = (struct program_command){0};
}

/* --- User ------------------------------------------------------------------ */

static int is_number(const char *text, uint32_t *number)
{
	int64_t value;

	if (text_int64(slice_text(text), &value) || value < 0 ||
	    value >= UINT32_MAX)
		return 0;
	*number = (uint32_t)value;
	return 1;
}

static void take_groups(struct program_user *out)
{
	int count = 64;

	out->groups = xcalloc((size_t)count, sizeof(*out->groups));
	while (getgrouplist(out->name, out->gid, out->groups, &count) < 0)
		out->groups = xrealloc(out->groups, (size_t)count,
				       sizeof(*out->groups));
	out->group_count = (size_t)count;
}

static int take_user(const char *user, struct program_user *out,
		     struct err *err)
{
	struct passwd *account = getpwnam(user);
	uint32_t number = 0;
	char quoted[80];

	if (!account && is_number(user, &number))
		account = getpwuid(number);
	if (account) {
		out->uid = account->pw_uid;
		out->gid = account->pw_gid;
		out->name = xstrdup(account->pw_name);
		out->home = xstrdup(account->pw_dir);
		return 0;
	}
	if (!is_number(user, &number))
		return err_set(err, ERR_NOT_FOUND, "user: there is no user %s",
			       err_quote(quoted, 64, slice_text(user)));
	out->uid = number;
	out->gid = number;
	return 0;
}

int program_user_find(const char *user, const char *group,
		      struct program_user *out, struct err *err)
{
	struct group *entry;
	uint32_t number = 0;
	char quoted[80];

	*out = (struct program_user){.uid = geteuid(), .gid = getegid()};
	if (user && take_user(user, out, err))
		return -1;
	if (group) {
		entry = getgrnam(group);
		if (!entry && !is_number(group, &number)) {
			program_user_release(out);
			return err_set(
				err, ERR_NOT_FOUND,
				"group: there is no group %s",
				err_quote(quoted, 64, slice_text(group)));
		}
		out->gid = entry ? entry->gr_gid : (gid_t)number;
	}
	if (out->name)
		take_groups(out);
	return 0;
}

void program_user_release(struct program_user *user)
{
	free(user->groups);
	free(user->name);
	free(user->home);
	*user = (struct program_user){0};
}
