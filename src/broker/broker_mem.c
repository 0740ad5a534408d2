/*
 * The broker in memory: one queue, delays, retries, cancelled ids and unique
 * keys as in Redis, and no keys to read or write. For `cherry run` and tests.
 * Keeps nothing beyond the process.
 */
#include "broker/broker.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/xalloc.h"

struct mem_task {
	struct mem_task *next;
	uint64_t token, id;
	char *payload;
	size_t len;
	char *known_id;
	size_t known_len;
	char *unique; /* held */
	size_t unique_len;
	unsigned attempts, crashes;
	int64_t first_seen_ms;
	double due; /* monotonic seconds, while it waits */
};

struct mem_list {
	struct mem_task *first, **last;
};

/* An answer that runs in the next turn of the loop. */
struct mem_answer {
	struct mem_answer *next;
	broker_admit_cb *on_admit;
	broker_fetch_cb *on_fetch;
	void *arg;
	enum broker_admission admission;
	void *job;
	enum broker_outcome outcome;
	bool settled, replied;
	uint64_t token;
	struct slice reply;
};

struct broker_mem {
	struct broker broker;
	struct loop *loop;
	const struct broker_events *events;
	void *arg;
	broker_mem_reply_cb *on_reply;
	struct loop_timer *turn, *later_timer;
	struct mem_list waiting, later;
	struct mem_list returned; /* given back in this turn, in their order */
	struct hash_table owned;  /* claim's id as bytes -> task */
	struct hash_table locks;  /* unique key -> task */
	struct mem_answer *answers, **last_answer;
	size_t slots, pending, owned_count;
	uint64_t next_id;
	bool started, stopping, stopped;
};

static struct broker_mem *mem_of(struct broker *broker)
{
	return (struct broker_mem *)broker;
}

static void list_init(struct mem_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void list_append(struct mem_list *list, struct mem_task *task)
{
	task->next = NULL;
	*list->last = task;
	list->last = &task->next;
}

/* All of `more` comes before what `list` has; `more` is empty then. */
static void list_prepend(struct mem_list *list, struct mem_list *more)
{
	if (!more->first)
		return;
	*more->last = list->first;
	if (!list->first)
		list->last = more->last;
	list->first = more->first;
	list_init(more);
}

static struct mem_task *list_shift(struct mem_list *list)
{
	struct mem_task *task = list->first;

	list->first = task->next;
	if (!list->first)
		list->last = &list->first;
	return task;
}

static char *copy_bytes(struct slice bytes)
{
	char *copy = xcalloc(bytes.len + 1, 1);

	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

static void task_free(struct mem_task *task)
{
	free(task->payload);
	free(task->known_id);
	free(task->unique);
	free(task);
}

static struct slice id_key(const uint64_t *id)
{
	return slice_of(id, sizeof(*id));
}

/* --- Handing out ------------------------------------------------------------ */

/* Moves what is due from `later`, which is in order of time, to `waiting`. */
static void promote_due(struct broker_mem *mem)
{
	double now = clock_monotonic();

	while (mem->later.first && mem->later.first->due <= now)
		list_append(&mem->waiting, list_shift(&mem->later));
	if (mem->later.first)
		mem->loop->timer_set(mem->later_timer,
				     mem->later.first->due - now);
}

static void hand_out(struct broker_mem *mem)
{
	struct mem_task *task = list_shift(&mem->waiting);
	struct broker_claim claim = {
		.id = ++mem->next_id,
		.attempts = task->attempts,
		.crashes = task->crashes,
		.first_seen_ms = task->first_seen_ms,
		.now_ms = (int64_t)(clock_real() * 1000),
		.known_id = slice_of(task->known_id, task->known_len),
		.payload = slice_of(task->payload, task->len)};

	if (!task->first_seen_ms)
		claim.first_seen_ms = task->first_seen_ms = claim.now_ms;
	task->id = claim.id;
	hash_put(&mem->owned, id_key(&task->id), task);
	mem->owned_count++;
	mem->slots--;
	mem->events->on_claims(mem->arg, &claim, 1);
}

static void run_answers(struct broker_mem *mem)
{
	struct mem_answer *answer;

	while ((answer = mem->answers)) {
		mem->answers = answer->next;
		if (!mem->answers)
			mem->last_answer = &mem->answers;
		if (answer->on_admit)
			answer->on_admit(answer->arg, answer->admission);
		else if (answer->on_fetch)
			answer->on_fetch(answer->arg, BROKER_FETCH_UNSUPPORTED,
					 NULL, 0);
		else if (answer->replied && mem->on_reply)
			mem->on_reply(mem->arg, answer->token, answer->reply);
		if (answer->settled)
			mem->events->on_settled(mem->arg, answer->job,
						answer->outcome);
		free(answer);
	}
}

static void on_turn(void *arg)
{
	struct broker_mem *mem = arg;

	if (!mem->started)
		return;
	run_answers(mem);
	list_prepend(&mem->waiting, &mem->returned);
	promote_due(mem);
	while (mem->slots && mem->waiting.first && !mem->stopping)
		hand_out(mem);
	if (mem->stopping && !mem->owned_count && !mem->answers &&
	    !mem->stopped) {
		mem->stopped = true;
		mem->events->on_stopped(mem->arg);
	}
}

static void wake(struct broker_mem *mem)
{
	mem->loop->timer_set(mem->turn, 0);
}

static struct mem_answer *add_answer(struct broker_mem *mem)
{
	struct mem_answer *answer = xcalloc(1, sizeof(*answer));

	*mem->last_answer = answer;
	mem->last_answer = &answer->next;
	wake(mem);
	return answer;
}

/* --- Operations -------------------------------------------------------------- */

static void on_first_turn(void *arg)
{
	struct broker_mem *mem = arg;

	if (!mem->started) {
		mem->started = true;
		mem->events->on_state(mem->arg, BROKER_UP, NULL);
	}
	on_turn(mem);
}

static void mem_start(struct broker *broker)
{
	wake(mem_of(broker));
}

static void mem_want(struct broker *broker, size_t slots)
{
	mem_of(broker)->slots = slots;
	wake(mem_of(broker));
}

static void mem_admit(struct broker *broker, const struct broker_claim *claim,
		      struct slice id, struct slice unique, broker_admit_cb *cb,
		      void *arg)
{
	struct broker_mem *mem = mem_of(broker);
	struct mem_task *task = hash_get(&mem->owned, id_key(&claim->id));
	struct mem_answer *answer = add_answer(mem);

	(void)id; /* nobody can cancel here */
	answer->on_admit = cb;
	answer->arg = arg;
	if (!task)
		answer->admission = BROKER_IS_LOST;
	else if (unique.len && hash_get(&mem->locks, unique) &&
		 hash_get(&mem->locks, unique) != task)
		answer->admission = BROKER_IS_DUPLICATE;
	else
		answer->admission = BROKER_ADMITTED;
	if (unique.len && answer->admission == BROKER_ADMITTED &&
	    !task->unique) {
		task->unique = copy_bytes(unique);
		task->unique_len = unique.len;
		hash_put(&mem->locks, unique, task);
	}
}

static void put_later(struct broker_mem *mem, struct mem_task *task,
		      const struct broker_settlement *settlement)
{
	struct mem_task **place = &mem->later.first;

	task->due = clock_monotonic() + settlement->delay;
	task->attempts = settlement->attempts;
	task->crashes = settlement->crashes;
	if (settlement->id.len && !task->known_id) {
		task->known_id = copy_bytes(settlement->id);
		task->known_len = settlement->id.len;
	}
	while (*place && (*place)->due <= task->due)
		place = &(*place)->next;
	task->next = *place;
	*place = task;
	if (!task->next)
		mem->later.last = &task->next;
}

static void finish(struct broker_mem *mem, struct mem_task *task,
		   const struct broker_settlement *settlement,
		   struct mem_answer *answer)
{
	if (task->unique)
		hash_remove(&mem->locks,
			    slice_of(task->unique, task->unique_len));
	mem->pending--;
	answer->replied = true;
	answer->token = task->token;
	answer->reply = settlement->reply;
	task_free(task);
}

static void mem_settle(struct broker *broker,
		       const struct broker_settlement *settlement)
{
	struct broker_mem *mem = mem_of(broker);
	struct mem_task *task =
		hash_remove(&mem->owned, id_key(&settlement->claim));
	struct mem_answer *answer = add_answer(mem);

	answer->settled = true;
	answer->job = settlement->job;
	answer->outcome = task ? BROKER_SETTLED : BROKER_LOST;
	if (!task)
		return;
	mem->owned_count--;
	switch (settlement->how) {
	case BROKER_LATER:
		put_later(mem, task, settlement);
		break;
	case BROKER_GIVE_BACK:
		list_append(&mem->returned, task);
		break;
	default:
		finish(mem, task, settlement, answer);
		break;
	}
}

static void mem_fetch(struct broker *broker, struct slice key, size_t max,
		      broker_fetch_cb *cb, void *arg)
{
	struct mem_answer *answer = add_answer(mem_of(broker));

	(void)key;
	(void)max;
	answer->on_fetch = cb;
	answer->arg = arg;
}

static void mem_stop(struct broker *broker)
{
	mem_of(broker)->stopping = true;
	wake(mem_of(broker));
}

static const char *mem_name(const struct broker *broker)
{
	(void)broker;
	return "local";
}

static void free_list(struct mem_list *list)
{
	while (list->first)
		task_free(list_shift(list));
}

static void mem_free(struct broker *broker)
{
	struct broker_mem *mem = mem_of(broker);
	struct hash_entry *entry;
	struct mem_answer *answer;
	size_t cursor = 0;

	while ((entry = hash_next(&mem->owned, &cursor)))
		task_free(entry->value);
	while ((answer = mem->answers)) {
		mem->answers = answer->next;
		free(answer);
	}
	free_list(&mem->waiting);
	free_list(&mem->returned);
	free_list(&mem->later);
	hash_release(&mem->owned);
	hash_release(&mem->locks);
	mem->loop->timer_free(mem->turn);
	mem->loop->timer_free(mem->later_timer);
	free(mem);
}

static const struct broker_ops mem_ops = {
	.start = mem_start,
	.want = mem_want,
	.admit = mem_admit,
	.settle = mem_settle,
	.fetch = mem_fetch,
	.stop = mem_stop,
	.free = mem_free,
	.name = mem_name,
};

struct broker *broker_mem_new(struct loop *loop,
			      const struct broker_options *options,
			      const struct broker_events *events, void *arg,
			      broker_mem_reply_cb *on_reply)
{
	struct broker_mem *mem = xcalloc(1, sizeof(*mem));

	(void)options; /* one queue, whatever it is called */
	mem->broker.ops = &mem_ops;
	mem->loop = loop;
	mem->events = events;
	mem->arg = arg;
	mem->on_reply = on_reply;
	mem->turn = loop->timer_new(loop, on_first_turn, mem);
	mem->later_timer = loop->timer_new(loop, on_turn, mem);
	mem->last_answer = &mem->answers;
	list_init(&mem->waiting);
	list_init(&mem->later);
	list_init(&mem->returned);
	hash_init(&mem->owned);
	hash_init(&mem->locks);
	return &mem->broker;
}

void broker_mem_push(struct broker *broker, struct slice payload,
		     uint64_t token)
{
	struct broker_mem *mem = mem_of(broker);
	struct mem_task *task = xcalloc(1, sizeof(*task));

	task->token = token;
	task->payload = copy_bytes(payload);
	task->len = payload.len;
	mem->pending++;
	list_append(&mem->waiting, task);
	wake(mem);
}

size_t broker_mem_pending(const struct broker *broker)
{
	return ((const struct broker_mem *)broker)->pending;
}
