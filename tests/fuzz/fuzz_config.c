/*
 * Any file as a configuration, and any line as a variable of the environment, as
 * REDIS_URL, as what follows --set and as what follows -q.
 * Covers: src/cmd/config.c src/cmd/config_file.c src/cmd/config_env.c
 * Covers: src/cmd/config_check.c src/cmd/config_get.c src/cmd/config_show.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/config.h"
#include "cmd/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const struct config_request *request)
{
	struct config config;
	struct options options;

	if (!config_load(&config, request)) {
		FILE *out = fopen("/dev/null", "we");

		config_show(&config, out);
		config_show_json(&config, out);
		fclose(out);
		options_fill(&options, &config, true);
		options_release(&options);
	}
	config_release(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64], *text, *variable, *url;
	char *environment[] = {NULL, NULL, NULL};
	struct config_override overrides[] = {
		{.option = "--set"},
		{.option = "-q", .section = "cherry", .key = "queues"}};
	struct config_request request = {.need_programs = true};
	int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	request.file = path;
	load(&request);
	close(fd);
	if (asprintf(&text, "%.*s", (int)size, (const char *)data) < 0 ||
	    asprintf(&variable, "CHERRY_%s", text) < 0 ||
	    asprintf(&url, "REDIS_URL=%s", text) < 0)
		abort();
	environment[0] = variable;
	environment[1] = url;
	request = (struct config_request){.environment = environment};
	load(&request);
	overrides[0].setting = overrides[1].setting = text;
	request = (struct config_request){.overrides = overrides,
					  .override_count = 2};
	load(&request);
	free(text);
	free(variable);
	free(url);
	return 0;
}
