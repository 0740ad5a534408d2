/*
 * One event a line on standard error.
 *
 * A line is built in a fixed buffer and written in one go or not at all: where
 * standard error cannot take it at once it is dropped and counted, and the
 * count is told with the next line that gets through. Standard error itself is
 * not made non-blocking, since others share it; poll() is asked first, and a
 * pipe that polls writable takes PIPE_BUF bytes whole, which bounds a line.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"

#define LINE_MAX_BYTES PIPE_BUF
#define TEXT_MAX       1000 /* of one field; longer ones are cut */
#define SLOTS	       64   /* events whose rate is watched */

static struct {
	enum log_level level;
	enum log_format format;
	int journal; /* -1: not looked at yet */
	uint64_t dropped;
} state = {.level = LOG_INFO, .journal = -1};

/* How often an event came in its current second. Events that fall into one
 * slot take turns; then a little more is written than should be. */
static struct slot {
	uint64_t hash;
	uint64_t second;
	uint64_t count;
} slots[SLOTS];

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int priorities[] = {3, 4, 6, 7}; /* of syslog */

void log_setup(enum log_level level, enum log_format format)
{
	state.level = level;
	state.format = format;
}

bool log_enabled(enum log_level level)
{
	return level <= state.level;
}

/* Does JOURNAL_STREAM ("device:inode") name our standard error? */
static bool under_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat stat;
	char own[64];
	if (!stream || fstat(STDERR_FILENO, &stat))
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)stat.st_dev,
		 (uintmax_t)stat.st_ino);
	return strcmp(own, stream) == 0;
}

/* --- Fields --------------------------------------------------------------- */

/* A text that logfmt can hold without quotes. */
static bool is_bare(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
			return false;
	}
	return text.len > 0;
}

static void put_text(struct buf *line, struct slice text)
{
	/* Cut before a character, so that no half of one is left. */
	bool cut = text.len > TEXT_MAX;
	if (cut) {
		size_t len = TEXT_MAX;
		while (len > TEXT_MAX - 4 &&
		       ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
			len--;
		text.len = len;
	}
	if (state.format == LOG_LOGFMT && !cut && is_bare(text)) {
		buf_add_slice(line, text);
		return;
	}
	json_put_string(line, text);
	if (cut && !line->failed) {
		line->len--;
		buf_add_text(line, "...\"");
	}
}

static void put_name(struct buf *line, const char *name)
{
	if (state.format == LOG_JSON) {
		json_put_key(line, name);
		return;
	}
	if (line->len && line->ptr[line->len - 1] != '>')
		buf_add_char(line, ' ');
	buf_add_text(line, name);
	buf_add_char(line, '=');
}

/* Times, of which nobody reads more than thousandths. */
static void put_number(struct buf *line, double value)
{
	char text[DOUBLE_TEXT_MAX];
	double rounded =
		fabs(value) < 1e12 ? round(value * 1000) / 1000 : value;
	size_t len = double_repr(rounded, text);
	bool whole = len > 2 && !memcmp(text + len - 2, ".0", 2);
	bool plain = value - value == 0;
	if (!plain && state.format == LOG_JSON)
		json_put_string(line, slice_of(text, len));
	else
		buf_add(line, text, whole ? len - 2 : len);
}

static void put_field(struct buf *line, const struct log_field *field)
{
	size_t before = line->len;
	put_name(line, field->name);
	switch (field->type) {
	case LOG_FIELD_TEXT:
		put_text(line, field->text);
		break;
	case LOG_FIELD_INT:
		json_put_int(line, field->integer);
		break;
	case LOG_FIELD_NUM:
		put_number(line, field->number);
		break;
	case LOG_FIELD_END:
		break;
	}
	/* A field that does not fit is left out; the line stays whole. */
	if (line->failed) {
		line->failed = false;
		line->len = before;
	}
}

static void put_head(struct buf *line, enum log_level level, const char *event)
{
	char when[40];
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t len = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + len, sizeof(when) - len, ".%03dZ",
		 (int)(now.tv_nsec / 1000000));

	if (state.journal < 0)
		state.journal = under_journal();
	if (state.journal)
		buf_printf(line, "<%d>", priorities[level]);
	if (state.format == LOG_JSON)
		buf_add_char(line, '{');
	put_field(line, &LOG_TEXT("time", when));
	put_field(line, &LOG_TEXT("level", level_names[level]));
	put_field(line, &LOG_TEXT("event", event));
}

/* --- Lines ---------------------------------------------------------------- */

/* Writes without waiting. 0, or -1 if the line was lost. */
static int write_line(const struct buf *line)
{
	struct pollfd poll_stderr = {STDERR_FILENO, POLLOUT, 0};
	if (poll(&poll_stderr, 1, 0) != 1 || !(poll_stderr.revents & POLLOUT))
		return -1;
	ssize_t n;
	do {
		n = write(STDERR_FILENO, line->ptr, line->len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static void send_event(enum log_level level, const char *event,
		       const struct log_field *fields)
{
	static char bytes[LINE_MAX_BYTES];
	/* A buffer on memory of its own: at its cap it never asks for more.
	 * Two bytes are kept for the end of the line. */
	struct buf line = {.ptr = bytes,
			   .cap = sizeof(bytes) - 2,
			   .max = sizeof(bytes) - 2};

	put_head(&line, level, event);
	for (; fields && fields->type != LOG_FIELD_END; fields++)
		put_field(&line, fields);
	if (state.format == LOG_JSON)
		line.ptr[line.len++] = '}';
	line.ptr[line.len++] = '\n';
	if (write_line(&line))
		state.dropped++;
}

static void tell_dropped(void)
{
	uint64_t dropped = state.dropped;
	if (!dropped)
		return;
	state.dropped = 0;
	const struct log_field fields[] = {LOG_INT("lines", dropped), LOG_END_};
	send_event(LOG_WARN, "log_dropped", fields);
	/* This line itself is not one of those that were lost. */
	if (state.dropped)
		state.dropped = dropped;
}

/* Counts the event. True if it has come too often in this second; tells how
 * many were held back when a slot's next second begins. */
static bool is_flood(enum log_level level, const char *event)
{
	uint64_t hash = hash_bytes(slice_text(event), (uint64_t)level);
	uint64_t second = clock_monotonic_ns() / 1000000000;
	struct slot *slot = &slots[hash % SLOTS];

	if (slot->hash == hash && slot->second == second)
		return ++slot->count > LOG_REPEAT_MAX;
	uint64_t held = slot->hash == hash && slot->count > LOG_REPEAT_MAX
				? slot->count - LOG_REPEAT_MAX
				: 0;
	*slot = (struct slot){hash, second, 1};
	if (held) {
		const struct log_field fields[] = {LOG_TEXT("repeated", event),
						   LOG_INT("times", held),
						   LOG_END_};
		send_event(level, "log_repeated", fields);
	}
	return false;
}

void log_event(enum log_level level, const char *event,
	       const struct log_field *fields)
{
	int saved = errno;
	if (!is_flood(level, event)) {
		tell_dropped();
		send_event(level, event, fields);
	}
	errno = saved;
}
