/*
 * What the parts of the Redis broker share. Only src/broker includes this.
 *
 *	redis_broker.c	the interface; the main connection up and down
 *	redis_open.c	where the main connection goes
 *	redis_name.c	the worker's name, names of keys, beginnings of scripts
 *	redis_claim.c	claims: when to ask, what is handed out
 *	redis_park.c	connections that wait for a task
 *	redis_hand.c	tasks that start before they are owned
 *	redis_known.c	claims that the master holds, and how records are read
 *	redis_settle.c	settlements, in batches, kept until answered
 *	redis_item.c	how one settlement is written
 *	redis_life.c	signing in and out, adoption, signs of life
 *	redis_reap.c	who is dead, and what becomes of their tasks
 *	redis_former.c	connections of before, ended on the server
 *	redis_reader.c	replies, and long strings past hiredis's parser
 *	redis_side.c	the connections for signs of life and for hints
 *	redis_ask.c	admissions and fetches
 *	redis_sentinel.c who is the master
 *	redis_ear.c	what a sentinel announces
 *	redis_lookup.c	names of hosts
 *	redis_mutant.c	defects on purpose, for tests
 */
#ifndef BROKER_REDIS_STATE_H
#define BROKER_REDIS_STATE_H

#include "base/hash.h"
#include "broker/broker.h"
#include "broker/redis_conn.h"
#include "broker/redis_login.h"
#include "broker/redis_script.h"

#define REDIS_NAME_MAX	   128
#define REDIS_BATCH_MAX	   128
#define REDIS_CLAIM_BYTES  (1 << 20)
#define REDIS_CLAIM_MAX	   500
#define REDIS_PARK_SECONDS 5
#define REDIS_BEAT_SECONDS 3
#define REDIS_QUEUES_MAX   64
/* Values longer than this much over max_payload stay in Redis. */
#define REDIS_BIG_MARGIN ((size_t)64 << 20)

/* What scripts say of a queue beside its tasks (redis_lua_task.c). */
enum {
	REDIS_FLAG_CANCELLED = 1, /* there are cancelled ids */
	REDIS_FLAG_PAUSED = 2,
	REDIS_FLAG_BROKEN = 4, /* a key of it holds another type */
	REDIS_FLAG_MORE = 8,   /* more tasks wait */
	REDIS_FLAG_NOT_OURS = 16,
	REDIS_FLAG_GONE = 32 /* this worker is not signed in */
};

struct redis_queue {
	struct redis_broker *owner;
	size_t index;
	char *name;
	bool left;		/* pops on the left */
	size_t limit;		/* slots of the queue's own */
	char *keys[REDIS_KEYS]; /* in the order of REDIS_KEYS */
	struct redis_conn *park;
	bool armed;	     /* BLMOVE and its adoption are on the way */
	bool overtaken;	     /* what it owned is known by another way */
	bool unblocking;     /* and have been asked to end */
	bool brief;	     /* BLMOVE goes without an adoption */
	bool taking;	     /* the task handed out becomes owned */
	uint64_t handed;     /* claim that lies in the inbox; 0: none */
	uint64_t first_id;   /* of the claims that the adoption makes */
	int64_t id;	     /* of its connection, to be ended later */
	double open_at;	     /* do not try to connect before */
	bool paused;	     /* as last heard */
	double closed_until; /* paused or broken: neither claimed nor parked */
};

/* One settlement, until Redis has answered it for good. */
struct redis_item {
	struct redis_item *next;
	struct broker_settlement settlement;
	char *copy;	 /* bytes of the payload that are the broker's own */
	bool alone;	 /* its batch failed: by itself from now on */
	double retry_at; /* not before */
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
	bool dropped; /* the answer concerns nobody */
	bool plain;   /* its value is worth a command without a script */
	uint64_t claim;
	size_t queue, max;
	struct slice id, unique, key;
	broker_admit_cb *on_admit;
	broker_fetch_cb *on_fetch;
	void *arg;
};

/* A claim that the master holds, or that is being given back. */
struct redis_known {
	size_t queue;
	uint64_t id;
	int64_t first_seen_ms;
	unsigned attempts, crashes, deaths;
	char *instance; /* NULL: fresh */
	char *inbox;	/* the payload, if it lies in the inbox; else NULL */
	size_t inbox_len;
	bool settling; /* and its settlement is on the way */
};

/* A connection that others can do without for a while. */
struct redis_side {
	struct redis_conn *conn;
	int64_t id;
	double open_at;
};

/* A claim script on the way. */
struct redis_call {
	struct redis_broker *owner; /* NULL: free */
	uint64_t first_id;
	size_t asked;
};

struct redis_adoption;

struct redis_broker {
	struct broker broker;
	struct loop *loop;
	const struct broker_events *events;
	void *arg;
	struct broker_options options;
	struct url url, target; /* target: what Sentinel named */
	char *password, *sentinel_password;
	struct redis_tls *tls; /* NULL: none is asked for */
	char name[REDIS_NAME_MAX];
	char display[REDIS_NAME_MAX + 16]; /* cherry:worker:NAME */
	double started;

	struct redis_queue queues[REDIS_QUEUES_MAX];
	size_t queue_count;

	struct redis_conn *main;
	struct redis_lookup *lookup; /* of its host */
	size_t address_at;	     /* which of the host's addresses */
	bool unproven;		     /* it has not served since it was chosen */
	struct redis_side life, wake;
	enum broker_state state;
	bool was_up, registered, adopting, fatal, stopping, stopped, leaving;
	bool said;	   /* a state was said */
	unsigned displays; /* how often this worker was shown */
	bool denied;	   /* that rights are missing was said */
	bool adopt_again;  /* a connection broke during an adoption */
	bool restart;	   /* the start failed half-way: again after the wait */
	bool connect_due;  /* the wait is for a new connection */
	int64_t main_id;
	unsigned loaded;   /* bit i: the server has been given script i */
	unsigned failures; /* in a row: connects and refusals */
	struct loop_timer *reconnect, *turn, *beat, *due;
	double hold_until; /* refused: nothing is sent before */
	double due_at;	   /* what the due timer is set to; 0: not set */
	int64_t clock_ms;
	double clock_at;

	/* Former connections of this name on the same server. */
	struct redis_adoption *adoption; /* owned claims that are fetched */
	struct redis_former *former;
	char former_server[48];

	/* Claims. */
	size_t slots;
	size_t reserved;	    /* slots that claims on the way may fill */
	struct redis_call calls[2]; /* on the way, or free */
	unsigned claiming;
	bool more;	     /* the queues may hold tasks */
	bool again;	     /* the same, whatever claims on the way find */
	double linger_until; /* parked again then, or at a settlement */
	double return_at;    /* when what comes back at the end goes back */
	uint64_t next_id;
	struct hash_table known; /* claim -> struct redis_known */

	/* Settlements. */
	struct redis_item *items, **last_item;
	size_t item_count, held;
	struct redis_batch *batches; /* on the way */

	struct redis_ask *asks, **last_ask;

	struct hash_table watched; /* queue and worker -> struct redis_watch */
	bool beating, beat_again;  /* a sign is on the way; one more is due */
	double beat_sent;
	double read_at;	    /* the last look at others that counted */
	unsigned read_term; /* looks of different terms do not add up */
	struct redis_sentinel *sentinel;
};

static inline double redis_now(const struct redis_broker *redis)
{
	return redis->loop->now(redis->loop);
}

/* Redis's clock, in ms, as of the last reply that told it. */
static inline void redis_clock_set(struct redis_broker *redis, int64_t ms)
{
	redis->clock_ms = ms;
	redis->clock_at = redis_now(redis);
}

static inline int64_t redis_clock_ms(const struct redis_broker *redis)
{
	return redis->clock_ms +
	       (int64_t)((redis_now(redis) - redis->clock_at) * 1000);
}

static inline const char *redis_side_letter(const struct redis_queue *queue)
{
	return queue->left ? "L" : "R";
}

/* The server that all connections are for. */
static inline const struct url *redis_url(const struct redis_broker *redis)
{
	return redis->url.master_name ? &redis->target : &redis->url;
}

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
/* A script that writes succeeded. */
void redis_broker_succeeded(struct redis_broker *redis);
void redis_broker_notice(const struct redis_broker *redis,
			 enum broker_notice notice, size_t queue,
			 const char *text, int64_t count);
/* Nothing can work: the master is told, and nothing is tried again. */
void redis_broker_end(struct redis_broker *redis, const struct err *err);
/* The same once it has been up: says why, once, and that it tries on. */
void redis_broker_say_denied(struct redis_broker *redis,
			     enum broker_state state, const struct err *err);
/* Runs the pumps at the end of this turn. */
void redis_broker_wake(struct redis_broker *redis);
/* Runs them again in `wait` seconds, or sooner. */
void redis_broker_later(struct redis_broker *redis, double wait);
bool redis_broker_can_send(const struct redis_broker *redis);
/* Goes through the start again: what is owned and unknown is to be found. */
void redis_broker_restart(struct redis_broker *redis);
/* Taken for dead: forgets everything, says so, begins under a new name. */
void redis_broker_gone(struct redis_broker *redis);
/* The main connection broke, or could not be made: tries again later. */
void redis_broker_down(struct redis_broker *redis, const struct err *err,
		       bool fatal);
/* Sends on the main connection. */
void redis_broker_send(struct redis_broker *redis,
		       struct redis_command *command, redis_reply_cb *cb,
		       void *arg);
/* A backoff with full jitter after `failures`: 50 ms to 2 s. */
double redis_broker_backoff(unsigned failures);

/* --- redis_former.c ---------------------------------------------------------- */

/* A connection of ours has ended; the server may not know it yet. Sets *id,
 * which may be 0 for none, to 0. */
void redis_former_add(struct redis_broker *redis, int64_t *id);
/* Ends them on the server, ahead of what is sent next on the main connection. */
void redis_former_end(struct redis_broker *redis);
void redis_former_release(struct redis_broker *redis);

/* --- redis_open.c ------------------------------------------------------------ */

void redis_open_init(struct redis_broker *redis);
void redis_open_release(struct redis_broker *redis);
/* Finds the server and opens the main connection. */
void redis_open_connect(struct redis_broker *redis);
/* The same for the server of redis_url, which is known by now. */
void redis_open_server(struct redis_broker *redis);

/* --- redis_hand.c ------------------------------------------------------------ */

/* Hands the task that BLMOVE moved to the inbox over at once. False: it is not
 * one that may, or there is no room. */
bool redis_hand_begin(struct redis_queue *queue, const redisReply *reply);
/* Is this reply of an adoption one brief task? */
bool redis_hand_suits(const struct redis_queue *queue, struct slice payload);
/* What was handed over is to be owned: `all`, or where its time has come. */
void redis_hand_take(struct redis_broker *redis, bool all);
/* Before settlements are sent: those that need it owned get it so. */
void redis_hand_settle(struct redis_broker *redis);
/* Is this the end of a task that lies in the inbox, to be answered from there? */
bool redis_hand_answers(const struct redis_broker *redis,
			const struct broker_settlement *settlement);
/* The script that does it. */
void redis_hand_put(struct redis_broker *redis,
		    const struct broker_settlement *settlement,
		    struct redis_command *command);
/* May the queue not be waited at, because its inbox has to stay as it is? */
bool redis_hand_holds(const struct redis_queue *queue);
void redis_hand_forget(struct redis_broker *redis, size_t queue, uint64_t id);
/* A lone task is mostly answered in a moment; to wait at the queue meanwhile
 * would keep Redis and a processor from what the answer waits for. */
void redis_hand_linger(struct redis_broker *redis, bool brief);

/* --- redis_name.c ------------------------------------------------------------ */

/* A new name that was never used, and the keys that hold it. */
void redis_name_make(struct redis_broker *redis);
/* Another worker's keys of the queue. */
void redis_name_add_keys(const struct redis_queue *queue, const char *worker,
			 struct redis_command *command);
/* The key of a unique text; an empty slice for an empty one. */
struct slice redis_name_lock(const struct redis_queue *queue,
			     struct slice unique, struct buf *out);
/* Begins a script of `keys` keys, with its text if the server may lack it. */
void redis_name_begin(struct redis_broker *redis, enum redis_script script,
		      size_t keys, struct redis_command *command);
/* Begins a script of one queue's keys, or of all queues' (SIZE_MAX), with
 * `extra` keys to follow. */
void redis_name_script(struct redis_broker *redis, enum redis_script script,
		       size_t queue, size_t extra,
		       struct redis_command *command);

/* --- redis_known.c ----------------------------------------------------------- */

struct redis_known *redis_known_find(const struct redis_broker *redis,
				     uint64_t id);
void redis_known_add(struct redis_broker *redis,
		     const struct broker_claim *claim, struct slice instance);
void redis_known_forget(struct redis_broker *redis, uint64_t id);
void redis_known_forget_all(struct redis_broker *redis);
/* The name of the task itself, whoever holds it. */
void redis_known_instance(const struct redis_broker *redis, uint64_t id,
			  struct buf *out);
/* The field of `owned`: the claim's number, and the instance of a record. */
void redis_known_field(const struct redis_broker *redis, uint64_t id,
		       struct buf *out);
/*
 * Reads a value of `owned` into the claim; *instance is empty for a fresh task.
 * Values that are no record as cherry writes them are payloads.
 */
void redis_known_read(struct slice value, struct broker_claim *claim,
		      struct slice *instance);

/* --- redis_claim.c ----------------------------------------------------------- */

void redis_claim_pump(struct redis_broker *redis);
/* Something may have come: a claim is to look that begins after now, whatever
 * those on the way find. */
void redis_claim_again(struct redis_broker *redis);
/* Numbers for claims that are to be made; never used twice. */
uint64_t redis_claim_reserve(struct redis_broker *redis, size_t count);
/* Reads the reply of a claim or an adoption whose first queue is `base`. How
 * many tasks came; -1: not signed in any more, or a reply of another shape. */
long redis_claim_read(struct redis_broker *redis, const redisReply *reply,
		      size_t base, uint64_t first_id);
/* Did the adoption find one task, no more? *task is empty where it may not start
 * unasked, since ids are cancelled, or has stayed in Redis. */
bool redis_claim_is_lone(const redisReply *reply, struct slice *task);
/* Can a task of this queue be handed over? */
bool redis_claim_has_room(const struct redis_queue *queue);
/* Hands over one value, or gives it back where there is no room. `like` has
 * all but what the value tells. */
void redis_claim_hand(struct redis_queue *queue, struct broker_claim *like,
		      const redisReply *value);

/* --- redis_park.c ------------------------------------------------------------ */

/* Makes idle connections wait. */
void redis_park_all(struct redis_broker *redis);
/* Ends all waiting. */
void redis_park_end(struct redis_broker *redis);
/* The queue is paused: at most once, what waits for it is ended. */
void redis_park_pause(struct redis_queue *queue);
/* It goes on: at most once, what waits has to wait for it, too. */
void redis_park_resume(struct redis_queue *queue);
/* The connection of a queue went down. */
void redis_park_down(struct redis_queue *queue);
bool redis_park_waits(const struct redis_broker *redis);

/* --- redis_settle.c ---------------------------------------------------------- */

void redis_settle_add(struct redis_broker *redis,
		      const struct broker_settlement *settlement);
/* Gives one claim back that the master never saw; the payload is copied. */
void redis_settle_return(struct redis_broker *redis, size_t queue, uint64_t id,
			 struct slice payload);
void redis_settle_pump(struct redis_broker *redis);
void redis_settle_free_all(struct redis_broker *redis);

/* --- redis_item.c ------------------------------------------------------------ */

/* Nothing but a reply? */
bool redis_item_is_quick(const struct broker_settlement *settlement);
/* The counter that it adds to; "": none. */
const char *redis_item_counter(const struct broker_settlement *settlement);
/* Appends one settlement as the script takes it. */
void redis_item_put(struct redis_broker *redis,
		    const struct broker_settlement *settlement,
		    struct redis_command *keys, struct redis_command *args);

/* --- redis_life.c ------------------------------------------------------------ */

/* The main connection is up: sign in, adopt, begin. */
void redis_life_start(struct redis_broker *redis);
void redis_life_on_beat(void *redis);
/* A sign of life, and a look around, now. */
void redis_life_beat(struct redis_broker *redis);
/* Signs out if nothing is owned any more. */
void redis_life_leave(struct redis_broker *redis);
void redis_life_release(struct redis_broker *redis);

/* --- redis_reap.c ------------------------------------------------------------ */

/* One look at the workers of a queue: names and signs. `counts`: this look was
 * fair and long enough after the last one. */
void redis_reap_look(struct redis_broker *redis, size_t queue,
		     const redisReply *workers, bool counts);
/* Our own name is not ours any more: what still arrives under it is looked for,
 * since nobody else may know of it. */
void redis_reap_former(struct redis_broker *redis);
/* Looks at names that are gone for what came late, and forgets old ones. */
void redis_reap_late(struct redis_broker *redis);
void redis_reap_release(struct redis_broker *redis);

/* --- redis_side.c ------------------------------------------------------------ */

void redis_side_init(struct redis_broker *redis);
/* Opens what is closed, once the main connection serves. */
void redis_side_open(struct redis_broker *redis);
void redis_side_close(struct redis_broker *redis);
void redis_side_release(struct redis_broker *redis);
/* The connection for signs of life: its own, or the main one. */
struct redis_conn *redis_side_life(struct redis_broker *redis);

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
