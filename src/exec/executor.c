/*
 * The executor's life: set-up, sandbox, and the loop that answers tasks
 * (executor_task.c runs one).
 *
 * Results wait in the writer while further whole tasks lie in the reader, so
 * that a batch of small tasks costs one read and one write. They go out before
 * anything that might take long.
 */
#include "exec/executor.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "exec/executor_state.h"
#include "exec/spawn.h"
#include "base/crash.h"

#define DEFAULT_REPLY ((size_t)64 << 20)
#define SETUP_MAX     ((size_t)16 << 20)
#define FOREVER_MAX   ((size_t)64 << 20)

/* Memory of a task that is given back only when there is nothing to do, which
 * is after so many milliseconds. */
#define KEPT		 (32 << 20)
#define KEPT_OF_PICTURES (8 << 20)
#define REST_MS		 200

/* By class: pictures of 12 megapixels need 300 MB of address space. */
static const uint64_t default_memory[TASK_CLASS_COUNT] = {
	[TASK_CLASS_CORE] = (uint64_t)1 << 30,
	[TASK_CLASS_IMAGE] = (uint64_t)512 << 20,
};

/* --- Set-up ---------------------------------------------------------------- */

static int read_frame(struct executor *executor, struct frame *frame,
		      struct err *err)
{
	enum frame_fill fill;
	int r;

	while (!(r = frame_reader_next(&executor->reader, frame, err))) {
		fill = frame_reader_fill(&executor->reader,
					 SPAWN_EXECUTOR_SOCKET, err);
		if (fill != FRAME_FILL_MORE)
			return fill == FRAME_FILL_EOF ? 0 : -1;
	}
	return r;
}

/* The kernel's own name for us is that of the file, "exe". */
static void take_name(enum task_class class)
{
	static const char *const names[TASK_CLASS_COUNT] = {
		[TASK_CLASS_CORE] = "cherry: core",
		[TASK_CLASS_IMAGE] = "cherry: image",
	};

	(void)pthread_setname_np(pthread_self(), names[class]);
}

/* What SETUP says must outlive the reader's buffer, where no copy of a secret
 * shall stay. */
static int read_setup(struct executor *executor, struct message_setup *setup,
		      struct err *err)
{
	struct frame frame;
	char *copy;
	size_t len;
	int r = read_frame(executor, &frame, err);

	if (r < 0)
		return -1;
	if (!r)
		return err_set(err, ERR_INTERNAL, "no SETUP came");
	len = frame.body.len;
	copy = arena_copy(&executor->forever, frame.body);
	explicit_bzero(executor->reader.bytes.ptr, executor->reader.bytes.len);
	if (!copy)
		return err_limit(err, "memory", (int64_t)len,
				 "no memory for the set-up");
	return message_setup_decode(slice_of(copy, len), &executor->forever,
				    setup, err);
}

/* The tasks of the class, and what they are told. */
static int take_tasks(struct executor *executor,
		      const struct message_setup *setup,
		      const struct task *const *table, struct err *err)
{
	struct task_setting_pair *pairs;
	struct task_secret_pair *secrets;
	size_t i, count = 0;

	if (setup->class != TASK_CLASS_CORE && setup->secret_count)
		return err_set(err, ERR_INTERNAL,
			       "executors of this class hold no secrets");
	for (i = 0; table[i]; i++)
		count += table[i]->class == setup->class;
	executor->known = arena_calloc(&executor->forever, count,
				       sizeof(*executor->known));
	pairs = arena_calloc(&executor->forever, setup->setting_count,
			     sizeof(*pairs));
	secrets = arena_calloc(&executor->forever, setup->secret_count,
			       sizeof(*secrets));
	if (!executor->known || !pairs || !secrets)
		return err_limit(err, "memory", 0, "no memory for the set-up");
	for (i = 0; table[i]; i++)
		if (table[i]->class == setup->class) {
			executor->known[executor->count].task = table[i];
			executor->known[executor->count].average_ns =
				EXECUTOR_SLOW_NS;
			executor->count++;
		}
	for (i = 0; i < setup->setting_count; i++)
		pairs[i] = (struct task_setting_pair){setup->settings[i].task,
						      setup->settings[i].key,
						      setup->settings[i].value};
	for (i = 0; i < setup->secret_count; i++)
		secrets[i] = (struct task_secret_pair){setup->secrets[i].name,
						       setup->secrets[i].value};
	executor->settings = task_settings_new(&executor->forever, table, pairs,
					       setup->setting_count, err);
	if (!executor->settings)
		return -1;
	task_settings_secrets(executor->settings, secrets, setup->secret_count);
	return 0;
}

/* What libraries would look for later, and would not find in the sandbox. */
static void warm(struct executor *executor)
{
	struct executor_known *known;
	struct err err = ERR_INIT;
	const char *fault;
	size_t i;

	tzset();
	for (i = 0; i < executor->count; i++) {
		known = &executor->known[i];
		if (known->task->warm &&
		    known->task->warm(executor->settings, &err)) {
			known->fault = arena_copy(&executor->forever,
						  slice_text(err.message));
			continue;
		}
		fault = known->task->unavailable ? known->task->unavailable()
						 : NULL;
		if (fault)
			known->fault = arena_copy(&executor->forever,
						  slice_text(fault));
	}
}

/*
 * One heap for all threads. What decodes pictures takes large blocks from the
 * system and gives them back at once, whatever their history; elsewhere a
 * megabyte that is fetched anew for each task costs a good part of the task,
 * and all goes back when there is nothing to do (await).
 */
static void set_allocator(struct executor *executor, enum task_class class)
{
	bool picture = class == TASK_CLASS_IMAGE;

	executor->kept = picture ? KEPT_OF_PICTURES : KEPT;
	mallopt(M_MMAP_THRESHOLD, picture ? 256 << 10 : KEPT);
	mallopt(M_TRIM_THRESHOLD, picture ? 1 << 20 : KEPT);
	mallopt(M_ARENA_MAX, 1);
}

static void take_limits(struct executor *executor,
			const struct message_setup *setup)
{
	uint64_t memory = setup->max_memory ? setup->max_memory
					    : default_memory[setup->class];
	size_t reply = setup->max_reply && setup->max_reply < FRAME_BODY_MAX
			       ? (size_t)setup->max_reply
			       : DEFAULT_REPLY;

	executor->max_memory = memory;
	executor->max_reply = reply;
	buf_init(&executor->result, reply);
	arena_init(&executor->arena, (size_t)(memory / 2));
	frame_writer_init(&executor->writer,
			  reply + FRAME_HEADER + 2 * EXECUTOR_PENDING_MAX);
}

/* --- The nudge --------------------------------------------------------------- */

static struct executor *nudged;

/* On the one thread there is, within a task, which does not touch the writer.
 * No lock, no memory: only what has gone is noted. */
static void on_nudge(int signum)
{
	struct frame_writer *writer = &nudged->writer;
	int saved = errno;

	(void)signum;
	while (nudged->at_work && writer->sent < writer->bytes.len) {
		struct iovec bytes = {writer->bytes.ptr + writer->sent,
				      writer->bytes.len - writer->sent};
		struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
		ssize_t sent =
			sendmsg(SPAWN_EXECUTOR_SOCKET, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			break;
		writer->sent += sent > 0 ? (size_t)sent : 0;
	}
	errno = saved;
}

static void take_nudges(struct executor *executor, enum task_class class)
{
	struct sigaction action = {.sa_handler = on_nudge,
				   .sa_flags = SA_RESTART};

	nudged = executor;
	if (class != TASK_CLASS_CORE) /* others have threads */
		action.sa_handler = SIG_IGN;
	sigaction(EXECUTOR_NUDGE, &action, NULL);
}

/* --- Start ---------------------------------------------------------------- */

static int enter(struct executor *executor, const struct message_setup *setup,
		 struct sandbox_report *report, struct err *err)
{
	const struct sandbox_options options = {
		.mode = setup->sandbox,
		.trace = setup->trace,
		.threads = setup->class == TASK_CLASS_IMAGE,
		.parent = executor->parent,
		.uid = setup->uid,
		.max_memory = executor->max_memory,
	};

	return sandbox_enter(&options, report, err);
}

static int start(struct executor *executor, const struct task *const *table,
		 struct sandbox_report *report, struct err *err)
{
	struct message_setup setup = {0};

	executor->page = status_page_map(SPAWN_EXECUTOR_PAGE, err);
	if (!executor->page || sandbox_prepare(SPAWN_EXECUTOR_PAGE, err))
		return -1;
	close(SPAWN_EXECUTOR_PAGE);
	if (read_setup(executor, &setup, err))
		return -1;
	take_name(setup.class);
	set_allocator(executor, setup.class);
	take_limits(executor, &setup);
	if (take_tasks(executor, &setup, table, err))
		return -1;
	CRASH_POINT("executor.setup");
	warm(executor);
	take_nudges(executor, setup.class);
	return enter(executor, &setup, report, err);
}

/* --- Answers to SETUP ------------------------------------------------------ */

static int say_ready(struct executor *executor,
		     const struct sandbox_report *report, struct err *err)
{
	struct message_ready ready = {
		.pid = getpid(),
		.level = report->level,
		.level_text = slice_text(report->text),
	};
	struct message_unavailable *list;
	size_t i;

	list = arena_calloc(&executor->arena, executor->count, sizeof(*list));
	if (!list)
		return err_limit(err, "memory", 0, "no memory to answer");
	for (i = 0; i < executor->count; i++)
		if (executor->known[i].fault)
			list[ready.unavailable_count++] =
				(struct message_unavailable){
					slice_text(
						executor->known[i].task->name),
					slice_text(executor->known[i].fault)};
	ready.unavailable = list;
	if (message_ready_put(&executor->writer, &ready, err))
		return -1;
	return frame_writer_flush(&executor->writer, SPAWN_EXECUTOR_SOCKET,
				  err);
}

/* Nobody may be listening any more: then there is nothing left to do. */
static int say_failed(struct executor *executor, const struct err *cause)
{
	struct frame_writer *writer = &executor->writer;

	if (!writer->bytes.max)
		frame_writer_init(writer, EXECUTOR_PENDING_MAX);
	if (!message_failed_put(writer, cause, NULL))
		(void)!frame_writer_flush(writer, SPAWN_EXECUTOR_SOCKET, NULL);
	return EX_CONFIG;
}

/* --- The loop -------------------------------------------------------------- */

static int give_up(const struct err *err)
{
	(void)fprintf(stderr, "cherry: executor: %s\n", err->message);
	return EX_SOFTWARE;
}

/*
 * Waits for the next task. Not in recvmsg: what sleeps there is woken each time
 * the master takes a result from the socket, too, and the master pays for it.
 * If nothing has come for a while, what tasks left behind goes back.
 */
static void await(struct executor *executor)
{
	struct pollfd socket = {.fd = SPAWN_EXECUTOR_SOCKET, .events = POLLIN};

	if (poll(&socket, 1, executor->grown ? REST_MS : -1) != 0)
		return;
	malloc_trim(0);
	executor->grown = false;
	(void)poll(&socket, 1, -1);
}

static int serve(struct executor *executor, struct err *err)
{
	struct frame_writer *writer = &executor->writer;
	enum frame_fill fill;
	struct frame frame;
	int r;

	for (;;) {
		r = frame_reader_next(&executor->reader, &frame, err);
		if (r > 0 && frame.type == FRAME_STOP)
			return frame_writer_flush(writer, SPAWN_EXECUTOR_SOCKET,
						  err);
		if (r > 0)
			r = executor_task(executor, &frame, err);
		if (r < 0)
			return -1;
		if (frame_reader_has(&executor->reader))
			continue;
		CRASH_POINT("executor.answer");
		if (frame_writer_flush(writer, SPAWN_EXECUTOR_SOCKET, err))
			return -1;
		CRASH_POINT("executor.answered");
		await(executor);
		fill = frame_reader_fill(&executor->reader,
					 SPAWN_EXECUTOR_SOCKET, err);
		if (fill != FRAME_FILL_MORE)
			return fill == FRAME_FILL_EOF ? 0 : -1;
	}
}

_Noreturn void executor_run(const struct task *const *table)
{
	static struct executor executor;
	struct sandbox_report report;
	struct err err = ERR_INIT;

	CRASH_POINT("executor.begin");
	executor.parent = getppid();
	arena_init(&executor.forever, FOREVER_MAX);
	frame_reader_init(&executor.reader, SETUP_MAX, FRAME_BIT(FRAME_SETUP),
			  false);
	if (start(&executor, table, &report, &err) ||
	    say_ready(&executor, &report, &err))
		_exit(say_failed(&executor, &err));
	CRASH_POINT("executor.ready");
	frame_reader_release(&executor.reader);
	frame_reader_init(&executor.reader, FRAME_BODY_MAX,
			  FRAME_BIT(FRAME_TASK) | FRAME_BIT(FRAME_STOP), true);
	/* Not by exit: what libraries do then the sandbox may well refuse. */
	_exit(serve(&executor, &err) ? give_up(&err) : EX_OK);
}

int executor_main(void)
{
	executor_run(task_table);
}
