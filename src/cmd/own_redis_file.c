/*
 * Where the append-only file ends in half a transaction. Reads the commands'
 * lengths only; understands none of them but MULTI and EXEC.
 */
#include "cmd/own_redis_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 700
#define NAME_SIZE 8

enum got {
	GOT_COMMAND,
	GOT_END,   /* the file ends between commands */
	GOT_SHORT, /* or within one */
	GOT_ELSE   /* no command as Redis writes them */
};

/* --- Which file ------------------------------------------------------------------ */

/* The last one that the manifest of Redis 7 names for appending; that of Redis
 * 6 where there is no manifest. */
static void find_file(const char *dir, char path[PATH_SIZE])
{
	char line[400], name[300], type;
	FILE *manifest;

	snprintf(path, PATH_SIZE, "%.400s/appendonly.aof", dir);
	snprintf(line, sizeof(line), "%.330s/appendonlydir/%s", dir,
		 "appendonly.aof.manifest");
	manifest = fopen(line, "re");
	if (!manifest)
		return;
	while (fgets(line, sizeof(line), manifest)) {
		if (sscanf(line, "file %299s seq %*u type %c", name, &type) ==
			    2 &&
		    type == 'i' && !strchr(name, '/'))
			snprintf(path, PATH_SIZE, "%.330s/appendonlydir/%s",
				 dir, name);
	}
	fclose(manifest);
}

/* --- Commands ---------------------------------------------------------------------- */

/* A line of `kind` and a number. */
static enum got read_number(FILE *file, char kind, long long *out)
{
	char line[40], *end;

	if (!fgets(line, sizeof(line), file))
		return GOT_END;
	/* A remark, such as a time, stands between commands. */
	if (line[0] != kind && (kind != '*' || line[0] != '#'))
		return GOT_ELSE;
	if (!strchr(line, '\n'))
		return feof(file) ? GOT_SHORT : GOT_ELSE;
	*out = 0;
	if (line[0] == '#')
		return GOT_COMMAND;
	*out = strtoll(line + 1, &end, 10);
	if (*out < 0 || strcmp(end, "\r\n") != 0)
		return GOT_ELSE;
	return GOT_COMMAND;
}

/* Its bytes, if they fit; both line ends are read over. */
static enum got read_word(FILE *file, off_t size, char name[NAME_SIZE])
{
	long long len;
	enum got got = read_number(file, '$', &len);

	if (got != GOT_COMMAND)
		return got == GOT_END ? GOT_SHORT : got;
	name[0] = '\0';
	if (len > size - ftello(file) - 2)
		return GOT_SHORT;
	if (len < NAME_SIZE) {
		if (fread(name, 1, (size_t)len, file) != (size_t)len)
			return GOT_ELSE;
		name[len] = '\0';
		len = 0;
	}
	return fseeko(file, (off_t)len + 2, SEEK_CUR) ? GOT_ELSE : GOT_COMMAND;
}

static enum got read_command(FILE *file, off_t size, char name[NAME_SIZE])
{
	char rest[NAME_SIZE];
	long long count, i;
	enum got got = read_number(file, '*', &count);

	name[0] = '\0';
	for (i = 0; got == GOT_COMMAND && i < count; i++)
		got = read_word(file, size, i ? rest : name);
	return got == GOT_END && i ? GOT_SHORT : got;
}

/* --- The end ------------------------------------------------------------------------- */

/* Where the file is to end; -1: as it does. */
static off_t find_end(FILE *file, off_t size)
{
	char name[NAME_SIZE];
	off_t at = 0, multi = -1;
	enum got got;

	while ((got = read_command(file, size, name)) == GOT_COMMAND) {
		bool begins = !strcasecmp(name, "MULTI");

		/* One within another: an end that was cut wrongly before. To
		 * cut now would cut what was acknowledged since. */
		if (begins && multi >= 0)
			return -1;
		if (begins)
			multi = at;
		else if (!strcasecmp(name, "EXEC"))
			multi = -1;
		at = ftello(file);
	}
	if (got == GOT_ELSE || (got == GOT_END && multi < 0))
		return -1;
	return multi >= 0 ? multi : at;
}

static int64_t mend(FILE *file, const char *path, struct err *err)
{
	struct stat st;
	off_t end;

	if (fstat(fileno(file), &st))
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       strerror(errno));
	end = find_end(file, st.st_size);
	if (ferror(file))
		return err_set(err, ERR_INTERNAL, "%s cannot be read", path);
	if (end < 0)
		return 0;
	if (ftruncate(fileno(file), end) || fsync(fileno(file)))
		return err_set(err, ERR_INTERNAL, "%s: %s", path,
			       strerror(errno));
	return st.st_size - end;
}

int64_t own_redis_file_mend(const char *dir, struct err *err)
{
	char path[PATH_SIZE];
	FILE *file;
	int64_t cut;

	find_file(dir, path);
	file = fopen(path, "r+e");
	if (!file)
		return errno == ENOENT ? 0
				       : err_set(err, ERR_INTERNAL, "%s: %s",
						 path, strerror(errno));
	cut = mend(file, path, err);
	fclose(file);
	return cut;
}
