/*
 * Any file as a configuration, and any line as a variable of the environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const struct config_request *request)
{
	struct config config;

	if (!config_load(&config, request)) {
		FILE *out = fopen("/dev/null", "we");

		config_show(&config, out);
		config_show_json(&config, out);
		fclose(out);
	}
	config_release(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64], *variable;
	char *environment[] = {NULL, NULL};
	struct config_request request = {0};
	int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	request.file = path;
	load(&request);
	close(fd);
	if (asprintf(&variable, "CHERRY_%.*s", (int)size, (const char *)data) <
	    0)
		abort();
	environment[0] = variable;
	request = (struct config_request){.environment = environment};
	load(&request);
	free(variable);
	return 0;
}
