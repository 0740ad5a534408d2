/*
 * From the configuration to the master's options.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "cmd/config.h"
#include "master/master.h"

/* Options and what they point to; the configuration must live as long. */
struct options {
	struct master_options master;
	void **blocks;
	size_t block_count;
};

/* `redis`: false for tasks from memory, on one queue. */
void options_fill(struct options *options, const struct config *config,
		  bool redis);
void options_release(struct options *options);

#endif
