/*
 * Structured log: one event a line on standard error, logfmt or JSON.
 *
 *	log_info("job_done", LOG_TEXT("queue", q), LOG_INT("attempt", 2));
 *
 * Only master and cmd log. Writing never blocks: a line that standard error
 * cannot take now is dropped and counted, and the count is logged later.
 * Under journald (JOURNAL_STREAM names our standard error) lines begin with
 * the priority "<N>". The same event more than `LOG_REPEAT_MAX` times a second
 * is counted instead of written. Never log a payload.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "cherry/buf.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

#define LOG_REPEAT_MAX 20

struct log_field {
	const char *name;
	enum {
		LOG_FIELD_END,
		LOG_FIELD_TEXT,
		LOG_FIELD_INT,
		LOG_FIELD_NUM
	} type;
	struct slice text;
	int64_t integer;
	double number;
};

#define LOG_TEXT(n, v)                                                         \
	((struct log_field){                                                   \
		.name = (n), .type = LOG_FIELD_TEXT, .text = slice_text(v)})
#define LOG_SLICE(n, v)                                                        \
	((struct log_field){.name = (n), .type = LOG_FIELD_TEXT, .text = (v)})
#define LOG_INT(n, v)                                                          \
	((struct log_field){                                                   \
		.name = (n), .type = LOG_FIELD_INT, .integer = (int64_t)(v)})
#define LOG_NUM(n, v)                                                          \
	((struct log_field){.name = (n), .type = LOG_FIELD_NUM, .number = (v)})

#define log_at(level, ...) log_at_(level, __VA_ARGS__, LOG_END_)
#define log_at_(level, event, ...)                                             \
	do {                                                                   \
		if (log_enabled(level))                                        \
			log_event(level, event,                                \
				  (const struct log_field[]){__VA_ARGS__});    \
	} while (0)
#define LOG_END_       ((struct log_field){.type = LOG_FIELD_END})
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Sets level and format for the process. Default: info, logfmt. */
void log_setup(enum log_level level, enum log_format format);
bool log_enabled(enum log_level level);
/* Fields end with LOG_FIELD_END. Used through the macros. */
void log_event(enum log_level level, const char *event,
	       const struct log_field *fields);

#endif
