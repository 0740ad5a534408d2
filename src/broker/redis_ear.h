/*
 * An ear at one sentinel: hears its +switch-master for as long as it lives.
 */
#ifndef BROKER_REDIS_EAR_H
#define BROKER_REDIS_EAR_H

#include "broker/url.h"

struct redis_broker;
struct redis_ear;

/* "NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT" */
typedef void redis_ear_cb(void *arg, const char *text);

/* Connects at once, and again whenever it must; `host` is borrowed. */
struct redis_ear *redis_ear_new(struct redis_broker *redis,
				const struct url_host *host, redis_ear_cb *cb,
				void *arg);
void redis_ear_free(struct redis_ear *ear);

#endif
