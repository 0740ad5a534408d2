/*
 * Finds and loads cherry-image.so. Only executors that decode pictures call
 * this, and `cherry tasks`, so that libvips and the hundred libraries behind it
 * stay out of every other process.
 */
#include "task/task_thumbnail.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static char fault[256];
static const struct image_api *loaded;

/* The folder of the executable with `tail` behind it. */
static bool library_path(const char *tail, char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	char *slash;
	size_t room;

	if (len <= 0)
		return false;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	room = size - (size_t)(slash + 1 - path);
	return (size_t)snprintf(slash + 1, room, "%s", tail) < room;
}

static bool library_find(char *path, size_t size)
{
	static const char *const places[] = {"cherry-image.so",
					     "../cherry-image.so",
					     "../lib/cherry/cherry-image.so"};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (library_path(places[i], path, size) && !access(path, R_OK))
			return true;
	}
	return false;
}

const struct image_api *thumbnail_library(void)
{
	char path[4096];
	void *handle;
	const struct image_api *api;

	if (loaded || fault[0])
		return loaded;
	if (!library_find(path, sizeof(path))) {
		snprintf(fault, sizeof(fault),
			 "cherry-image.so is not installed (it needs libvips)");
		return NULL;
	}
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		snprintf(fault, sizeof(fault),
			 "cherry-image.so cannot be loaded: %s", dlerror());
		return NULL;
	}
	api = dlsym(handle, IMAGE_API_SYMBOL);
	if (!api || api->version != IMAGE_API_VERSION) {
		snprintf(fault, sizeof(fault),
			 "cherry-image.so is of another version");
		return NULL;
	}
	loaded = api;
	return loaded;
}

const char *thumbnail_library_fault(void)
{
	return thumbnail_library() ? NULL : fault;
}
