/*
 * Replies as the protocol's section 2 has them. Knows nothing of where they go.
 */
#include <math.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/json.h"
#include "exec/death.h"
#include "master/job.h"
#include "master/master_state.h"

static void put_text(struct buf *out, const char *key, const char *text)
{
	json_put_key(out, key);
	json_put_string(out, slice_text(text));
}

static void put_int(struct buf *out, const char *key, int64_t number)
{
	json_put_key(out, key);
	json_put_int(out, number);
}

static void put_bool(struct buf *out, const char *key, bool value)
{
	json_put_key(out, key);
	buf_add_text(out, value ? "true" : "false");
}

static double milliseconds(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static void put_usage(struct buf *out, const struct rusage *usage)
{
	json_put_key(out, "rusage");
	buf_add_char(out, '{');
	put_int(out, "user_ms", llround(milliseconds(usage->ru_utime)));
	put_int(out, "system_ms", llround(milliseconds(usage->ru_stime)));
	put_int(out, "max_rss_kb", usage->ru_maxrss);
	buf_add_char(out, '}');
}

void reply_put_error(struct buf *out, const struct job_result *result)
{
	const struct err *err = &result->err;
	char name[16];

	buf_add_char(out, '{');
	put_text(out, "code", err_code_name(err->code));
	put_text(out, "message", err->message);
	if (err->field[0])
		put_text(out, "field", err->field);
	if (err->reason[0])
		put_text(out, "reason", err->reason);
	if (err->limit[0]) {
		put_text(out, "limit", err->limit);
		put_int(out, "value", err->value);
	}
	if (err->offset >= 0)
		put_int(out, "offset", err->offset);
	if (result->signal > 0)
		put_text(out, "signal",
			 death_signal_name(result->signal, name));
	if (result->exit >= 0)
		put_int(out, "exit", result->exit);
	if (result->has_retryable)
		put_bool(out, "retryable", result->retryable);
	if (result->poison)
		put_bool(out, "poison", true);
	if (result->stderr_tail[0])
		put_text(out, "stderr", result->stderr_tail);
	if (result->has_usage)
		put_usage(out, &result->usage);
	buf_add_char(out, '}');
}

static void put_id(struct buf *out, const struct job *job)
{
	json_put_key(out, "id");
	if (job->envelope.id_raw.len)
		buf_add_slice(out, job->envelope.id_raw);
	else
		json_put_string(out, job_id(job));
}

/* Milliseconds with at most three digits behind the point. */
static void put_ms(struct buf *out, const char *key, double ms)
{
	int64_t micros = ms > 0 ? llround(ms * 1000) : 0;
	unsigned part = (unsigned)(micros % 1000);
	char digits[4] = {'.', (char)('0' + part / 100),
			  (char)('0' + part / 10 % 10),
			  (char)('0' + part % 10)};
	size_t len = sizeof(digits);

	put_int(out, key, micros / 1000);
	while (len > 1 && digits[len - 1] == '0')
		len--;
	if (len > 1)
		buf_add(out, digits, len);
}

static void put_times(struct buf *out, const struct job *job,
		      const struct job_result *result)
{
	json_put_key(out, "times");
	buf_add_char(out, '{');
	if (job->envelope.sent_at >= 0)
		put_ms(out, "waited_ms",
		       round((double)job->now_ms -
			     job->envelope.sent_at * 1000));
	put_ms(out, "ran_ms", (double)result->ran_ns / 1e6);
	buf_add_char(out, '}');
}

static void put_reply(struct buf *out, const struct job *job,
		      const struct job_result *result)
{
	buf_add_char(out, '{');
	put_id(out, job);
	json_put_key(out, "task");
	json_put_string(out, job_task_name(job));
	put_text(out, "status", result->ok ? "ok" : "error");
	if (result->ok) {
		json_put_key(out, "result");
		buf_add_slice(out, result->json);
	} else {
		json_put_key(out, "error");
		reply_put_error(out, result);
	}
	put_int(out, "attempt", job->attempts + job->crashes + 1);
	put_times(out, job, result);
	if (job->envelope.context.len) {
		json_put_key(out, "context");
		buf_add_slice(out, job->envelope.context);
	}
	json_put_key(out, "worker");
	json_put_string(out, slice_text(broker_name(job->master->broker)));
	buf_add_char(out, '}');
}

void reply_put(struct job *job, struct job_result *result)
{
	size_t max = job->master->options.max_reply;

	/* Errors always fit: they are small, but for a context, which came in
	 * under max_payload. */
	buf_clear(&job->reply);
	job->reply.max = result->ok ? max : SIZE_MAX / 2;
	put_reply(&job->reply, job, result);
	if (job->reply.failed) {
		size_t met = result->json.len;

		result->ok = false;
		result->signal = result->exit = -1;
		err_limit(&result->err, "max_reply", (int64_t)met,
			  "the reply would be longer than max_reply, %zu bytes",
			  max);
		buf_release(&job->reply);
		buf_init(&job->reply, SIZE_MAX / 2);
		put_reply(&job->reply, job, result);
	}
	buf_clear(&job->error);
	if (!result->ok)
		reply_put_error(&job->error, result);
}
