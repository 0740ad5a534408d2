/*
 * Edit distance between short names: insertions, deletions, replacements and
 * swaps of neighbours cost one each (optimal string alignment). Case does not
 * count. Words and names that are longer than any real name are never near.
 */
#include "base/nearest.h"

#include <ctype.h>

#define NAME_MAX_LEN 40

struct nearest nearest_init(struct slice word)
{
	return (struct nearest){.word = word, .distance = SIZE_MAX};
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edit_distance(const char *a, size_t a_len, const char *b,
			    size_t b_len)
{
	size_t rows[3][NAME_MAX_LEN + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t i, j;

	for (j = 0; j <= b_len; j++)
		last[j] = j;
	for (i = 1; i <= a_len; i++) {
		now[0] = i;
		for (j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			now[j] = least(last[j], now[j - 1]) + 1;
			now[j] = least(now[j], last[j - 1] + (x != y));
			if (i > 1 && j > 1 &&
			    x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

void nearest_try(struct nearest *near, const char *name)
{
	size_t len = strlen(name), distance;

	if (len > NAME_MAX_LEN || near->word.len > NAME_MAX_LEN)
		return;
	distance = edit_distance(near->word.ptr, near->word.len, name, len);
	/* A third of the word may differ, and one letter of a short one. */
	if (distance > 1 && distance > near->word.len / 3)
		return;
	if (distance >= len || distance >= near->distance)
		return;
	near->best = name;
	near->distance = distance;
}

const char *nearest_name(const struct nearest *near)
{
	return near->best;
}
