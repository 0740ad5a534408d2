/*
 * The least `lines` program: answers each task with {} as its result. Knows
 * that cherry writes the id first, and trusts it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	static const char head[] = "{\"id\":";
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		const char *id = line + sizeof(head) - 1;
		const char *end = strchr(id, ',');

		if (strncmp(line, head, sizeof(head) - 1) || !end)
			return 1;
		printf("{\"id\":%.*s,\"status\":\"ok\",\"result\":{}}\n",
		       (int)(end - id), id);
		fflush(stdout);
	}
	free(line);
	return 0;
}
