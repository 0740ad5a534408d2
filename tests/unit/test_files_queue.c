/*
 * Files beside the loop: many at a time, each with its own outcome; and an end
 * while there is still work.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "master/files_queue.h"
#include "master/loop_ev.h"

#define COUNT 200

static char root[] = "/tmp/cherry-files.XXXXXX";
static struct loop_ev *ev;
static struct files_queue *queue;
static size_t done, failed;
static char texts[COUNT][40];

static void setup(void)
{
	struct err err = ERR_INIT;

	cr_assert_not_null(mkdtemp(root));
	ev = loop_ev_new();
	queue = files_queue_new(loop_ev_loop(ev), &err);
	cr_assert_not_null(queue, "%s", err.message);
}

static void teardown(void)
{
	char command[100];

	files_queue_free(queue);
	loop_ev_free(ev);
	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_expect_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void on_done(void *arg, const struct err *err, struct buf *bytes)
{
	const char *want = arg;

	done++;
	failed += err != NULL;
	if (want && !err)
		cr_expect(slice_is(buf_slice(bytes), want), "%.*s, not %s",
			  (int)bytes->len, bytes->ptr, want);
}

static void run_until(size_t count)
{
	while (done < count) {
		loop_ev_turn(ev);
		usleep(200);
	}
}

static void add(size_t i, bool write)
{
	char path[40], field[40];
	struct files_request request = {
		.root = root, .write = write, .max = 1000, .on_done = on_done};

	/* The texts go at once: the queue has its own. */
	snprintf(path, sizeof(path), "file%zu", i);
	snprintf(field, sizeof(field), "inputs.f%zu", i);
	request.path = slice_text(path);
	request.field = field;
	request.arg = write ? NULL : texts[i];
	buf_init(&request.bytes, 1000);
	if (write)
		cr_assert_eq(buf_add_text(&request.bytes, texts[i]), 0);
	files_queue_add(queue, &request);
	memset(path, 'x', sizeof(path));
	memset(field, 'x', sizeof(field));
}

Test(files_queue, many_at_a_time, .init = setup, .fini = teardown,
     .timeout = 60)
{
	size_t i;

	for (i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "text %zu", i * 7919);
		add(i, true);
	}
	cr_expect_eq(done, 0, "it was called within files_queue_add");
	run_until(COUNT);
	for (i = 0; i < COUNT; i++)
		add(i, false);
	run_until(2 * COUNT);
	cr_expect_eq(failed, 0);
}

static void on_error(void *arg, const struct err *err, struct buf *bytes)
{
	const char *want = arg;

	(void)bytes;
	done++;
	cr_assert_not_null(err);
	cr_expect(strstr(err->message, want) == err->message, "%s, not %s",
		  err->message, want);
}

Test(files_queue, errors_name_their_own_member, .init = setup, .fini = teardown,
     .timeout = 60)
{
	struct files_request request = {.root = root,
					.path = SLICE("nowhere"),
					.field = "inputs.a",
					.max = 10,
					.on_done = on_error,
					.arg = (char[]){"inputs.a: there is "
							"no such file"}};

	files_queue_add(queue, &request);
	request.root = NULL;
	request.field = "inputs.b";
	request.arg = (char[]){"inputs.b: this worker is configured without"};
	files_queue_add(queue, &request);
	request.root = root;
	request.path = SLICE("../x");
	request.field = "outputs.c";
	request.write = true;
	buf_init(&request.bytes, 10);
	request.arg = (char[]){"outputs.c: \"..\" is not allowed"};
	files_queue_add(queue, &request);
	run_until(3);
}

/* Nobody is told any more, and nothing is left behind. */
Test(files_queue, ends_in_the_middle_of_its_work, .init = setup,
     .fini = teardown, .timeout = 60)
{
	size_t i;

	for (i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "text %zu", i);
		add(i, true);
	}
	files_queue_free(queue);
	queue = NULL;
	cr_expect_eq(done, 0);
}
