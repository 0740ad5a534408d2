/*
 * Fills the master's options from the configuration. Every value has been
 * checked when the configuration was loaded.
 */
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/xalloc.h"
#include "cmd/config_private.h"

static void *keep(struct options *options, void *block)
{
	options->blocks = xrealloc(options->blocks, options->block_count + 1,
				   sizeof(*options->blocks));
	options->blocks[options->block_count++] = block;
	return block;
}

static void *new_block(struct options *options, size_t count, size_t size)
{
	return keep(options, xcalloc(count + 1, size));
}

static const char *text_or_null(const struct config *config,
				const char *section, const char *key)
{
	const char *text = config_text(config, section, key);

	return text[0] ? text : NULL;
}

static void fill_queues(struct options *options, const struct config *config,
			bool redis)
{
	size_t all, count, i;
	char **names = config_queues(config, &all);
	struct master_queue *queues;

	/* Memory has one queue, whatever it is called. */
	count = redis || !all ? all : 1;
	queues = new_block(options, count, sizeof(*queues));
	for (i = 0; i < count; i++) {
		char section[300];

		snprintf(section, sizeof(section), "queue:%.280s", names[i]);
		queues[i] = (struct master_queue){
			.name = keep(options, xstrdup(names[i])),
			.pop_left = config_choice(config, section, "pop") == 1,
			.at_most_once =
				config_choice(config, section, "delivery") == 1,
			.raw = config_choice(config, section, "payload") == 1,
			.task = text_or_null(config, section, "task"),
			.reply_to = text_or_null(config, section, "reply_to"),
			.max_running = (size_t)config_integer(config, section,
							      "max_running")};
	}
	config_names_free(names, all);
	options->master.queues = queues;
	options->master.queue_count = count;
}

static void fill_program(struct options *options, const struct config *config,
			 const char *section, struct master_task *task)
{
	struct master_program *program;
	const char *command = text_or_null(config, section, "command");

	if (!command)
		return;
	program = new_block(options, 1, sizeof(*program));
	*program = (struct master_program){
		.command = command,
		.mode = config_choice(config, section, "mode") == 1
				? MASTER_PROGRAM_LINES
				: MASTER_PROGRAM_ONCE,
		.result_json = config_choice(config, section, "result") == 1,
		.max_output = config_size(config, section, "max_output"),
		.processes =
			(size_t)config_integer(config, section, "processes"),
		.user = text_or_null(config, section, "user"),
		.group = text_or_null(config, section, "group"),
		.directory = text_or_null(config, section, "directory"),
		.nice = (int)config_integer(config, section, "nice"),
		.max_memory = config_size(config, section, "max_memory"),
		.max_cpu = (size_t)config_seconds(config, section, "max_cpu")};
	task->program = program;
}

static void fill_settings(struct options *options, const struct config *config,
			  const char *section, struct master_task *task)
{
	struct master_pair *pairs =
		new_block(options, config->count, sizeof(*pairs));
	size_t i;

	for (i = 0; i < config->count; i++) {
		const struct config_entry *entry = &config->entries[i];

		if (entry->used && !entry->row &&
		    !strcmp(entry->section, section))
			pairs[task->setting_count++] =
				(struct master_pair){entry->key, entry->value};
	}
	task->settings = pairs;
}

static void fill_tasks(struct options *options, const struct config *config)
{
	size_t count, i;
	char **names = config_names(config, "task:", &count);
	struct master_task *tasks = new_block(options, count, sizeof(*tasks));

	for (i = 0; i < count; i++) {
		const struct master_task standard = MASTER_TASK_INIT;
		struct master_task *task = &tasks[i];
		char section[300];

		snprintf(section, sizeof(section), "task:%.280s", names[i]);
		*task = standard;
		task->name = keep(options, xstrdup(names[i]));
		task->timeout = config_seconds(config, section, "timeout");
		task->max_timeout =
			config_seconds(config, section, "max_timeout");
		task->retries =
			(unsigned)config_integer(config, section, "retries");
		config_range(config, section, "backoff", &task->backoff_min,
			     &task->backoff_max);
		task->max_running =
			(size_t)config_integer(config, section, "max_running");
		fill_settings(options, config, section, task);
		fill_program(options, config, section, task);
	}
	config_names_free(names, count);
	options->master.tasks = tasks;
	options->master.task_count = count;
}

static void fill_secrets(struct options *options, const struct config *config)
{
	struct master_secret *secrets =
		new_block(options, config->count, sizeof(*secrets));
	size_t i, count = 0;

	for (i = 0; i < config->count; i++) {
		const struct config_entry *entry = &config->entries[i];

		if (entry->used && entry->row &&
		    entry->row->scope == CONFIG_SECRETS && entry->secret)
			secrets[count++] = (struct master_secret){
				entry->key,
				slice_of(entry->secret, entry->secret_len)};
	}
	options->master.secrets = secrets;
	options->master.secret_count = count;
}

void options_fill(struct options *options, const struct config *config,
		  bool redis)
{
	static const enum log_level levels[] = {LOG_ERROR, LOG_WARN, LOG_INFO,
						LOG_DEBUG};
	struct master_options *master = &options->master;
	const struct master_options standard = MASTER_OPTIONS_INIT;
	struct slice password;

	*options = (struct options){.master = standard};
	if (redis)
		master->url = config_text(config, "redis", "url");
	if (config_secret(config, "redis", "password_file", &password))
		master->password = password.ptr;
	if (config_secret(config, "redis", "sentinel_password_file", &password))
		master->sentinel_password = password.ptr;
	master->ca_file = text_or_null(config, "redis", "ca_file");
	master->cert_file = text_or_null(config, "redis", "cert_file");
	master->key_file = text_or_null(config, "redis", "key_file");
	master->concurrency =
		(size_t)config_integer(config, "cherry", "concurrency");
	master->jobs_per_executor =
		(size_t)config_integer(config, "cherry", "jobs_per_executor");
	master->sandbox =
		(enum master_sandbox)config_choice(config, "cherry", "sandbox");
	master->drain_timeout =
		config_seconds(config, "cherry", "drain_timeout");
	master->max_payload = config_size(config, "cherry", "max_payload");
	master->max_reply = config_size(config, "cherry", "max_reply");
	master->reply_ttl =
		(int64_t)config_seconds(config, "cherry", "reply_ttl");
	master->max_reply_ttl =
		(int64_t)config_seconds(config, "cherry", "max_reply_ttl");
	master->reply_prefix = text_or_null(config, "cherry", "reply_prefix");
	master->input_prefix = text_or_null(config, "cherry", "input_prefix");
	master->output_prefix = text_or_null(config, "cherry", "output_prefix");
	master->input_root = text_or_null(config, "files", "input_root");
	master->output_root = text_or_null(config, "files", "output_root");
	fill_queues(options, config, redis);
	fill_tasks(options, config);
	fill_secrets(options, config);
	log_setup(levels[config_choice(config, "cherry", "log_level")],
		  config_choice(config, "cherry", "log_format") == 1
			  ? LOG_JSON
			  : LOG_LOGFMT);
}

void options_release(struct options *options)
{
	size_t i;

	for (i = 0; i < options->block_count; i++)
		free(options->blocks[i]);
	free(options->blocks);
	*options = (struct options){0};
}
