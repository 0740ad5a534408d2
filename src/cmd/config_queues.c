/*
 * The list of queues that a worker serves: which names can be one.
 */
#include "base/text.h"
#include "cmd/config_private.h"

/* "name:3"; "app:mails" and "app:v2" are names. */
static bool is_weighted(struct slice word)
{
	size_t i = word.len;

	while (i && word.ptr[i - 1] >= '0' && word.ptr[i - 1] <= '9')
		i--;
	return i && i < word.len && word.ptr[i - 1] == ':';
}

/* Does the word stand in the list before itself? */
static bool is_repeated(const char *list, struct slice word)
{
	size_t pos = 0;
	struct slice other;

	while ((other = config_word(list, &pos)).len && other.ptr != word.ptr) {
		if (slice_equal(other, word))
			return true;
	}
	return false;
}

void config_check_queues(struct config *config, struct config_entry *entry)
{
	size_t pos = 0;
	struct slice word;
	char quoted[80];

	while ((word = config_word(entry->value, &pos)).len) {
		err_quote(quoted, 60, word);
		if (is_weighted(word))
			config_bad(
				config, entry,
				"%s: weights (name:number) are not built yet; "
				"queues are served in strict order",
				quoted);
		else if (slice_starts(word, SLICE("cherry:")))
			config_bad(config, entry,
				   "%s: keys that begin with cherry: are "
				   "cherry's own",
				   quoted);
		else if (memchr(word.ptr, '{', word.len) ||
			 memchr(word.ptr, '}', word.len))
			config_bad(config, entry,
				   "%s: a queue's name holds no { or }",
				   quoted);
		else if (is_repeated(entry->value, word))
			config_bad(config, entry, "%s is named twice", quoted);
	}
}
