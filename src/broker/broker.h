/*
 * The queue as the master sees it: claims come in, settlements go out. Two
 * brokers stand behind it: Redis (broker_redis_new) and memory
 * (broker_mem_new). The loop is passed in; every callback runs from the loop,
 * never from inside a call below.
 *
 * The life of a claim:
 *
 *	broker_want(n) -> on_claims -> [broker_admit] -> ... -> broker_settle
 *	                                                     -> on_settled
 *
 * A claim is owned by this worker, in Redis, until a settlement is confirmed.
 * Broken connections, failovers and full servers are the broker's affair: it
 * keeps settlements and repeats them through the fence until Redis has
 * answered for good.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/loop.h"
#include "cherry/buf.h"
#include "cherry/err.h"

struct broker;

struct broker_queue {
	const char *name;
	bool pop_left;
};

struct broker_options {
	const char *url;	       /* as in the manual; Redis only */
	const char *password;	       /* from password_file; NULL: the URL's */
	const char *sentinel_password; /* of the sentinels themselves */
	/* rediss://; NULL: the system's authorities, no certificate of ours */
	const char *ca_file, *cert_file, *key_file;
	const struct broker_queue *queues; /* strict order; copied */
	size_t queue_count;
	bool at_most_once;   /* all queues: plain BLPOP or BRPOP */
	size_t max_payload;  /* longer elements come as `oversize` once
				      they are 64 MB over it */
	size_t max_held;     /* bytes of settlements kept while Redis
				      refuses writes; claiming stops there */
	size_t dead_max;     /* entries of a dead stream */
	const char *version; /* for cherry:worker:W */
};

/* A task that is ours. Everything is borrowed until on_claims returns. */
struct broker_claim {
	size_t queue;	       /* place in options.queues */
	uint64_t id;	       /* names the claim below; never used twice */
	unsigned attempts;     /* finished attempts that count */
	unsigned crashes;      /* attempts that killed their process */
	unsigned deaths;       /* workers in a row that died owning it */
	int64_t first_seen_ms; /* Unix time by Redis's clock */
	int64_t now_ms;	       /* the same clock when it was claimed */
	struct slice known_id; /* id given by an earlier worker, or empty */
	bool recovered;	       /* from a dead worker or a lost connection */
	bool check_cancel;     /* the queue holds cancelled ids: admit first */
	size_t oversize;       /* length of an element too long to ship, else 0
				  and `payload` is whole */
	struct slice payload;  /* exactly as pushed */
};

/* A key that the reply's script stores in the same step. */
struct broker_output {
	struct slice key;
	struct slice bytes;
	int64_t ttl; /* seconds; 0: no end */
};

enum broker_how {
	BROKER_FINISH,	 /* store outputs, push the reply, count, forget */
	BROKER_BURY,	 /* the same, and add it to the dead stream */
	BROKER_LATER,	 /* run again after `delay`; no reply */
	BROKER_GIVE_BACK /* as if never claimed: to the consuming end of its
			     queue, or to `later`, due at once, if it has a
			     history */
};

/*
 * How a claim ends. The struct is copied; what its slices and `outputs` point
 * to must stay until on_settled.
 */
struct broker_settlement {
	uint64_t claim;
	size_t queue;
	enum broker_how how;
	void *job;	       /* given back to on_settled */
	struct slice reply_to; /* empty: nobody is told */
	struct slice reply;
	int64_t reply_ttl; /* seconds */
	const struct broker_output *outputs;
	size_t output_count;
	const char *counter;	    /* "ok", an error code; static text */
	struct slice unique;	    /* lock to drop if this claim holds it */
	struct slice id;	    /* LATER: kept in the record; BURY: shown */
	struct slice task;	    /* BURY */
	struct slice error;	    /* BURY: JSON object as in a reply */
	unsigned attempts, crashes; /* LATER, BURY: the record's new counts */
	double delay;		    /* LATER: seconds from now */
	bool retry;		    /* LATER: counts as `retried` */
	struct slice payload; /* as pushed: at most once Redis has no copy to
				 give back or to bury */
};

enum broker_outcome {
	BROKER_SETTLED, /* done */
	BROKER_LOST,	/* the claim was somebody else's: nothing was done */
	BROKER_BAD_KEY	/* reply_to or an output key holds another type: nothing
			   was done, the claim is still ours; settle again */
};

enum broker_admission {
	BROKER_ADMITTED,
	BROKER_IS_CANCELLED,
	BROKER_IS_DUPLICATE,
	BROKER_IS_PAUSED, /* its queue is: give it back */
	BROKER_IS_LOST	  /* not ours any more: forget the job */
};

enum broker_fetched {
	BROKER_FETCH_OK,
	BROKER_FETCH_MISSING,
	BROKER_FETCH_TOO_BIG, /* `size` tells; nothing was transferred */
	BROKER_FETCH_BAD_TYPE,
	BROKER_FETCH_UNSUPPORTED /* this broker has no keys */
};

enum broker_state {
	BROKER_DOWN,	 /* no connection; `err` says why */
	BROKER_DEGRADED, /* connected, but Redis refuses (full, read-only...) */
	BROKER_UP
};

typedef void broker_admit_cb(void *arg, enum broker_admission admission);
/* `bytes`, where they are there, may be taken over; they have failed where
 * there was no memory for them. */
typedef void broker_fetch_cb(void *arg, enum broker_fetched fetched,
			     struct buf *bytes, size_t size);

/* What is worth a line in a log, and needs nobody to act. */
enum broker_notice {
	BROKER_QUEUE_UNUSABLE,	  /* it, or a key kept for it; `text`: why */
	BROKER_RESULT_NOT_STORED, /* it is tried again; `text`: why */
	BROKER_TASKS_RECOVERED	  /* `count` of the dead worker `text` */
};

/* What the master hears. All are required but is_brief and on_notice. */
struct broker_events {
	void (*on_claims)(void *arg, const struct broker_claim *claims,
			  size_t count);
	void (*on_settled)(void *arg, void *job, enum broker_outcome outcome);
	/* May this task start before it is known that the queue is not paused
	 * and the task not cancelled, because it is over in a moment and has no
	 * effect but its reply? An idle worker is faster then. NULL: none may.
	 */
	bool (*is_brief)(void *arg, size_t queue, struct slice payload);
	void (*on_notice)(void *arg, enum broker_notice notice, size_t queue,
			  const char *text, int64_t count);
	/* An id was cancelled (text or digits); perhaps it runs here. */
	void (*on_cancel)(void *arg, size_t queue, struct slice id);
	/* This worker was taken for dead and its claims are others': kill what
	 * runs, forget every job (no settlement is confirmed any more). The
	 * broker goes on under a new name. */
	void (*on_reaped)(void *arg);
	void (*on_state)(void *arg, enum broker_state state,
			 const struct err *err);
	/* Nothing can work: wrong password, no rights. Only before the first
	 * BROKER_UP; later the broker tries on and says DOWN. */
	void (*on_fatal)(void *arg, const struct err *err);
	/* Appends what runs now, a JSON array, for cherry:worker:W. */
	void (*describe)(void *arg, struct buf *out);
	/* What the worker is about, a word for the same; NULL: not told. */
	const char *(*state)(void *arg);
	/* After broker_stop: nothing is owned and the worker is deregistered. */
	void (*on_stopped)(void *arg);
};

/* What a broker is made of. Use the functions below. */
struct broker_ops {
	void (*start)(struct broker *broker);
	void (*want)(struct broker *broker, size_t slots);
	void (*limit)(struct broker *broker, size_t queue, size_t slots);
	void (*admit)(struct broker *broker, const struct broker_claim *claim,
		      struct slice id, struct slice unique, broker_admit_cb *cb,
		      void *arg);
	void (*settle)(struct broker *broker,
		       const struct broker_settlement *settlement);
	void (*fetch)(struct broker *broker, struct slice key, size_t max,
		      broker_fetch_cb *cb, void *arg);
	void (*stop)(struct broker *broker);
	void (*free)(struct broker *broker);
	const char *(*name)(const struct broker *broker);
};

struct broker {
	const struct broker_ops *ops;
};

/* Connects and begins; errors come as events. */
static inline void broker_start(struct broker *broker)
{
	broker->ops->start(broker);
}

/*
 * How many more tasks the master can take now, in place of what was said
 * before; each claim that is handed over counts it down by one. 0: none.
 * Idempotent and cheap: call it whenever capacity may have changed.
 */
static inline void broker_want(struct broker *broker, size_t slots)
{
	broker->ops->want(broker, slots);
}

/*
 * How many of these tasks may come from that queue (its max_running): as
 * broker_want, per queue. SIZE_MAX: any, as at the start.
 */
static inline void broker_limit(struct broker *broker, size_t queue,
				size_t slots)
{
	if (broker->ops->limit)
		broker->ops->limit(broker, queue, slots);
}

/*
 * Asks, before a claim starts: is its `id` (text or digits, as compared with
 * cancelled ids) cancelled? Is `unique` (may be empty) free, and take it.
 * Needed only where the claim says check_cancel or has a unique key. Of
 * `claim` only `id` and `queue` are read. The slices must stay until `cb`,
 * which runs exactly once, or never after on_reaped or broker_free.
 */
static inline void broker_admit(struct broker *broker,
				const struct broker_claim *claim,
				struct slice id, struct slice unique,
				broker_admit_cb *cb, void *arg)
{
	broker->ops->admit(broker, claim, id, unique, cb, arg);
}

/* Ends a claim. Batched: sent at the end of this turn of the loop. */
static inline void broker_settle(struct broker *broker,
				 const struct broker_settlement *settlement)
{
	broker->ops->settle(broker, settlement);
}

/*
 * Reads a Redis string of at most `max` bytes (length first). `key` must stay
 * until `cb`, which runs exactly once (never after broker_free); `bytes` is
 * borrowed. Repeated by itself after a broken connection.
 */
static inline void broker_fetch(struct broker *broker, struct slice key,
				size_t max, broker_fetch_cb *cb, void *arg)
{
	broker->ops->fetch(broker, key, max, cb, arg);
}

/*
 * No more claims (what is still handed to us goes back by itself). Once every
 * claim has been settled the worker deregisters and on_stopped runs.
 */
static inline void broker_stop(struct broker *broker)
{
	broker->ops->stop(broker);
}

/* HOST:PID:BOOT, valid until the next turn of the loop. */
static inline const char *broker_name(const struct broker *broker)
{
	return broker->ops->name(broker);
}

/* Frees it at once, from any state; no callback runs any more. NULL is fine.
 * Claims that are not settled stay owned until another worker recovers them. */
static inline void broker_free(struct broker *broker)
{
	if (broker)
		broker->ops->free(broker);
}

/*
 * The Redis broker; the rights that its user needs are in cherry-protocol(7).
 * `loop`, `events` and `arg` must outlive it; `options` is
 * copied. NULL with ERR_BAD_ARGS for a URL that is malformed or that this
 * build cannot serve (rediss:// without TLS), saying which part is wrong.
 */
struct broker *broker_redis_new(struct loop *loop,
				const struct broker_options *options,
				const struct broker_events *events, void *arg,
				struct err *err);

/*
 * The broker in memory, with one queue for `cherry run` and tests. Tasks are
 * pushed below; keys do not exist (BROKER_FETCH_UNSUPPORTED). `on_reply` gets
 * each finished task's token and reply as it is settled.
 */
typedef void broker_mem_reply_cb(void *arg, uint64_t token, struct slice reply);
struct broker *broker_mem_new(struct loop *loop,
			      const struct broker_options *options,
			      const struct broker_events *events, void *arg,
			      broker_mem_reply_cb *on_reply);
void broker_mem_push(struct broker *broker, struct slice payload,
		     uint64_t token);
/* Tasks pushed and not answered yet. */
size_t broker_mem_pending(const struct broker *broker);

#endif
