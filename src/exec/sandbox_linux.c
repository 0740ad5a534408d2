/*
 * The sandbox on Linux, without namespaces (containers deny them): limits, an
 * unprivileged user where we start as root, no_new_privs, Landlock without a
 * single rule, and a system call filter (sandbox_filter.c).
 *
 * The order matters. A change of user resets the signal at the parent's death
 * and makes the process dumpable or not anew, so both come after it; Landlock
 * and the filter need no_new_privs; the filter is last, because it refuses all
 * the calls that the others are made of.
 *
 * Builds with sanitizers set limits only: the sanitizers map shadow memory,
 * look at /proc and start helpers, all of which the sandbox forbids.
 */
#ifdef __linux__
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/poison.h"
#include "exec/descriptor.h"
#include "exec/sandbox.h"
#include "exec/sandbox_filter.h"

/* No account has this number; systemd, too, takes its passing users from
 * 61184 to 65519. */
#define DEFAULT_UID 61879
/* Standard ones, the socket, an input, and what libraries keep open. */
#define MAX_OPEN 32

/* --- Before loading ------------------------------------------------------- */

static void limit_set(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		return;
	if (limit.rlim_max != RLIM_INFINITY && value > limit.rlim_max)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	(void)setrlimit((__rlimit_resource_t)resource, &limit);
}

int sandbox_prepare(int last_fd, struct err *err)
{
	sigset_t none;

	descriptor_close_from((unsigned)last_fd + 1);
	/* Fails where we lead a session already, which is what we want. */
	(void)setsid();
	(void)umask(077);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL))
		return err_set(err, ERR_INTERNAL, "cannot unblock signals: %s",
			       strerror(errno));
	limit_set(RLIMIT_CORE, 0);
	return 0;
}

/* --- Parts of entering ---------------------------------------------------- */

/*
 * The address space that keeps resident memory below `max`. Libraries and the
 * stacks of threads are mapped in amounts several times what is ever touched
 * of them: 290 MB against 41 in a warm executor for pictures. They come on top,
 * and of what is left a part is kept for those of them that are in time.
 */
static uint64_t address_space(uint64_t max)
{
	unsigned long long pages = 0, resident = 0;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), used;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return max;
	if (fscanf(file, "%llu %llu", &pages, &resident) != 2)
		resident = 0;
	fclose(file);
	used = resident * page;
	if (!resident || used >= max)
		return max;
	return pages * page + (max - used) / 32 * 31;
}

static void set_limits(const struct sandbox_options *options)
{
	limit_set(RLIMIT_CORE, 0);
	limit_set(RLIMIT_NOFILE, MAX_OPEN);
	limit_set(RLIMIT_FSIZE, 0);
	limit_set(RLIMIT_MEMLOCK, 0);
	limit_set(RLIMIT_MSGQUEUE, 0);
	limit_set(RLIMIT_STACK, 8 << 20);
	if (options->max_memory && !POISON_ASAN)
		limit_set(RLIMIT_AS, address_space(options->max_memory));
}

static int capabilities_drop(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return (int)syscall(SYS_capset, &header, data);
}

static void bounding_set_drop(void)
{
	int i;

	for (i = 0; i <= 63; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			return;
}

/* Leaves root for `uid`, for good. 1: done; 0: this machine does not have
 * that user (a user namespace of one), so root stays, but without
 * capabilities; -1: neither. */
static int user_leave(uid_t uid, struct err *err)
{
	bounding_set_drop();
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid)) {
		if (errno != EINVAL && errno != EPERM)
			return err_set(err, ERR_UNSUPPORTED,
				       "cannot become user %u: %s", uid,
				       strerror(errno));
		if (capabilities_drop())
			return err_set(err, ERR_UNSUPPORTED,
				       "cannot give up capabilities: %s",
				       strerror(errno));
		return 0;
	}
	if (capabilities_drop() || !setresuid(0, 0, 0) || !setresgid(0, 0, 0) ||
	    geteuid() != uid || getegid() != uid)
		return err_set(err, ERR_UNSUPPORTED,
			       "user %u could become root again", uid);
	return 1;
}

static int parent_tie(pid_t parent, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return err_set(err, ERR_UNSUPPORTED,
			       "cannot ask to die with the parent: %s",
			       strerror(errno));
	if (getppid() != parent)
		return err_set(err, ERR_INTERNAL, "the parent has died");
	return 0;
}

/* Landlock, from the kernel's own description: the system's headers may be
 * older than the system. */
struct landlock_rules {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

#define LANDLOCK_VERSION      1U
#define SYS_LANDLOCK_CREATE   444
#define SYS_LANDLOCK_RESTRICT 446

/* Every right that the kernel's version knows is handled, and none given.
 * Threads that were there before are not bound by it, only by the filter.
 * Returns the version, 0 if the kernel has none. */
static int landlock_enter(void)
{
	/* Rights to files by version: 13 at first, then REFER, TRUNCATE, and
	 * IOCTL_DEV with version 5. */
	static const unsigned char bits[] = {0, 13, 14, 15, 15, 16};
	struct landlock_rules rules = {0};
	long version, fd, r;

	version = syscall(SYS_LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);
	if (version <= 0)
		return 0;
	rules.files = (1U << bits[version < 5 ? version : 5]) - 1;
	if (version >= 4)
		rules.network = 3; /* bind, connect */
	if (version >= 6)
		rules.scopes = 3; /* abstract sockets, signals */
	fd = syscall(SYS_LANDLOCK_CREATE, &rules, sizeof(rules), 0);
	if (fd < 0)
		return 0;
	r = syscall(SYS_LANDLOCK_RESTRICT, fd, 0);
	close((int)fd);
	return r ? 0 : (int)version;
}

#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* --- Entering ------------------------------------------------------------- */

const char *sandbox_level_name(enum sandbox_level level)
{
	static const char *const names[] = {
		[SANDBOX_LEVEL_OFF] = "off",
		[SANDBOX_LEVEL_PARTIAL] = "partial",
		[SANDBOX_LEVEL_FULL] = "full",
	};

	return level < SANDBOX_LEVEL_COUNT ? names[level] : "";
}

static void say(struct sandbox_report *report, const char *format, ...)
	PRINTF_LIKE(2, 3);
static void say(struct sandbox_report *report, const char *format, ...)
{
	size_t len = strlen(report->text);
	va_list args;

	va_start(args, format);
	vsnprintf(report->text + len, sizeof(report->text) - len, format, args);
	va_end(args);
}

static int leave_privileges(const struct sandbox_options *options,
			    struct sandbox_report *report, struct err *err)
{
	uid_t uid = options->uid ? options->uid : DEFAULT_UID;
	int r;

	if (geteuid() == 0 || getuid() == 0) {
		r = user_leave(uid, err);
		if (r < 0)
			return -1;
		if (r)
			say(report, ", user %u", uid);
		else
			say(report, ", root of a namespace");
	} else {
		(void)capabilities_drop();
		say(report, ", user %u", geteuid());
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(err, ERR_UNSUPPORTED,
			       "cannot give up privileges: %s",
			       strerror(errno));
	say(report, ", no new privileges");
	return parent_tie(options->parent, err);
}

static int close_system(const struct sandbox_options *options,
			struct sandbox_report *report, struct err *err)
{
	int version = landlock_enter();

	if (version) {
		say(report, ", Landlock %d", version);
	} else {
		report->level = SANDBOX_LEVEL_PARTIAL;
		say(report, ", no Landlock");
	}
	(void)prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	if (sandbox_filter_load(options, err))
		return -1;
	say(report, ", system call filter");
	return 0;
}

/* The level in front of the parts. */
static void finish(struct sandbox_report *report)
{
	char parts[sizeof(report->text)];

	memcpy(parts, report->text, sizeof(parts));
	report->text[0] = '\0';
	say(report, "%s: %s", sandbox_level_name(report->level), parts);
}

int sandbox_enter(const struct sandbox_options *options,
		  struct sandbox_report *report, struct err *err)
{
	int r;

	*report = (struct sandbox_report){.level = SANDBOX_LEVEL_FULL};
	say(report, "limits");
	set_limits(options);
	if (options->max_memory && !POISON_ASAN)
		say(report, ", memory %llu MB",
		    (unsigned long long)(options->max_memory >> 20));
	if (options->mode == SANDBOX_OFF || POISON_ASAN) {
		report->level = SANDBOX_LEVEL_OFF;
		if (POISON_ASAN)
			say(report, ", a build with sanitizers");
		finish(report);
		return parent_tie(options->parent, err);
	}
	r = leave_privileges(options, report, err);
	if (!r)
		r = close_system(options, report, err);
	if (r && options->mode == SANDBOX_REQUIRE)
		return -1;
	if (r) {
		report->level = SANDBOX_LEVEL_PARTIAL;
		say(report, ", %.150s", err ? err->message : "not all");
	}
	finish(report);
	return 0;
}
#endif
