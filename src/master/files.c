/*
 * openat2 below a root (Linux 5.6). Creates no directories and removes nothing
 * that it did not make.
 */
#include "master/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse(struct err *err, const char *field, const char *rule)
{
	return err_field(err, ERR_REFUSED, field, "%s: %s", field, rule);
}

static int check_path(const char *root, struct slice path, const char *field,
		      struct err *err)
{
	size_t at = 0;

	if (!root || !root[0])
		return refuse(err, field,
			      "this worker is configured without a directory "
			      "for such files");
	if (!path.len || path.len > 4000 || memchr(path.ptr, 0, path.len))
		return refuse(err, field, "that is no path of a file");
	if (path.ptr[0] == '/')
		return refuse(err, field, "an absolute path is not allowed");
	while (at < path.len) {
		const char *slash = memchr(path.ptr + at, '/', path.len - at);
		size_t end = slash ? (size_t)(slash - path.ptr) : path.len;

		if (slice_is(slice_of(path.ptr + at, end - at), ".."))
			return refuse(err, field, "\"..\" is not allowed");
		at = end + 1;
	}
	return 0;
}

static int open_error(int error, const char *field, struct err *err)
{
	if (error == ENOENT || error == ENOTDIR)
		return err_field(err, ERR_NOT_FOUND, field,
				 "%s: there is no such file", field);
	if (error == EXDEV || error == ELOOP)
		return refuse(err, field, "a link is not followed");
	if (error == EACCES || error == EPERM)
		return refuse(err, field, "the worker may not open it");
	if (error == ENAMETOOLONG)
		return refuse(err, field, "that is no path of a file");
	return err_field(err, ERR_INTERNAL, field, "%s: %s", field,
			 strerror(error));
}

static int open_below(const char *root, const char *path, uint64_t flags,
		      mode_t mode)
{
	struct open_how how = {.flags = flags | O_CLOEXEC | O_NOCTTY,
			       .mode = mode,
			       .resolve = RESOLVE_BENEATH |
					  RESOLVE_NO_SYMLINKS |
					  RESOLVE_NO_MAGICLINKS};
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, error;

	if (dir < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	error = errno;
	close(dir);
	errno = error;
	return fd;
}

static int read_all(int fd, size_t size, const char *field, struct buf *out,
		    struct err *err)
{
	/* One byte more than it had, to see that it does not grow. */
	if (buf_reserve(out, size + 1))
		return err_limit(err, "memory", (int64_t)size,
				 "%s: no memory for its %zu bytes", field,
				 size);
	while (out->len <= size) {
		ssize_t got =
			read(fd, out->ptr + out->len, size + 1 - out->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return open_error(errno, field, err);
		if (got == 0)
			return 0;
		out->len += (size_t)got;
	}
	return err_field(err, ERR_INTERNAL, field,
			 "%s: the file grew while it was read", field);
}

int files_read(const char *root, struct slice path, size_t max,
	       const char *field, struct buf *out, struct err *err)
{
	char *name;
	struct stat st;
	int fd, status;

	if (check_path(root, path, field, err))
		return -1;
	name = strndup(path.ptr, path.len);
	fd = name ? open_below(root, name, O_RDONLY | O_NONBLOCK, 0) : -1;
	free(name);
	if (fd < 0)
		return open_error(errno, field, err);
	if (fstat(fd, &st))
		status = open_error(errno, field, err);
	else if (!S_ISREG(st.st_mode))
		status = refuse(err, field, "it is no regular file");
	else if ((uint64_t)st.st_size > max)
		status = err_limit(err, "input", st.st_size,
				   "%s: the file has %lld bytes, over the "
				   "limit of %zu",
				   field, (long long)st.st_size, max);
	else
		status = read_all(fd, (size_t)st.st_size, field, out, err);
	close(fd);
	return status;
}

static int write_all(int fd, struct slice bytes)
{
	size_t done = 0;

	while (done < bytes.len) {
		ssize_t put = write(fd, bytes.ptr + done, bytes.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		done += (size_t)put;
	}
	return 0;
}

/* Into `dir`, an open directory: a new name, then the right one. */
static int write_into(int dir, const char *base, struct slice bytes)
{
	static atomic_uint counter;
	char fresh[64];
	int fd, error;

	snprintf(fresh, sizeof(fresh), ".cherry.%ld.%u", (long)getpid(),
		 atomic_fetch_add(&counter, 1));
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	error = write_all(fd, bytes) ? errno : 0;
	if (close(fd) && !error)
		error = errno;
	if (!error && renameat(dir, fresh, dir, base))
		error = errno;
	if (!error)
		return 0;
	unlinkat(dir, fresh, 0);
	errno = error;
	return -1;
}

/* What is there already may be replaced if it is a file. */
static int check_place(int dir, const char *base, const char *field,
		       struct err *err)
{
	struct stat st;

	if (!*base || slice_is(slice_text(base), "."))
		return refuse(err, field, "that is no path of a file");
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) || S_ISREG(st.st_mode))
		return 0;
	return refuse(err, field,
		      S_ISLNK(st.st_mode) ? "a link is not followed"
					  : "it is no regular file");
}

int files_write(const char *root, struct slice path, struct slice bytes,
		const char *field, struct err *err)
{
	char *name, *slash;
	const char *base;
	int dir, status;

	if (check_path(root, path, field, err))
		return -1;
	name = strndup(path.ptr, path.len);
	if (!name)
		return err_limit(err, "memory", 0, "%s: no memory", field);
	slash = strrchr(name, '/');
	base = slash ? slash + 1 : name;
	if (slash)
		*slash = '\0';
	dir = open_below(root, slash ? name : ".", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		status = open_error(errno, field, err);
	else if (check_place(dir, base, field, err))
		status = -1;
	else
		status = write_into(dir, base, bytes)
				 ? open_error(errno, field, err)
				 : 0;
	if (dir >= 0)
		close(dir);
	free(name);
	return status;
}
