/*
 * The master's own copy of its options, and the checks that need more than the
 * configuration's table: that tasks exist, that programs can run.
 */
#include "master/master_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/xalloc.h"

static bool is_given(const char *text)
{
	return text && text[0];
}

static char *copy_text(const char *text)
{
	return is_given(text) ? xstrdup(text) : NULL;
}

static int wrong(struct err *err, const char *section, const char *name,
		 const char *key, const char *rule)
{
	char field[160], quoted[90];

	snprintf(field, sizeof(field), "%s:%s.%s", section,
		 err_quote(quoted, 80, slice_text(name)), key);
	return err_field(err, ERR_BAD_ARGS, field, "%s: %s", field, rule);
}

struct master_task_state *master_task_find(struct master *master,
					   struct slice name)
{
	size_t i;

	for (i = 0; i < master->task_count; i++) {
		if (slice_is(name, master->tasks[i].name))
			return &master->tasks[i];
	}
	return NULL;
}

/* --- Tasks ----------------------------------------------------------------------- */

static int copy_program(struct master *master, struct master_task_state *task,
			const struct master_program *program, struct err *err)
{
	struct err cause = ERR_INIT;

	task->is_program = true;
	task->mode = program->mode;
	task->result_json = program->result_json;
	task->max_output =
		program->max_output ? program->max_output : (size_t)16 << 20;
	task->processes = program->processes ? program->processes
					     : master->options.concurrency;
	task->directory = copy_text(program->directory);
	task->nice = program->nice;
	task->max_memory = program->max_memory;
	task->max_cpu = program->max_cpu;
	if (program_command_read(program->command, task->directory,
				 &task->command, &cause))
		return wrong(err, "task", task->name, "command", cause.message);
	if (!is_given(program->user) && !is_given(program->group))
		return 0;
	if (geteuid() != 0)
		return wrong(err, "task", task->name, "user",
			     "only a worker that runs as root can give "
			     "programs another user or group");
	if (program_user_find(is_given(program->user) ? program->user : NULL,
			      is_given(program->group) ? program->group : NULL,
			      &task->user, &cause))
		return wrong(err, "task", task->name, "user", cause.message);
	task->has_user = true;
	return 0;
}

/* What a queue of raw payloads would feed. */
static const char *find_raw_input(const struct task *task)
{
	const struct task_arg *arg;

	for (arg = task->args; arg && arg->type != ARG_END; arg++) {
		if (arg->type == ARG_BYTES || arg->type == ARG_BYTES_JSON)
			return arg->name;
	}
	return NULL;
}

static void task_defaults(struct master_task_state *task, const char *name)
{
	const struct master_task standard = MASTER_TASK_INIT;
	const struct task *built_in = task_find(slice_text(name));

	task->name = xstrdup(name);
	task->class = built_in ? built_in->class : TASK_CLASS_CORE;
	task->raw_input = built_in ? find_raw_input(built_in) : NULL;
	task->timeout = standard.timeout;
	task->max_timeout = standard.max_timeout;
	task->retries = standard.retries;
	task->backoff_min = standard.backoff_min;
	task->backoff_max = standard.backoff_max;
}

static void copy_settings(struct master *master, const struct master_task *from)
{
	size_t i;

	for (i = 0; i < from->setting_count; i++) {
		struct master_text_setting *setting;

		master->settings =
			xrealloc(master->settings, master->setting_count + 1,
				 sizeof(*master->settings));
		setting = &master->settings[master->setting_count++];
		setting->task = xstrdup(from->name);
		setting->key = xstrdup(from->settings[i].key);
		setting->value = xstrdup(from->settings[i].value);
	}
}

static int copy_task(struct master *master, const struct master_task *from,
		     struct err *err)
{
	struct master_task_state *task =
		master_task_find(master, slice_text(from->name));

	if (!task) {
		task = &master->tasks[master->task_count++];
		task_defaults(task, from->name);
	}
	task->timeout = from->timeout;
	task->max_timeout = from->max_timeout;
	task->retries = from->retries;
	task->backoff_min = from->backoff_min;
	task->backoff_max = from->backoff_max;
	task->max_running = from->max_running;
	copy_settings(master, from);
	if (from->program)
		return copy_program(master, task, from->program, err);
	if (!task_find(slice_text(from->name)))
		return wrong(err, "task", from->name, "command",
			     "it is no built-in task, so it needs a command");
	return 0;
}

static int copy_tasks(struct master *master,
		      const struct master_options *options, struct err *err)
{
	size_t built_in = 0, i;

	while (task_table[built_in])
		built_in++;
	master->tasks = xcalloc(built_in + options->task_count + 1,
				sizeof(*master->tasks));
	for (i = 0; i < built_in; i++)
		task_defaults(&master->tasks[master->task_count++],
			      task_table[i]->name);
	for (i = 0; i < options->task_count; i++) {
		if (copy_task(master, &options->tasks[i], err))
			return -1;
	}
	return 0;
}

/* --- Queues ------------------------------------------------------------------------ */

static int copy_queue(struct master *master, const struct master_queue *from,
		      struct err *err)
{
	struct master_queue_state *queue =
		&master->queues[master->queue_count++];

	queue->name = xstrdup(from->name);
	queue->pop_left = from->pop_left;
	queue->raw = from->raw;
	queue->reply_to = copy_text(from->reply_to);
	queue->max_running = from->max_running;
	if (from->task && from->task[0]) {
		queue->task = master_task_find(master, slice_text(from->task));
		if (!queue->task)
			return wrong(err, "queue", from->name, "task",
				     "there is no such task");
	}
	if (from->raw && !queue->task)
		return wrong(err, "queue", from->name, "payload",
			     "raw payloads need the key task");
	if (from->raw && !queue->task->is_program && !queue->task->raw_input)
		return wrong(err, "queue", from->name, "payload",
			     "the task takes no byte string, so it cannot take "
			     "raw payloads");
	if (queue->reply_to && !from->raw)
		return wrong(err, "queue", from->name, "reply_to",
			     "only a queue with payload = raw takes it");
	return 0;
}

static int copy_queues(struct master *master,
		       const struct master_options *options, struct err *err)
{
	size_t i;

	master->queues =
		xcalloc(options->queue_count + 1, sizeof(*master->queues));
	for (i = 0; i < options->queue_count; i++) {
		if (copy_queue(master, &options->queues[i], err))
			return -1;
		master->at_most_once = options->queues[0].at_most_once;
		if (options->queues[i].at_most_once !=
		    options->queues[0].at_most_once)
			return wrong(err, "queue", options->queues[i].name,
				     "delivery",
				     "all queues of one worker have the same");
		if (options->queues[i].at_most_once &&
		    options->queues[i].pop_left != options->queues[0].pop_left)
			return wrong(err, "queue", options->queues[i].name,
				     "pop",
				     "at-most-once queues all pop on one side");
	}
	return 0;
}

/* --- The rest ---------------------------------------------------------------------- */

static int check_root(const char *path, const char *field, struct err *err)
{
	struct stat st;

	if (!path || (!stat(path, &st) && S_ISDIR(st.st_mode)))
		return 0;
	return err_field(err, ERR_BAD_ARGS, field, "%s: %s is no directory",
			 field, path);
}

static void copy_texts(struct master *master,
		       const struct master_options *options)
{
	struct master_options *own = &master->options;
	const char **places[] = {
		&own->url,	    &own->password,	&own->sentinel_password,
		&own->ca_file,	    &own->cert_file,	&own->key_file,
		&own->reply_prefix, &own->input_prefix, &own->output_prefix,
		&own->input_root,   &own->output_root,	&own->executor};
	size_t i;

	*own = *options;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		master->texts[i] = copy_text(*places[i]);
		*places[i] = master->texts[i];
	}
	if (!own->concurrency) {
		long processors = sysconf(_SC_NPROCESSORS_ONLN);

		own->concurrency = processors > 0 ? (size_t)processors : 1;
	}
	if (!own->max_input)
		own->max_input = own->max_payload;
}

static void copy_secrets(struct master *master,
			 const struct master_options *options)
{
	size_t i;

	master->secrets =
		xcalloc(options->secret_count + 1, sizeof(*master->secrets));
	for (i = 0; i < options->secret_count; i++) {
		const struct master_secret *from = &options->secrets[i];
		char *value = xcalloc(from->value.len + 1, 1);

		if (from->value.len)
			memcpy(value, from->value.ptr, from->value.len);
		master->secrets[master->secret_count++] =
			(struct master_secret){
				xstrdup(from->name),
				slice_of(value, from->value.len)};
	}
}

int master_options_copy(struct master *master,
			const struct master_options *options, struct err *err)
{
	copy_texts(master, options);
	copy_secrets(master, options);
	if (copy_tasks(master, options, err) ||
	    copy_queues(master, options, err) ||
	    check_root(master->options.input_root, "files.input_root", err) ||
	    check_root(master->options.output_root, "files.output_root", err))
		return -1;
	return 0;
}

static void task_release(struct master_task_state *task)
{
	if (task->is_program)
		program_command_release(&task->command);
	if (task->has_user)
		program_user_release(&task->user);
	free(task->directory);
	free(task->name);
}

void master_options_release(struct master *master)
{
	size_t i;

	for (i = 0; i < master->task_count; i++)
		task_release(&master->tasks[i]);
	for (i = 0; i < master->queue_count; i++) {
		free(master->queues[i].name);
		free(master->queues[i].reply_to);
	}
	for (i = 0; i < master->setting_count; i++) {
		free(master->settings[i].task);
		free(master->settings[i].key);
		free(master->settings[i].value);
	}
	for (i = 0; i < master->secret_count; i++) {
		free((char *)(uintptr_t)master->secrets[i].name);
		free((char *)(uintptr_t)master->secrets[i].value.ptr);
	}
	for (i = 0; i < sizeof(master->texts) / sizeof(master->texts[0]); i++)
		free(master->texts[i]);
	free(master->tasks);
	free(master->queues);
	free(master->settings);
	free(master->secrets);
}
