/*
 * What the parts of the Redis broker share. Only src/broker includes this.
 *
 *	redis_broker.c	the interface; connections up and down
 *	redis_claim.c	claims, parked connections, what is handed out
 *	redis_settle.c	settlements, in batches, kept until answered
 *	redis_life.c	signing in and out, signs of life, the dead
 *	redis_ask.c	admissions and fetches
 *	redis_sentinel.c who is the master
 */
#ifndef BROKER_REDIS_STATE_H
#define BROKER_REDIS_STATE_H

#include "base/hash.h"
#include "broker/broker.h"
#include "broker/redis_conn.h"
#include "broker/redis_script.h"

#define REDIS_NAME_MAX	   128
#define REDIS_BATCH_MAX	   128
#define REDIS_CLAIM_BYTES  (1 << 20)
#define REDIS_PARK_SECONDS 5
#define REDIS_BEAT_SECONDS 3
#define REDIS_QUEUES_MAX   64

struct redis_queue {
	struct redis_broker *owner;
	size_t index;
	char *name;
	bool left;		/* pops on the left */
	size_t limit;		/* slots of the queue's own */
	char *keys[REDIS_KEYS]; /* in the order of REDIS_KEYS */
	struct redis_conn *park;
	bool armed;	 /* BLMOVE and its adoption are on the way */
	bool unblocking; /* and have been asked to end */
	int64_t id;	 /* of its connection, to be ended later */
	double open_at;	 /* do not try to connect or park before */
};

/* One settlement, until Redis has answered it for good. */
struct redis_item {
	struct redis_item *next;
	struct broker_settlement settlement;
};

/* Items of one queue that travel in one script call. */
struct redis_batch {
	struct redis_broker *owner;
	struct redis_batch *next;
	size_t queue;
	struct redis_item *items[REDIS_BATCH_MAX];
	size_t count;
	bool dropped; /* the answer concerns nobody */
};

/* An admission or a fetch that has not been answered. */
struct redis_ask {
	struct redis_ask *next;
	struct redis_broker *owner;
	bool sent;
	uint64_t claim;
	size_t queue, max;
	struct slice id, unique, key;
	broker_admit_cb *on_admit;
	broker_fetch_cb *on_fetch;
	void *arg;
};

struct redis_broker {
	struct broker broker;
	struct loop *loop;
	const struct broker_events *events;
	void *arg;
	struct broker_options options;
	struct url url, target; /* target: what Sentinel named */
	char *password;
	char name[REDIS_NAME_MAX];
	char display[REDIS_NAME_MAX + 16]; /* cherry:worker:NAME */
	double started;

	struct redis_queue queues[REDIS_QUEUES_MAX];
	size_t queue_count;

	struct redis_conn *main;
	enum broker_state state;
	bool was_up, registered, adopting, fatal, stopping, stopped, leaving;
	bool restart;	  /* the start failed half-way: again after the wait */
	bool connect_due; /* the wait is for a new connection */
	int64_t main_id;
	unsigned loaded;   /* bit i: the server has been given script i */
	unsigned failures; /* in a row: connects and refusals */
	struct loop_timer *reconnect, *turn, *beat, *due;
	double hold_until; /* refused: nothing is sent before */

	/* Former connections of this name on the same server. */
	int64_t former[REDIS_QUEUES_MAX + 1];
	size_t former_count;
	char former_server[48];

	/* Claims. */
	size_t slots;
	bool claiming, more; /* more: the queues may hold tasks */
	double pause_until;
	uint64_t next_id;
	struct hash_table known; /* claim -> struct redis_known */

	/* Settlements. */
	struct redis_item *items, **last_item;
	size_t item_count, held;
	struct redis_batch *batches; /* on the way */

	struct redis_ask *asks, **last_ask;

	struct hash_table watched; /* queue and worker -> struct redis_watch */
	double beat_sent;
	struct redis_sentinel *sentinel;
};

/* A claim that the master holds. */
struct redis_known {
	size_t queue;
	uint64_t id;
	int64_t first_seen_ms;
	char *instance;
};

/* --- redis_broker.c --------------------------------------------------------- */

/* Says a state once. */
void redis_broker_say(struct redis_broker *redis, enum broker_state state,
		      const struct err *err);
/*
 * Acts on an error reply (or a lost one): waits, drops the connection or loads
 * the scripts. True if the reply was an error, so that its command is due again
 * later.
 */
bool redis_broker_failed(struct redis_broker *redis, const redisReply *reply);
/* A script of all queues succeeded: the server takes writes. */
void redis_broker_succeeded(struct redis_broker *redis);
/* Calls pump in this turn's end. */
void redis_broker_wake(struct redis_broker *redis);
bool redis_broker_can_send(const struct redis_broker *redis);
/* Begins a script of `keys` keys, with its text if the server may lack it. */
void redis_broker_begin(struct redis_broker *redis, enum redis_script script,
			size_t keys, struct redis_command *command);
/* Begins a script of one queue's keys, or of all queues' (SIZE_MAX), with
 * `extra` keys to follow. */
void redis_broker_script(struct redis_broker *redis, enum redis_script script,
			 size_t queue, size_t extra,
			 struct redis_command *command);
/* Another worker's keys of the queue. */
void redis_broker_add_keys(const struct redis_queue *queue, const char *worker,
			   struct redis_command *command);
/* Taken for dead: forgets everything, says so, begins under a new name. */
void redis_broker_gone(struct redis_broker *redis);
/* Sends on the main connection. */
void redis_broker_send(struct redis_broker *redis,
		       struct redis_command *command, redis_reply_cb *cb,
		       void *arg);
static inline const char *redis_side(const struct redis_queue *queue)
{
	return queue->left ? "L" : "R";
}
/* A backoff with full jitter after `failures`: 50 ms to 2 s. */
double redis_backoff(unsigned failures);

/* --- redis_names.c -------------------------------------------------------- */

/* A name that was never used before, and the keys that go with it. */
void redis_names_new(struct redis_broker *redis);
void redis_names_keys(struct redis_broker *redis);

/* --- redis_claim.c ----------------------------------------------------------- */

void redis_claim_pump(struct redis_broker *redis);
/* The queue's own connection went up, or down. */
void redis_claim_park_ready(struct redis_queue *queue);
void redis_claim_park_down(struct redis_queue *queue);
/* Ends all BLMOVE that wait. */
void redis_claim_unpark(struct redis_broker *redis);
bool redis_claim_is_parked(const struct redis_broker *redis);
/* Hands over values of one queue; see redis_script.c for their forms. */
void redis_claim_deliver(struct redis_queue *queue,
			 const struct broker_claim *like,
			 redisReply *const *values, size_t records,
			 size_t count, uint64_t first_id);
/* Hands over one value of the master's own that was not known. */
void redis_claim_adopt(struct redis_queue *queue, uint64_t id, int64_t now_ms,
		       bool check_cancel, const redisReply *value);

/* --- redis_known.c ---------------------------------------------------------- */

void redis_known_add(struct redis_broker *redis,
		     const struct broker_claim *claim, struct slice instance);
void redis_known_forget(struct redis_broker *redis, uint64_t id);
void redis_known_forget_all(struct redis_broker *redis);
struct redis_known *redis_known_find(const struct redis_broker *redis,
				     uint64_t id);
/* Reads a value of `owned`, whose length stands for it if it is too long to
 * ship, into the claim; `instance` is empty for a task without a record. */
void redis_known_read(const redisReply *value, struct broker_claim *claim,
		      struct slice *instance);

/* --- redis_settle.c ---------------------------------------------------------- */

void redis_settle_add(struct redis_broker *redis,
		      const struct broker_settlement *settlement);
/* Gives one claim back that the master never saw. */
void redis_settle_return(struct redis_broker *redis, size_t queue, uint64_t id);
void redis_settle_pump(struct redis_broker *redis);
void redis_settle_free_all(struct redis_broker *redis);

/* --- redis_life.c ------------------------------------------------------------ */

/* The main connection is up: sign in, adopt, begin. */
void redis_life_start(struct redis_broker *redis);
void redis_life_beat(void *redis);
void redis_life_release(struct redis_broker *redis);
/* Signs out if nothing is owned any more. */
void redis_life_leave(struct redis_broker *redis);

/* --- redis_ask.c ------------------------------------------------------------- */

void redis_ask_admit(struct broker *broker, const struct broker_claim *claim,
		     struct slice id, struct slice unique, broker_admit_cb *cb,
		     void *arg);
void redis_ask_fetch(struct broker *broker, struct slice key, size_t max,
		     broker_fetch_cb *cb, void *arg);
void redis_ask_pump(struct redis_broker *redis);
void redis_ask_free_all(struct redis_broker *redis);
/* Admissions of claims that are gone are dropped. */
void redis_ask_drop_admissions(struct redis_broker *redis);

#endif
