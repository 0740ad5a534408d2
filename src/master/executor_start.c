/*
 * Starting an executor, and letting go of it: sockets, page, pipe, set-up.
 */
#include "master/executor_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "exec/spawn.h"

#define START_SECONDS 20
#define WRITER_MAX    ((size_t)1 << 30)
#define REPLY_MARGIN  ((size_t)1 << 20)

static int put_setup(struct executor_process *executor, struct err *err)
{
	struct master *master = executor->master;
	struct message_setting *settings =
		xcalloc(master->setting_count + 1, sizeof(*settings));
	struct message_secret *secrets =
		xcalloc(master->secret_count + 1, sizeof(*secrets));
	struct message_setup setup = {
		.class = executor->class,
		.sandbox = (enum sandbox_mode)master->options.sandbox,
		.uid = master->options.executor_uid,
		.max_reply = master->options.max_reply,
		.settings = settings,
		.setting_count = master->setting_count,
		.secrets = secrets};
	size_t i;
	int status;

	for (i = 0; i < master->setting_count; i++)
		settings[i] = (struct message_setting){
			slice_text(master->settings[i].task),
			slice_text(master->settings[i].key),
			slice_text(master->settings[i].value)};
	/* Who decodes pictures holds no keys. */
	for (i = 0;
	     i < master->secret_count && executor->class == TASK_CLASS_CORE;
	     i++)
		secrets[setup.secret_count++] = (struct message_secret){
			slice_text(master->secrets[i].name),
			master->secrets[i].value};
	status = message_setup_put(&executor->writer, &setup, err);
	free(settings);
	free(secrets);
	return status;
}

/* --- Start and end ---------------------------------------------------------------------- */

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static int spawn_with(struct executor_process *executor, const int sockets[2],
		      const int errors[2], struct err *err)
{
	struct spawn_executor options = {
		.class = executor->class,
		.program = executor->master->options.executor,
		.socket = sockets[1],
		.error = errors[1]};
	int page;

	executor->page = status_page_new(&page, err);
	if (!executor->page)
		return -1;
	options.page = page;
	executor->runner.pid = spawn_executor(&options, err);
	close(page);
	return executor->runner.pid < 0 ? -1 : 0;
}

static void watch_process(struct executor_process *executor)
{
	struct loop *loop = executor->master->loop;

	executor->io = loop->io_new(loop, executor->socket, LOOP_READ,
				    executor_process_on_socket, executor);
	executor->error_io =
		loop->io_new(loop, executor->error, LOOP_READ,
			     executor_process_on_error_output, executor);
	executor->timer =
		loop->timer_new(loop, executor_process_on_timer, executor);
	loop->timer_set(executor->timer, START_SECONDS);
	children_watch(executor->master->children, executor->runner.pid, false,
		       executor_process_on_exit_status, executor);
}

static int open_process(struct executor_process *executor, struct err *err)
{
	int sockets[2], errors[2], size = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return err_set(err, ERR_INTERNAL, "no socket pair: %s",
			       strerror(errno));
	if (pipe2(errors, O_CLOEXEC)) {
		close_pair(sockets);
		return err_set(err, ERR_INTERNAL, "no pipe: %s",
			       strerror(errno));
	}
	if (spawn_with(executor, sockets, errors, err)) {
		close_pair(sockets);
		close_pair(errors);
		return -1;
	}
	CRASH_POINT("master.executor_started");
	close(sockets[1]);
	close(errors[1]);
	executor->socket = sockets[0];
	executor->error = errors[0];
	(void)fcntl(executor->socket, F_SETFL, O_NONBLOCK);
	(void)fcntl(executor->error, F_SETFL, O_NONBLOCK);
	(void)setsockopt(executor->socket, SOL_SOCKET, SO_SNDBUF, &size,
			 sizeof(size));
	return 0;
}

struct executor_process *executor_process_start(struct master *master,
						enum task_class class,
						struct err *err)
{
	struct executor_process *executor = xcalloc(1, sizeof(*executor));
	size_t max_body = master->options.max_reply + REPLY_MARGIN;

	executor->master = master;
	executor->class = class;
	executor->runner.kill = executor_process_kill;
	executor->runner.forget = executor_process_forget;
	executor->progress_at = clock_monotonic();
	if (open_process(executor, err)) {
		status_page_free(executor->page);
		free(executor);
		return NULL;
	}
	frame_reader_init(&executor->reader,
			  max_body < FRAME_BODY_MAX ? max_body : FRAME_BODY_MAX,
			  FRAME_BIT(FRAME_READY) | FRAME_BIT(FRAME_FAILED),
			  false);
	frame_writer_init(&executor->writer, WRITER_MAX);
	message_region_init(&executor->region);
	arena_init(&executor->arena, (size_t)64 << 20);
	watch_process(executor);
	if (put_setup(executor, err)) {
		executor_process_end_now(executor);
		log_error("executor_setup", LOG_TEXT("why", err->message));
	}
	executor_process_flush(executor);
	return executor;
}

void executor_process_free(struct executor_process *executor)
{
	struct loop *loop = executor->master->loop;

	if (!executor->exited) {
		children_forget(executor->master->children,
				executor->runner.pid);
		kill(executor->runner.pid, SIGKILL);
	}
	if (executor->io)
		loop->io_free(executor->io);
	loop->io_free(executor->error_io);
	loop->timer_free(executor->timer);
	close(executor->socket);
	close(executor->error);
	status_page_free(executor->page);
	frame_reader_release(&executor->reader);
	frame_writer_release(&executor->writer);
	message_region_release(&executor->region);
	arena_release(&executor->arena);
	free(executor);
}
