/*
 * Drives one executor by hand: a task in, its result out.
 *
 *	executor_drive [-p PROGRAM] [-s require|prefer|off] [-t] [-m BYTES]
 *		[-o TASK.KEY=VALUE] [-k SECRET=VALUE] TASK [ARGS [NAME=@FILE]...]
 *
 * Without ARGS tasks come as lines of JSON, {"task", "args", "inputs": {NAME:
 * {"file": F}}}, and results go out as lines. The class is the task's own; with
 * lines it is `-c core` or `-c image`. PROGRAM is the executor, by default this
 * very program. -t names a system call that the sandbox refuses.
 *
 * An output "NAME>FILE" after the inputs stores that output there.
 */
#include <err.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/json.h"
#include "base/text.h"
#include "exec/executor.h"
#include "executor_client.h"

#define LIST_MAX 64

struct drive {
	struct message_setup setup;
	struct message_setting settings[LIST_MAX];
	struct message_secret secrets[LIST_MAX];
	const char *program;
	struct task_input inputs[LIST_MAX];
	struct message_output outputs[LIST_MAX];
	size_t input_count, output_count;
	struct executor_client client;
};

static struct slice file_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	if (fd < 0 || fstat(fd, &st))
		err(66, "%s", path);
	if (!st.st_size)
		return (struct slice){"", 0};
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		err(66, "%s", path);
	close(fd);
	return slice_of(bytes, (size_t)st.st_size);
}

static void file_write(struct slice name, struct slice bytes)
{
	char *path = strndup(name.ptr, name.len);
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes.ptr, 1, bytes.len, file) != bytes.len ||
	    fclose(file))
		err(73, "%s", path);
	free(path);
}

static void print_text(struct buf *out, const char *key, const char *text)
{
	if (!text[0])
		return;
	json_put_key(out, key);
	json_put_string(out, slice_text(text));
}

static bool print_result(struct drive *drive,
			 const struct message_result *result)
{
	struct buf out;
	size_t i;

	buf_init(&out, SIZE_MAX);
	buf_printf(&out, "{\"status\":\"%s\"", result->ok ? "ok" : "error");
	if (result->ok) {
		json_put_key(&out, "result");
		buf_add_slice(&out, result->json);
	} else {
		json_put_key(&out, "error");
		buf_add_char(&out, '{');
		print_text(&out, "code", err_code_name(result->err.code));
		print_text(&out, "message", result->err.message);
		print_text(&out, "field", result->err.field);
		print_text(&out, "reason", result->err.reason);
		print_text(&out, "limit", result->err.limit);
		if (result->err.limit[0])
			buf_printf(&out, ",\"value\":%lld",
				   (long long)result->err.value);
		if (result->err.offset >= 0)
			buf_printf(&out, ",\"offset\":%lld",
				   (long long)result->err.offset);
		buf_add_char(&out, '}');
	}
	for (i = 0; i < result->output_count && i < drive->output_count; i++)
		if (result->outputs[i].used)
			file_write(drive->outputs[i].target,
				   result->outputs[i].bytes);
	buf_printf(&out, ",\"ran_us\":%llu}\n",
		   (unsigned long long)(result->ran_ns / 1000));
	fwrite(out.ptr, 1, out.len, stdout);
	fflush(stdout);
	buf_release(&out);
	return result->ok;
}

static bool run_task(struct drive *drive, struct slice task, struct slice args)
{
	static uint64_t number;
	struct message_task message = {
		.number = ++number,
		.task = task,
		.args = args,
		.inputs = drive->inputs,
		.input_count = drive->input_count,
		.outputs = drive->outputs,
		.output_count = drive->output_count,
	};
	struct message_result result;
	struct err error = ERR_INIT;
	char text[4096];
	int r, status;

	if (message_task_put(&drive->client.writer, &message, &error) ||
	    executor_client_send(&drive->client, &error))
		errx(70, "%s", error.message);
	r = executor_client_result(&drive->client, &result, &error);
	if (r > 0)
		return print_result(drive, &result);
	executor_client_stderr(&drive->client, text, sizeof(text));
	status = executor_client_end(&drive->client, r < 0);
	errx(70, "%sexecutor gone: %s, wait status 0x%x", text,
	     r < 0 ? error.message : "no answer", status);
}

/* "inputs" of a line: files only. */
static void line_inputs(struct drive *drive, const struct json_node *inputs)
{
	const struct json_node *input, *file;
	char *path;

	drive->input_count = 0;
	for (input = inputs ? inputs->child : NULL; input;
	     input = input->next) {
		file = json_get(input, "file");
		if (!file || drive->input_count == LIST_MAX)
			errx(65, "inputs of a line are files");
		path = strndup(file->text.ptr, file->text.len);
		drive->inputs[drive->input_count++] =
			(struct task_input){input->key, file_read(path)};
		free(path);
	}
}

static int run_lines(struct drive *drive)
{
	struct arena arena;
	struct json_node *line, *task, *args;
	struct err error = ERR_INIT;
	char *text = NULL;
	size_t size = 0, i;
	ssize_t len;
	int status = 0;

	arena_init(&arena, SIZE_MAX);
	while ((len = getline(&text, &size, stdin)) > 0) {
		line = json_parse(&arena, slice_of(text, (size_t)len), 512,
				  false, &error);
		task = line ? json_get(line, "task") : NULL;
		args = line ? json_get(line, "args") : NULL;
		if (!task)
			errx(65, "not a task: %s", text);
		line_inputs(drive, json_get(line, "inputs"));
		if (!run_task(drive, task->text,
			      args ? args->raw : slice_text("{}")))
			status = 1;
		for (i = 0; i < drive->input_count; i++)
			if (drive->inputs[i].bytes.len)
				munmap((void *)drive->inputs[i].bytes.ptr,
				       drive->inputs[i].bytes.len);
		arena_clear(&arena);
	}
	free(text);
	arena_release(&arena);
	return status;
}

/* KEY=VALUE */
static struct slice cut(char *pair, char **value)
{
	char *equal = strchr(pair, '=');

	if (!equal)
		errx(64, "%s is not NAME=VALUE", pair);
	*value = equal + 1;
	return slice_of(pair, (size_t)(equal - pair));
}

static void add_setting(struct drive *drive, char *pair)
{
	char *value, *dot = strchr(pair, '.');
	struct slice key = cut(pair, &value);

	if (!dot || drive->setup.setting_count == LIST_MAX)
		errx(64, "%s is not TASK.KEY=VALUE", pair);
	drive->settings[drive->setup.setting_count++] =
		(struct message_setting){
			slice_of(pair, (size_t)(dot - pair)),
			slice_of(dot + 1, key.len - (size_t)(dot + 1 - pair)),
			slice_text(value)};
}

static void add_secret(struct drive *drive, char *pair)
{
	char *value;
	struct slice name = cut(pair, &value);

	if (drive->setup.secret_count == LIST_MAX)
		errx(64, "too many secrets");
	drive->secrets[drive->setup.secret_count++] =
		(struct message_secret){name, slice_text(value)};
}

static void add_file(struct drive *drive, char *word)
{
	char *value, *arrow = strchr(word, '>');
	struct slice name;

	if (drive->input_count == LIST_MAX || drive->output_count == LIST_MAX)
		errx(64, "too many inputs");
	if (arrow) {
		drive->outputs[drive->output_count++] = (struct message_output){
			slice_of(word, (size_t)(arrow - word)),
			TASK_OUTPUT_FILE, slice_text(arrow + 1)};
		return;
	}
	name = cut(word, &value);
	drive->inputs[drive->input_count++] = (struct task_input){
		name, *value == '@' ? file_read(value + 1) : slice_text(value)};
}

static enum sandbox_mode mode_find(const char *name)
{
	if (!strcmp(name, "require"))
		return SANDBOX_REQUIRE;
	if (!strcmp(name, "prefer"))
		return SANDBOX_PREFER;
	if (!strcmp(name, "off"))
		return SANDBOX_OFF;
	errx(64, "sandbox is require, prefer or off");
}

static void options_read(struct drive *drive, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+p:s:c:tm:o:k:")) >= 0) {
		switch (option) {
		case 'p':
			drive->program = optarg;
			break;
		case 's':
			drive->setup.sandbox = mode_find(optarg);
			break;
		case 'c':
			drive->setup.class = strcmp(optarg, "image")
						     ? TASK_CLASS_CORE
						     : TASK_CLASS_IMAGE;
			break;
		case 't':
			drive->setup.trace = true;
			break;
		case 'm':
			drive->setup.max_memory = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			add_setting(drive, optarg);
			break;
		case 'k':
			add_secret(drive, optarg);
			break;
		default:
			errx(64, "see the top of executor_drive.c");
		}
	}
}

int main(int argc, char **argv)
{
	static struct drive drive;
	const struct task *task;
	struct err error = ERR_INIT;
	int i, status;

	if (argc == 2 && !strcmp(argv[1], "executor"))
		return executor_main();
	drive.setup.settings = drive.settings;
	drive.setup.secrets = drive.secrets;
	options_read(&drive, argc, argv);
	task = optind < argc ? task_find(slice_text(argv[optind])) : NULL;
	if (task)
		drive.setup.class = task->class;
	if (executor_client_start(&drive.client, drive.program, &drive.setup,
				  &error))
		errx(70, "%s", error.message);
	fprintf(stderr, "executor %d: %.*s\n", (int)drive.client.pid,
		(int)drive.client.ready.level_text.len,
		drive.client.ready.level_text.ptr);
	for (i = optind + 2; i < argc; i++)
		add_file(&drive, argv[i]);
	if (optind >= argc)
		status = run_lines(&drive);
	else
		status = !run_task(&drive, slice_text(argv[optind]),
				   slice_text(optind + 1 < argc
						      ? argv[optind + 1]
						      : "{}"));
	executor_client_stop(&drive.client);
	return status;
}
