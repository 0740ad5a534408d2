/*
 * One executor without a master, for tests and tools: starts it, sends tasks,
 * waits for results. Everything blocks, with a deadline.
 */
#ifndef TESTS_EXECUTOR_CLIENT_H
#define TESTS_EXECUTOR_CLIENT_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "exec/frame.h"
#include "exec/message.h"
#include "exec/spawn.h"
#include "exec/status_page.h"

struct executor_client {
	pid_t pid;
	int socket;
	int error; /* read end of its standard error */
	struct status_page *page;
	struct frame_reader reader;
	struct frame_writer writer;
	struct arena arena;	    /* of the last result */
	struct message_ready ready; /* lives until the first result */
	double deadline;	    /* seconds to wait for an answer */
};

/* The program of that name beside this one. */
static inline char *executor_client_path(const char *name, char *out,
					 size_t size)
{
	ssize_t len = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	out[len] = '\0';
	slash = strrchr(out, '/');
	snprintf(slash + 1, size - (size_t)(slash + 1 - out), "%s", name);
	return out;
}

/* Waits for what there is to read; false at the deadline. */
static inline bool executor_client_wait(struct executor_client *client)
{
	struct pollfd poll_fd = {.fd = client->socket, .events = POLLIN};

	return poll(&poll_fd, 1, (int)(client->deadline * 1000)) == 1;
}

/* 1 a frame, 0 the executor is gone or too late, -1 it sent nonsense. */
static inline int executor_client_frame(struct executor_client *client,
					struct frame *frame, struct err *err)
{
	enum frame_fill fill;
	int r;

	while (!(r = frame_reader_next(&client->reader, frame, err))) {
		if (!executor_client_wait(client))
			return 0;
		fill = frame_reader_fill(&client->reader, client->socket, err);
		if (fill != FRAME_FILL_MORE)
			return fill == FRAME_FILL_ERROR ? -1 : 0;
	}
	return r;
}

/* Kills it if it still runs; its wait status. */
static inline int executor_client_end(struct executor_client *client, bool now)
{
	int status = 0;

	if (now)
		kill(client->pid, SIGKILL);
	while (waitpid(client->pid, &status, 0) < 0)
		;
	close(client->socket);
	close(client->error);
	status_page_free(client->page);
	frame_reader_release(&client->reader);
	frame_writer_release(&client->writer);
	arena_release(&client->arena);
	return status;
}

/* What came instead of READY, as an error. */
static inline int executor_client_refused(struct executor_client *client, int r,
					  struct frame *frame, struct err *err)
{
	struct err cause = ERR_INIT;

	if (r > 0 && frame->type == FRAME_FAILED &&
	    !message_failed_decode(frame->body, &cause, err))
		*err = cause;
	else if (r == 0)
		err_set(err, ERR_CRASHED, "the executor is gone");
	executor_client_end(client, true);
	return -1;
}

static inline int executor_client_send(struct executor_client *client,
				       struct err *err)
{
	return frame_writer_flush(&client->writer, client->socket, err);
}

/* Starts PROGRAM and waits until it is ready. 0, or -1: nothing runs then. */
static inline int executor_client_start(struct executor_client *client,
					const char *program,
					const struct message_setup *setup,
					struct err *err)
{
	int sockets[2], pipes[2], page, r;
	struct frame frame;

	*client = (struct executor_client){.deadline = 20};
	arena_init(&client->arena, (size_t)1 << 30);
	frame_reader_init(&client->reader, FRAME_BODY_MAX,
			  FRAME_BIT(FRAME_READY) | FRAME_BIT(FRAME_FAILED) |
				  FRAME_BIT(FRAME_RESULT),
			  false);
	frame_writer_init(&client->writer, FRAME_BODY_MAX);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) ||
	    pipe2(pipes, O_CLOEXEC))
		return err_set(err, ERR_INTERNAL, "no sockets");
	client->page = status_page_new(&page, err);
	if (!client->page)
		return -1;
	client->pid =
		spawn_executor(&(struct spawn_executor){.class = setup->class,
							.program = program,
							.socket = sockets[1],
							.page = page,
							.error = pipes[1]},
			       err);
	close(sockets[1]);
	close(pipes[1]);
	close(page);
	client->socket = sockets[0];
	client->error = pipes[0];
	if (client->pid < 0)
		return -1;
	r = message_setup_put(&client->writer, setup, err);
	if (!r)
		r = executor_client_send(client, err);
	if (!r)
		r = executor_client_frame(client, &frame, err);
	if (r > 0 && frame.type == FRAME_READY &&
	    !message_ready_decode(frame.body, &client->arena, &client->ready,
				  err))
		return 0;
	return executor_client_refused(client, r, &frame, err);
}

/* Queues a task; executor_client_send sends what is queued. */
static inline int executor_client_put(struct executor_client *client,
				      uint64_t number, const char *task,
				      const char *args, struct err *err)
{
	struct message_task message = {
		.number = number,
		.task = slice_text(task),
		.args = slice_text(args),
	};

	return message_task_put(&client->writer, &message, err);
}

/* The next result; what it points to lives until the next call. 1, 0 the
 * executor is gone or too late, -1 it sent nonsense. */
static inline int executor_client_result(struct executor_client *client,
					 struct message_result *result,
					 struct err *err)
{
	struct frame frame;
	int r = executor_client_frame(client, &frame, err);

	if (r <= 0)
		return r;
	arena_clear(&client->arena);
	if (frame.type != FRAME_RESULT)
		return err_set(err, ERR_INTERNAL, "not a result");
	return message_result_decode(frame.body, &client->arena, result, err)
		       ? -1
		       : 1;
}

/* One task there and back. 1, 0, -1 as above. */
static inline int executor_client_run(struct executor_client *client,
				      const char *task, const char *args,
				      struct message_result *result,
				      struct err *err)
{
	static uint64_t number;

	if (executor_client_put(client, ++number, task, args, err) ||
	    executor_client_send(client, err))
		return 0;
	return executor_client_result(client, result, err);
}

/* Tells it to stop and waits; its wait status. */
static inline int executor_client_stop(struct executor_client *client)
{
	if (message_stop_put(&client->writer, NULL) ||
	    executor_client_send(client, NULL))
		return executor_client_end(client, true);
	return executor_client_end(client, false);
}

/* What it has written to standard error so far. */
static inline const char *executor_client_stderr(struct executor_client *client,
						 char *out, size_t size)
{
	ssize_t len;

	fcntl(client->error, F_SETFL, O_NONBLOCK);
	len = read(client->error, out, size - 1);
	out[len > 0 ? len : 0] = '\0';
	return out;
}

#endif
