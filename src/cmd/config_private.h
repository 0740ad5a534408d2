/*
 * What the files of the configuration share.
 */
#ifndef CMD_CONFIG_PRIVATE_H
#define CMD_CONFIG_PRIVATE_H

#include "cmd/config.h"

struct task;

/* Where a value comes from, while it is taken in. */
struct config_place {
	enum config_origin origin;
	const char *where;
};

void config_problem(struct config *config, const char *where,
		    const char *section, const char *key, const char *format,
		    ...) PRINTF_LIKE(5, 6);
void config_warn(struct config *config, const char *format, ...)
	PRINTF_LIKE(2, 3);

/* The scope of a section's name, or -1. */
int config_scope_of(const char *section);
/* The built-in task of a section [task:NAME], or NULL. */
const struct task *config_task_of(const char *section);
/* The row of a setting; NULL if there is none. */
const struct config_key *config_row(const char *section, const char *key);

/* Takes a value in: finds its row, checks it, and lets it win over what is
 * there from a weaker origin. Problems are collected. */
void config_take(struct config *config, const struct config_place *place,
		 const char *section, const char *key, const char *value);

/* 0, or -1: there is no such section, and that is told. */
int config_section_check(struct config *config, const char *where,
			 const char *section);

/* Reads a file; each problem is collected. */
void config_read_file(struct config *config, const char *path);
/* Takes CHERRY_SECTION_KEY and REDIS_URL. */
void config_read_environment(struct config *config, char *const *environment);

/* A problem of one value. */
#define config_bad(config, entry, ...)                                         \
	config_problem(config, (entry)->where, (entry)->section, (entry)->key, \
		       __VA_ARGS__)

/* Checks the names in a list of queues. */
void config_check_queues(struct config *config, struct config_entry *entry);
/* Checks one value by its row. */
void config_check_value(struct config *config, struct config_entry *entry);
/* Checks what several values have to do with each other. */
void config_check_whole(struct config *config, bool need_programs);

#endif
