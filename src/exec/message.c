/*
 * The bodies of frames but for tasks and results (message_task.c,
 * message_result.c): what an executor is told when it starts, and what it
 * answers.
 */
#include "base/text.h"
#include "exec/message.h"
#include "exec/message_err.h"

static int bad_message(struct err *err, const char *name)
{
	return err_set(err, ERR_INTERNAL, "a %s message is malformed", name);
}

static int no_memory(struct err *err)
{
	return err_limit(err, "memory", 0, "no memory for a message");
}

/* --- SETUP ---------------------------------------------------------------- */

int message_setup_put(struct frame_writer *writer,
		      const struct message_setup *setup, struct err *err)
{
	struct buf *out = &writer->bytes;
	size_t i, begin = frame_begin(writer, FRAME_SETUP);

	wire_put_u8(out, setup->class);
	wire_put_u8(out, setup->sandbox);
	wire_put_u8(out, setup->trace);
	wire_put_u32(out, setup->uid);
	wire_put_u64(out, setup->max_reply);
	wire_put_u64(out, setup->max_memory);
	wire_put_u32(out, (uint32_t)setup->setting_count);
	for (i = 0; i < setup->setting_count; i++) {
		wire_put_bytes(out, setup->settings[i].task);
		wire_put_bytes(out, setup->settings[i].key);
		wire_put_bytes(out, setup->settings[i].value);
	}
	wire_put_u32(out, (uint32_t)setup->secret_count);
	for (i = 0; i < setup->secret_count; i++) {
		wire_put_bytes(out, setup->secrets[i].name);
		wire_put_bytes(out, setup->secrets[i].value);
	}
	return frame_end(writer, begin, -1, err);
}

static int setup_lists(struct wire_reader *in, struct arena *arena,
		       struct message_setup *setup)
{
	struct message_setting *settings;
	struct message_secret *secrets;
	size_t i;

	setup->setting_count = wire_get_count(in, 12, MESSAGE_LIST_MAX);
	settings = arena_calloc(arena, setup->setting_count, sizeof(*settings));
	if (!settings)
		return -1;
	for (i = 0; i < setup->setting_count; i++) {
		settings[i].task = wire_get_bytes(in);
		settings[i].key = wire_get_bytes(in);
		settings[i].value = wire_get_bytes(in);
	}
	setup->settings = settings;

	setup->secret_count = wire_get_count(in, 8, MESSAGE_LIST_MAX);
	secrets = arena_calloc(arena, setup->secret_count, sizeof(*secrets));
	if (!secrets)
		return -1;
	for (i = 0; i < setup->secret_count; i++) {
		secrets[i].name = wire_get_bytes(in);
		secrets[i].value = wire_get_bytes(in);
	}
	setup->secrets = secrets;
	return 0;
}

int message_setup_decode(struct slice body, struct arena *arena,
			 struct message_setup *setup, struct err *err)
{
	struct wire_reader in = {.rest = body};

	*setup = (struct message_setup){0};
	setup->class = (enum task_class)wire_get_below(&in, TASK_CLASS_COUNT);
	setup->sandbox =
		(enum sandbox_mode)wire_get_below(&in, SANDBOX_MODE_COUNT);
	setup->trace = wire_get_below(&in, 2);
	setup->uid = wire_get_u32(&in);
	setup->max_reply = wire_get_u64(&in);
	setup->max_memory = wire_get_u64(&in);
	if (setup_lists(&in, arena, setup))
		return no_memory(err);
	if (!wire_done(&in))
		return bad_message(err, "SETUP");
	return 0;
}

/* --- READY ---------------------------------------------------------------- */

int message_ready_put(struct frame_writer *writer,
		      const struct message_ready *ready, struct err *err)
{
	struct buf *out = &writer->bytes;
	size_t i, begin = frame_begin(writer, FRAME_READY);

	wire_put_u32(out, (uint32_t)ready->pid);
	wire_put_u8(out, ready->level);
	wire_put_bytes(out, ready->level_text);
	wire_put_u32(out, (uint32_t)ready->unavailable_count);
	for (i = 0; i < ready->unavailable_count; i++) {
		wire_put_bytes(out, ready->unavailable[i].task);
		wire_put_bytes(out, ready->unavailable[i].why);
	}
	return frame_end(writer, begin, -1, err);
}

/* A text for people, from the other side. */
static struct slice get_text(struct wire_reader *in)
{
	struct slice text = wire_get_bytes(in);

	if (utf8_check(text) != text.len)
		in->bad = true;
	return text;
}

int message_ready_decode(struct slice body, struct arena *arena,
			 struct message_ready *ready, struct err *err)
{
	struct wire_reader in = {.rest = body};
	struct message_unavailable *list;
	size_t i;

	*ready = (struct message_ready){0};
	ready->pid = (pid_t)wire_get_u32(&in);
	ready->level =
		(enum sandbox_level)wire_get_below(&in, SANDBOX_LEVEL_COUNT);
	ready->level_text = get_text(&in);
	ready->unavailable_count = wire_get_count(&in, 8, MESSAGE_LIST_MAX);
	list = arena_calloc(arena, ready->unavailable_count, sizeof(*list));
	if (!list)
		return no_memory(err);
	for (i = 0; i < ready->unavailable_count; i++) {
		list[i].task = get_text(&in);
		list[i].why = get_text(&in);
	}
	ready->unavailable = list;
	if (!wire_done(&in))
		return bad_message(err, "READY");
	return 0;
}

/* --- FAILED and STOP ------------------------------------------------------ */

int message_failed_put(struct frame_writer *writer, const struct err *cause,
		       struct err *err)
{
	size_t begin = frame_begin(writer, FRAME_FAILED);

	message_err_put(&writer->bytes, cause);
	return frame_end(writer, begin, -1, err);
}

int message_failed_decode(struct slice body, struct err *cause, struct err *err)
{
	struct wire_reader in = {.rest = body};

	message_err_get(&in, cause);
	if (!wire_done(&in))
		return bad_message(err, "FAILED");
	return 0;
}

int message_stop_put(struct frame_writer *writer, struct err *err)
{
	size_t begin = frame_begin(writer, FRAME_STOP);

	return frame_end(writer, begin, -1, err);
}
