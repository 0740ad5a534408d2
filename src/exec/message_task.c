/*
 * TASK messages. What is small lies in the frame; arguments and inputs that
 * are large lie one after the other in a memfd, sealed so that nobody can
 * change or shorten it under the executor, which maps it read-only. A megabyte
 * of picture is then copied once. Making and giving back its pages costs more
 * than the copy: an executor has a memfd that is used again (a region). The
 * executor could write to that one, into its own task.
 */
#include <errno.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>
#include "exec/descriptor.h"
#include "exec/message.h"
#include "exec/wire.h"

enum place { PLACE_INLINE, PLACE_BULK };

#define BULK_SEALS   (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define REGION_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define REGION_SIZE  ((size_t)16 << 20)

/* --- Regions -------------------------------------------------------------- */

void message_region_init(struct message_region *region)
{
	*region = (struct message_region){.fd = -1};
}

void message_region_release(struct message_region *region)
{
	if (region->map)
		munmap(region->map, REGION_SIZE);
	if (region->fd >= 0)
		close(region->fd);
	message_region_init(region);
}

void message_region_free(struct message_region *region, uint64_t number)
{
	if (region->user == number)
		region->user = 0;
}

void message_region_trim(struct message_region *region)
{
	if (region->fd < 0 || region->user)
		return;
	(void)fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			0, (off_t)REGION_SIZE);
	region->ready = 0;
}

static int region_make(struct message_region *region)
{
	void *map;

	region->fd = descriptor_memory("cherry: inputs");
	if (region->fd < 0)
		return -1;
	if (ftruncate(region->fd, (off_t)REGION_SIZE) ||
	    fcntl(region->fd, F_ADD_SEALS, REGION_SEALS))
		return -1;
	map = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   region->fd, 0);
	if (map == MAP_FAILED)
		return -1;
	region->map = map;
	return 0;
}

/* Ready for `size` bytes: what the system has no memory for is found out here,
 * and not by a signal when it is written to. A descriptor of it for one task;
 * -1 where there is none to be had. */
static int region_use(struct message_region *region, size_t size)
{
	if (!region || region->user || size > REGION_SIZE)
		return -1;
	if (region->fd < 0 && region_make(region)) {
		message_region_release(region);
		return -1;
	}
	if (size > region->ready) {
		if (fallocate(region->fd, 0, 0, (off_t)size))
			return -1;
		region->ready = size;
	}
	return fcntl(region->fd, F_DUPFD_CLOEXEC, 3);
}

/* --- Encoding ------------------------------------------------------------- */

/* A memfd that is being filled; fd is -1 if all is inline. */
struct bulk_writer {
	int fd;
	char *map; /* of the region, if it is that */
	uint64_t len;
	int error;
};

static void bulk_add(struct bulk_writer *bulk, struct slice bytes)
{
	ssize_t n;

	if (bulk->map) {
		memcpy(bulk->map + bulk->len, bytes.ptr, bytes.len);
		bulk->len += bytes.len;
		return;
	}
	while (bytes.len && !bulk->error) {
		n = pwrite(bulk->fd, bytes.ptr, bytes.len, (off_t)bulk->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			bulk->error = n < 0 ? errno : ENOSPC;
			return;
		}
		bytes.ptr += n;
		bytes.len -= (size_t)n;
		bulk->len += (uint64_t)n;
	}
}

/* Bytes of a task: inline, or as their length and at what place. Small ones
 * stay inline also beside a memfd. */
static void put_bytes(struct buf *out, struct bulk_writer *bulk,
		      struct slice bytes)
{
	if (bulk->fd < 0 || bytes.len <= 4096) {
		wire_put_u8(out, PLACE_INLINE);
		wire_put_bytes(out, bytes);
		return;
	}
	wire_put_u8(out, PLACE_BULK);
	wire_put_u64(out, bulk->len);
	wire_put_u64(out, bytes.len);
	bulk_add(bulk, bytes);
}

static int bulk_open(const struct message_task *task, struct bulk_writer *bulk,
		     struct err *err)
{
	size_t i, sum = task->args.len;

	for (i = 0; i < task->input_count; i++)
		sum += task->inputs[i].bytes.len;
	*bulk = (struct bulk_writer){.fd = -1};
	if (sum <= MESSAGE_INLINE_MAX)
		return 0;
	bulk->fd = region_use(task->region, sum);
	if (bulk->fd >= 0)
		bulk->map = task->region->map;
	else
		bulk->fd = descriptor_memory("cherry: input");
	if (bulk->fd < 0)
		return err_set(err, ERR_INTERNAL,
			       "no memory file for an input: %s",
			       strerror(errno));
	return 0;
}

/* Nothing of the task before it lies behind the last byte, up to the end of the
 * page, where a decoder may read a little too far. */
static void region_clear(const struct bulk_writer *bulk)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	memset(bulk->map + bulk->len, 0, (page - bulk->len % page) % page);
}

static void bulk_close(struct bulk_writer *bulk)
{
	if (bulk->fd < 0 || bulk->error)
		return;
	if (bulk->map)
		region_clear(bulk);
	else if (fcntl(bulk->fd, F_ADD_SEALS, BULK_SEALS))
		bulk->error = errno;
}

static void put_outputs(struct buf *out, const struct message_task *task)
{
	size_t i;

	wire_put_u32(out, (uint32_t)task->output_count);
	for (i = 0; i < task->output_count; i++) {
		wire_put_bytes(out, task->outputs[i].name);
		wire_put_u8(out, task->outputs[i].kind);
		wire_put_bytes(out, task->outputs[i].target);
	}
}

int message_task_put(struct frame_writer *writer,
		     const struct message_task *task, struct err *err)
{
	struct buf *out = &writer->bytes;
	struct bulk_writer bulk;
	size_t i, begin;

	if (bulk_open(task, &bulk, err))
		return -1;
	begin = frame_begin(writer, FRAME_TASK);
	wire_put_u64(out, task->number);
	wire_put_bytes(out, task->task);
	put_bytes(out, &bulk, task->args);
	wire_put_u32(out, (uint32_t)task->input_count);
	for (i = 0; i < task->input_count; i++) {
		wire_put_bytes(out, task->inputs[i].name);
		put_bytes(out, &bulk, task->inputs[i].bytes);
	}
	put_outputs(out, task);
	wire_put_u64(out, bulk.len);
	bulk_close(&bulk);
	if (bulk.error) {
		close(bulk.fd);
		frame_abort(writer, begin);
		return err_set(err, ERR_INTERNAL,
			       "cannot fill a memory file: %s",
			       strerror(bulk.error));
	}
	if (frame_end(writer, begin, bulk.fd, err))
		return -1;
	if (bulk.map)
		task->region->user = task->number;
	return 0;
}

/* --- Decoding ------------------------------------------------------------- */

void message_bulk_release(struct message_bulk *bulk)
{
	if (bulk->ptr)
		munmap(bulk->ptr, bulk->len);
	*bulk = (struct message_bulk){0};
}

/* The length stands at the end of the body, because it is known last. */
static int bulk_map(struct frame *frame, struct message_bulk *bulk,
		    struct err *err)
{
	uint64_t len = 0;
	void *ptr;
	int error;

	if (frame->body.len < 2 * sizeof(len)) /* this, and the number */
		goto malformed;
	frame->body.len -= sizeof(len);
	memcpy(&len, frame->body.ptr + frame->body.len, sizeof(len));
	if ((frame->fd >= 0) != (len > 0) || len > FRAME_BODY_MAX)
		goto malformed;
	if (frame->fd < 0)
		return 0;
	ptr = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, frame->fd, 0);
	error = errno;
	close(frame->fd);
	frame->fd = -1;
	if (ptr == MAP_FAILED)
		return err_limit(err, "memory", (int64_t)len,
				 "cannot map an input of %llu bytes: %s",
				 (unsigned long long)len, strerror(error));
	*bulk = (struct message_bulk){ptr, (size_t)len};
	return 0;

malformed:
	if (frame->fd >= 0)
		close(frame->fd);
	frame->fd = -1;
	return err_set(err, ERR_INTERNAL, "a TASK message is malformed");
}

static struct slice get_bytes(struct wire_reader *in,
			      const struct message_bulk *bulk)
{
	uint64_t at, len;

	if (wire_get_below(in, 2) == PLACE_INLINE)
		return wire_get_bytes(in);
	at = wire_get_u64(in);
	len = wire_get_u64(in);
	if (at > bulk->len || len > bulk->len - at)
		in->bad = true;
	/* No bytes are of no file, too. */
	if (in->bad || !len)
		return (struct slice){"", 0};
	return slice_of((const char *)bulk->ptr + at, (size_t)len);
}

static int task_lists(struct wire_reader *in, struct arena *arena,
		      const struct message_bulk *bulk,
		      struct message_task *task)
{
	struct task_input *inputs;
	struct message_output *outputs;
	size_t i;

	task->input_count = wire_get_count(in, 9, MESSAGE_LIST_MAX);
	inputs = arena_calloc(arena, task->input_count, sizeof(*inputs));
	if (!inputs)
		return -1;
	for (i = 0; i < task->input_count; i++) {
		inputs[i].name = wire_get_bytes(in);
		inputs[i].bytes = get_bytes(in, bulk);
	}
	task->inputs = inputs;

	task->output_count = wire_get_count(in, 9, MESSAGE_LIST_MAX);
	outputs = arena_calloc(arena, task->output_count, sizeof(*outputs));
	if (!outputs)
		return -1;
	for (i = 0; i < task->output_count; i++) {
		outputs[i].name = wire_get_bytes(in);
		outputs[i].kind = (enum task_output_kind)wire_get_below(in, 2);
		outputs[i].target = wire_get_bytes(in);
	}
	task->outputs = outputs;
	return 0;
}

int message_task_decode(struct frame *frame, struct arena *arena,
			struct message_task *task, struct message_bulk *bulk,
			struct err *err)
{
	struct wire_reader in;

	*task = (struct message_task){0};
	*bulk = (struct message_bulk){0};
	in = (struct wire_reader){.rest = frame->body};
	task->number = wire_get_u64(&in);
	if (bulk_map(frame, bulk, err))
		return -1;
	in.rest.len = frame->body.len - (size_t)(in.rest.ptr - frame->body.ptr);
	task->task = wire_get_bytes(&in);
	task->args = get_bytes(&in, bulk);
	if (task_lists(&in, arena, bulk, task))
		return err_limit(err, "memory", 0, "no memory for a message");
	if (!wire_done(&in) || !task->number)
		return err_set(err, ERR_INTERNAL,
			       "a TASK message is malformed");
	return 0;
}
