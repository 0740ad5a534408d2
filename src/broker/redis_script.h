/*
 * The scripts that move tasks. Each takes the keys of queues in groups (see
 * REDIS_KEYS below), so that every key is declared; each checks before its
 * first write what could fail later, since Lua does not roll back, and its
 * first write deletes, so that a full Redis runs it.
 *
 * A record is "\1INSTANCE ATTEMPTS CRASHES DEATHS FIRST_SEEN IDLEN\n" followed
 * by the id and the payload as pushed. A fresh task has no record: its value in
 * `owned` is its payload, unless that begins with \1 itself. A field of `owned`
 * is the claim's number, followed by a space and the instance for a record.
 * An instance is WORKER/NUMBER of the first claim.
 *
 * A task that is expected to take less than a millisecond may be started as it
 * lies in the inbox: it is owned by being there (redis_hand.c).
 */
#ifndef BROKER_REDIS_SCRIPT_H
#define BROKER_REDIS_SCRIPT_H

#include "broker/redis_command.h"

enum redis_script {
	REDIS_SCRIPT_REGISTER,
	REDIS_SCRIPT_CLAIM,
	REDIS_SCRIPT_ADOPT,
	REDIS_SCRIPT_TAKE,
	REDIS_SCRIPT_ANSWER,
	REDIS_SCRIPT_SETTLE,
	REDIS_SCRIPT_BEAT,
	REDIS_SCRIPT_REAP,
	REDIS_SCRIPT_LEAVE,
	REDIS_SCRIPT_OWNED,
	REDIS_SCRIPT_ADMIT,
	REDIS_SCRIPT_FETCH,
	REDIS_SCRIPT_COUNT
};

/* The keys of one queue and worker, in the order in which scripts take them. */
#define REDIS_KEYS                                                             \
	9 /* Q workers inbox owned later dead cancelled stats paused */

/* Begins EVALSHA (or EVAL with the text, which loads it) of `keys` keys. */
void redis_script_begin(struct redis_command *command, enum redis_script script,
			bool whole, size_t keys);

#endif
