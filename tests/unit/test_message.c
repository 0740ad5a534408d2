/*
 * Messages: what goes in comes out; every prefix and every wrong byte of one
 * is either refused or understood, never read past.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torment.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EXPECT_SLICE(slice, text)                                              \
	cr_expect(slice_is(slice, text), "%.*s is not %s", (int)(slice).len,   \
		  (slice).ptr, text)

/* --- SETUP ---------------------------------------------------------------- */

static int decode_setup(struct slice body, struct arena *arena)
{
	struct message_setup setup;

	return message_setup_decode(body, arena, &setup, NULL);
}

Test(message, setup)
{
	const struct message_setting settings[] = {
		{SLICE("thumbnail"), SLICE("max_pixels"), SLICE("100")},
		{SLICE("thumbnail"), SLICE("loaders"), SLICE("")},
	};
	const struct message_secret secrets[] = {
		{SLICE("session"), {"\0\xff", 2}},
	};
	const struct message_setup setup = {
		.class = TASK_CLASS_IMAGE,
		.sandbox = SANDBOX_PREFER,
		.trace = true,
		.uid = 1234,
		.max_reply = 1ULL << 40,
		.max_memory = 77,
		.settings = settings,
		.setting_count = COUNT(settings),
		.secrets = secrets,
		.secret_count = COUNT(secrets),
	};
	struct frame_writer writer;
	struct message_setup got;
	struct arena arena;
	struct body body;

	frame_writer_init(&writer, 10000);
	cr_assert_eq(message_setup_put(&writer, &setup, NULL), 0);
	body = body_take(&writer);
	arena_init(&arena, 100000);
	cr_assert_eq(message_setup_decode(slice_of(body.ptr, body.len), &arena,
					  &got, NULL),
		     0);
	cr_expect_eq(got.class, TASK_CLASS_IMAGE);
	cr_expect_eq(got.sandbox, SANDBOX_PREFER);
	cr_expect(got.trace);
	cr_expect_eq(got.uid, 1234);
	cr_expect_eq(got.max_reply, 1ULL << 40);
	cr_expect_eq(got.max_memory, 77);
	cr_assert_eq(got.setting_count, 2);
	EXPECT_SLICE(got.settings[0].task, "thumbnail");
	EXPECT_SLICE(got.settings[0].key, "max_pixels");
	EXPECT_SLICE(got.settings[0].value, "100");
	EXPECT_SLICE(got.settings[1].value, "");
	cr_assert_eq(got.secret_count, 1);
	cr_expect(slice_equal(got.secrets[0].value, secrets[0].value));
	arena_release(&arena);
	torment(body, decode_setup, "SETUP");
}

/* --- READY and FAILED ----------------------------------------------------- */

static int decode_ready(struct slice body, struct arena *arena)
{
	struct message_ready ready;

	return message_ready_decode(body, arena, &ready, NULL);
}

Test(message, ready)
{
	const struct message_unavailable list[] = {
		{SLICE("thumbnail"), SLICE("no library")}};
	const struct message_ready ready = {
		.pid = 4711,
		.level = SANDBOX_LEVEL_FULL,
		.level_text = SLICE("full: all of it"),
		.unavailable = list,
		.unavailable_count = 1,
	};
	struct frame_writer writer;
	struct message_ready got;
	struct arena arena;
	struct body body;

	frame_writer_init(&writer, 10000);
	cr_assert_eq(message_ready_put(&writer, &ready, NULL), 0);
	body = body_take(&writer);
	arena_init(&arena, 100000);
	cr_assert_eq(message_ready_decode(slice_of(body.ptr, body.len), &arena,
					  &got, NULL),
		     0);
	cr_expect_eq(got.pid, 4711);
	cr_expect_eq(got.level, SANDBOX_LEVEL_FULL);
	EXPECT_SLICE(got.level_text, "full: all of it");
	cr_assert_eq(got.unavailable_count, 1);
	EXPECT_SLICE(got.unavailable[0].why, "no library");
	arena_release(&arena);
	torment(body, decode_ready, "READY");
}

static int decode_failed(struct slice body, struct arena *arena)
{
	struct err cause;

	(void)arena;
	return message_failed_decode(body, &cause, NULL);
}

Test(message, failed)
{
	struct frame_writer writer;
	struct err got;
	struct body body;

	frame_writer_init(&writer, 10000);
	cr_assert_eq(message_failed_put(&writer, &full_error, NULL), 0);
	body = body_take(&writer);
	cr_assert_eq(
		message_failed_decode(slice_of(body.ptr, body.len), &got, NULL),
		0);
	expect_same_error(&got, &full_error);
	torment(body, decode_failed, "FAILED");
}

/* --- TASK ----------------------------------------------------------------- */

static int decode_task(struct slice bytes, struct arena *arena)
{
	struct frame frame = {.type = FRAME_TASK, .body = bytes, .fd = -1};
	struct message_task task;
	struct message_bulk bulk;
	int r = message_task_decode(&frame, arena, &task, &bulk, NULL);

	message_bulk_release(&bulk);
	return r;
}

static const struct task_input small_inputs[] = {
	{SLICE("old"), {"\0\1\2", 3}},
	{SLICE("new"), SLICE("")},
};
static const struct message_output outputs[] = {
	{SLICE("diff"), TASK_OUTPUT_FILE, SLICE("a/b")},
	{SLICE("image"), TASK_OUTPUT_KEY, SLICE("k:1")},
};

Test(message, small_task)
{
	const struct message_task task = {
		.number = 1ULL << 60,
		.task = SLICE("diff"),
		.args = SLICE("{\"a\":1}"),
		.inputs = small_inputs,
		.input_count = 2,
		.outputs = outputs,
		.output_count = 2,
	};
	struct frame_writer writer;
	struct message_task got;
	struct message_bulk bulk;
	struct arena arena;
	struct body body;
	struct frame frame = {.type = FRAME_TASK, .fd = -1};

	frame_writer_init(&writer, 10000);
	cr_assert_eq(message_task_put(&writer, &task, NULL), 0);
	cr_expect_eq(writer.fd_count, 0, "small tasks need no memory file");
	body = body_take(&writer);
	arena_init(&arena, 100000);
	frame.body = slice_of(body.ptr, body.len);
	cr_assert_eq(message_task_decode(&frame, &arena, &got, &bulk, NULL), 0);
	cr_expect_eq(got.number, 1ULL << 60);
	EXPECT_SLICE(got.task, "diff");
	EXPECT_SLICE(got.args, "{\"a\":1}");
	cr_assert_eq(got.input_count, 2);
	cr_expect(slice_equal(got.inputs[0].bytes, small_inputs[0].bytes));
	EXPECT_SLICE(got.inputs[1].name, "new");
	cr_assert_eq(got.output_count, 2);
	EXPECT_SLICE(got.outputs[0].target, "a/b");
	cr_expect_eq(got.outputs[0].kind, TASK_OUTPUT_FILE);
	message_bulk_release(&bulk);
	arena_release(&arena);
	torment(body, decode_task, "TASK");
}

Test(message, large_inputs_travel_in_a_sealed_file)
{
	size_t len = (size_t)3 << 20, i;
	char *bytes = malloc(len);
	struct task_input inputs[] = {
		{SLICE("small"), SLICE("tiny")},
		{SLICE("large"), {bytes, len}},
		{SLICE("part"), {bytes + 1, 5000}},
	};
	const struct message_task task = {
		.number = 5,
		.task = SLICE("thumbnail"),
		.args = SLICE("{}"),
		.inputs = inputs,
		.input_count = COUNT(inputs),
	};
	struct frame_writer writer;
	struct frame frame = {.type = FRAME_TASK};
	struct message_task got;
	struct message_bulk bulk;
	struct arena arena;

	for (i = 0; i < len; i++)
		bytes[i] = (char)(i * 31);
	frame_writer_init(&writer, 10000);
	arena_init(&arena, 100000);
	cr_assert_eq(message_task_put(&writer, &task, NULL), 0);
	cr_assert_eq(writer.fd_count, 1);
	frame.fd = dup(writer.fds[0].fd);
	cr_expect_eq(write(frame.fd, "x", 1), -1, "it is sealed");
	cr_expect_eq(ftruncate(frame.fd, 0), -1, "it is sealed");
	frame.body = slice_of(writer.bytes.ptr + FRAME_HEADER,
			      writer.bytes.len - FRAME_HEADER);
	cr_assert_eq(message_task_decode(&frame, &arena, &got, &bulk, NULL), 0);
	cr_expect_eq(frame.fd, -1, "the descriptor was taken over");
	cr_assert_eq(got.input_count, 3);
	for (i = 0; i < COUNT(inputs); i++)
		cr_expect(slice_equal(got.inputs[i].bytes, inputs[i].bytes),
			  "input %zu", i);
	message_bulk_release(&bulk);
	message_bulk_release(&bulk);
	arena_release(&arena);
	frame_writer_release(&writer);
	free(bytes);
}

/* --- The region that tasks of one executor share ------------------------------ */

static char pattern[(17 << 20)];

/* Puts `len` bytes from `pattern` for task `number`; the file that carries
 * them, which is the caller's. */
static int put_large(struct message_region *region, uint64_t number, size_t len)
{
	const struct message_task task = {
		.number = number,
		.task = SLICE("t"),
		.args = {pattern + number, len},
		.region = region,
	};
	struct frame_writer writer;
	int fd;

	frame_writer_init(&writer, 10000);
	cr_assert_eq(message_task_put(&writer, &task, NULL), 0);
	cr_assert_eq(writer.fd_count, 1);
	fd = dup(writer.fds[0].fd);
	frame_writer_release(&writer);
	return fd;
}

static bool is_same_file(int a, int b)
{
	struct stat one, other;

	cr_assert_eq(fstat(a, &one), 0);
	cr_assert_eq(fstat(b, &other), 0);
	return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

static void expect_holds(int fd, uint64_t number, size_t len)
{
	char *at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	size_t i, end = (len + 4095) & ~(size_t)4095;

	cr_assert_neq(at, MAP_FAILED);
	cr_expect_eq(memcmp(at, pattern + number, len), 0);
	for (i = len; i < end; i++)
		cr_assert_eq(at[i], 0, "of a task before, %zu behind", i - len);
	munmap(at, len);
}

static long pages_of(int fd)
{
	struct stat stat;

	cr_assert_eq(fstat(fd, &stat), 0);
	return (long)stat.st_blocks / 8;
}

Test(message, a_region_is_used_again_when_its_task_is_over)
{
	struct message_region region;
	int first, second, third, large;
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(1 + i % 199);
	message_region_init(&region);
	first = put_large(&region, 1, 3000000);
	expect_holds(first, 1, 3000000);
	cr_expect_eq(ftruncate(first, 0), -1, "it keeps its length");
	cr_expect_eq(ftruncate(first, 1 << 30), -1, "it keeps its length");
	second = put_large(&region, 2, 2000001);
	cr_expect_not(is_same_file(first, second), "it was in use");
	cr_expect_eq(write(second, "x", 1), -1, "one of its own is sealed");
	message_region_trim(&region);
	expect_holds(first, 1, 3000000);
	message_region_free(&region, 2);
	message_region_free(&region, 1);
	third = put_large(&region, 3, 1999999);
	cr_expect(is_same_file(first, third));
	expect_holds(third, 3, 1999999);
	message_region_free(&region, 3);
	large = put_large(&region, 4, 16777217);
	cr_expect_not(is_same_file(first, large), "more than it holds");
	expect_holds(large, 4, 16777217);
	cr_expect_geq(pages_of(first), 700);
	message_region_trim(&region);
	cr_expect_eq(pages_of(first), 0);
	close(put_large(&region, 5, 2000000));
	expect_holds(first, 5, 2000000);
	message_region_release(&region);
	message_region_release(&region);
	cr_expect_eq(region.fd, -1);
	close(first);
	close(second);
	close(third);
	close(large);
}

/* A frame that says its bytes are in a file that did not come, or beyond it. */
Test(message, places_outside_the_file_are_refused)
{
	size_t len = MESSAGE_INLINE_MAX + 1;
	char *bytes = calloc(1, len);
	const struct message_task task = {
		.number = 5,
		.task = SLICE("t"),
		.args = {bytes, len},
	};
	struct frame_writer writer;
	struct frame frame;
	struct message_task got;
	struct message_bulk bulk;
	struct arena arena;
	uint64_t beyond = len + 1;
	char *body, *at;

	frame_writer_init(&writer, 10000);
	arena_init(&arena, 100000);
	cr_assert_eq(message_task_put(&writer, &task, NULL), 0);
	body = writer.bytes.ptr + FRAME_HEADER;
	frame = (struct frame){
		.type = FRAME_TASK,
		.body = {body, writer.bytes.len - FRAME_HEADER},
		.fd = -1,
	};
	cr_expect_eq(message_task_decode(&frame, &arena, &got, &bulk, NULL), -1,
		     "no file came");
	/* number, name with its length, place, offset: then the length */
	at = body + 8 + 4 + 1 + 1 + 8;
	memcpy(at, &beyond, sizeof(beyond));
	frame.body.len = writer.bytes.len - FRAME_HEADER;
	frame.fd = dup(writer.fds[0].fd);
	cr_expect_eq(message_task_decode(&frame, &arena, &got, &bulk, NULL), -1,
		     "one byte past the file");
	message_bulk_release(&bulk);
	memset(at - 8, 0xff, 8);
	frame.body.len = writer.bytes.len - FRAME_HEADER;
	frame.fd = dup(writer.fds[0].fd);
	cr_expect_eq(message_task_decode(&frame, &arena, &got, &bulk, NULL), -1,
		     "an offset that wraps");
	message_bulk_release(&bulk);
	arena_release(&arena);
	frame_writer_release(&writer);
	free(bytes);
}

/* Counts that would need more memory than the frame could ever fill. */
Test(message, counts_are_checked_before_memory_is_taken)
{
	static const char body[64] = {
		/* class, sandbox, trace, uid, max_reply, max_memory */
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0,
		/* settings */
		-1, -1, 0, 0};
	struct message_setup setup;
	struct err err = ERR_INIT;
	struct arena arena;

	arena_init(&arena, 1000);
	cr_expect_eq(message_setup_decode(slice_of(body, sizeof(body)), &arena,
					  &setup, &err),
		     -1);
	cr_expect_eq(err.code, ERR_INTERNAL, "not for lack of memory");
	arena_release(&arena);
}
