/*
 * Waiting for children and killing families of them. What a child meant to
 * whoever started it is told by callback; nothing here knows of tasks.
 *
 * /proc is read to find descendants: parents by /proc/PID/stat, environments
 * by /proc/PID/environ. Where /proc is not mounted only process groups are
 * killed.
 */
#include "master/children.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

#define KILL_ROUNDS 8
#define ENVIRON_MAX 65536

struct child {
	pid_t pid;
	bool group;
	child_exit_cb *on_exit; /* NULL: forgotten */
	void *arg;
	struct child *next;
};

struct children {
	struct child *list;
	size_t count;
};

/* One line of /proc, as far as it matters. */
struct family {
	pid_t pid, parent;
	bool doomed;
};

struct children *children_new(void)
{
	return xcalloc(1, sizeof(struct children));
}

void children_free(struct children *children)
{
	struct child *child, *next;

	if (!children)
		return;
	for (child = children->list; child; child = next) {
		next = child->next;
		free(child);
	}
	free(children);
}

void children_watch(struct children *children, pid_t pid, bool group,
		    child_exit_cb *on_exit, void *arg)
{
	struct child *child = xcalloc(1, sizeof(*child));

	child->pid = pid;
	child->group = group;
	child->on_exit = on_exit;
	child->arg = arg;
	child->next = children->list;
	children->list = child;
	children->count++;
}

static struct child **child_find(struct children *children, pid_t pid)
{
	struct child **at = &children->list;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

void children_forget(struct children *children, pid_t pid)
{
	struct child *child = *child_find(children, pid);

	if (child)
		child->on_exit = NULL;
}

/* Takes one dead child off the list and tells its owner. */
static void child_settle(struct children *children, pid_t pid,
			 const struct child_end *end)
{
	struct child **at = child_find(children, pid), *child = *at;

	if (!child)
		return;
	*at = child->next;
	children->count--;
	if (child->on_exit)
		child->on_exit(child->arg, end);
	free(child);
}

void children_reap(struct children *children)
{
	for (;;) {
		siginfo_t info = {.si_pid = 0};
		struct child_end end = {0};
		struct child *child;
		pid_t pid;

		/* Looked at first: its group must die before its number is
		 * free for others. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid == 0)
			return;
		pid = info.si_pid;
		child = *child_find(children, pid);
		if (child && child->group)
			kill(-pid, SIGKILL);
		if (wait4(pid, &end.status, WNOHANG, &end.usage) != pid)
			return;
		child_settle(children, pid, &end);
	}
}

/* --- /proc ---------------------------------------------------------------- */

/* Reads a small file of /proc whole, as far as it fits; -1 if it is gone. */
static ssize_t proc_read(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while (len < size - 1 &&
	       (got = read(fd, out + len, size - 1 - len)) > 0)
		len += (size_t)got;
	close(fd);
	out[len] = '\0';
	return (ssize_t)len;
}

/* The parent in /proc/PID/stat: the second word after the last ')'. */
static pid_t proc_parent(pid_t pid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (proc_read(path, text, sizeof(text)) < 0)
		return -1;
	end = strrchr(text, ')');
	if (!end || strlen(end) < 4)
		return -1;
	return (pid_t)strtol(end + 4, NULL, 10);
}

static bool proc_has_mark(pid_t pid, const char *mark)
{
	size_t len = strlen(mark);
	char path[64], *text = xcalloc(1, ENVIRON_MAX);
	const char *at;
	ssize_t size;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	size = proc_read(path, text, ENVIRON_MAX);
	for (at = text; size > 0 && at < text + size; at += strlen(at) + 1)
		if (!strncmp(at, mark, len + 1))
			found = true;
	free(text);
	return found;
}

/* All processes and their parents. Returns how many; free `*out`. */
static size_t family_list(struct family **out)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t count = 0, room = 0;

	*out = NULL;
	while (dir && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		if (count == room) {
			room = room ? room * 2 : 256;
			*out = xrealloc(*out, room, sizeof(**out));
		}
		(*out)[count++] =
			(struct family){.pid = pid, .parent = proc_parent(pid)};
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Marks whoever has a doomed parent until nobody new is found. */
static void family_spread(struct family *list, size_t count)
{
	bool again = true;
	size_t i, j;

	while (again) {
		again = false;
		for (i = 0; i < count; i++)
			for (j = 0; j < count && !list[i].doomed; j++)
				if (list[j].doomed &&
				    list[j].pid == list[i].parent)
					list[i].doomed = again = true;
	}
}

/* One round: kills what it finds; returns how many were not yet dead. */
static size_t family_kill(struct children *children, pid_t leader,
			  const char *mark)
{
	pid_t self = getpid();
	struct family *list;
	size_t i, killed = 0, count = family_list(&list);

	for (i = 0; i < count; i++) {
		if (list[i].pid == leader)
			list[i].doomed = true;
		else if (list[i].parent == self && mark &&
			 !*child_find(children, list[i].pid))
			list[i].doomed = proc_has_mark(list[i].pid, mark);
	}
	family_spread(list, count);
	for (i = 0; i < count; i++)
		if (list[i].doomed && list[i].pid != leader &&
		    !kill(list[i].pid, SIGKILL))
			killed++;
	free(list);
	return killed;
}

bool children_has_strays(struct children *children)
{
	char path[64], text[16384], *at = text;
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	if (proc_read(path, text, sizeof(text)) < 0)
		return true; /* not offered here: look thoroughly */
	while (*at) {
		char *end;
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			break;
		if (!*child_find(children, pid))
			count++;
		at = end;
	}
	return count > 0;
}

void children_kill_tree(struct children *children, pid_t leader,
			const char *mark)
{
	int round;

	/* Descendants are looked for while the leader still stands, since its
	 * death makes orphans of them; stopped, it makes no new ones. */
	if (leader > 0) {
		kill(-leader, SIGSTOP);
		kill(leader, SIGSTOP);
	}
	for (round = 0; round < KILL_ROUNDS; round++)
		if (!family_kill(children, leader, mark))
			break;
	if (leader > 0) {
		kill(-leader, SIGKILL);
		kill(leader, SIGKILL);
	}
}
