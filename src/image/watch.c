/*
 * A thread that looks at the process's clock while a drawing is drawn. It counts
 * time of processors: a machine that is busy makes no bombs.
 */
#include "image/watch.h"

#include <glib.h>
#include <time.h>
#include "image/magic.h"
#include "image/vector.h"

#define WATCH_MS 1200
/* Threads of the process may use several processors. */
#define LOOK_MS 50

struct watch {
	GThread *thread;
	GMutex lock;
	GCond ended;
	bool over;
	int64_t start;
	const struct image_source *source;
};

static int64_t used_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Holds the lock while it gives up, so that nobody goes on meanwhile. */
static gpointer look(gpointer data)
{
	struct watch *watch = data;
	struct err err = ERR_INIT;

	g_mutex_lock(&watch->lock);
	while (!watch->over) {
		int64_t left = WATCH_MS - (used_ms() - watch->start);

		if (left <= 0) {
			err_limit(&err, "drawing_time", WATCH_MS,
				  "the drawing takes more than %d ms of "
				  "processor time",
				  WATCH_MS);
			watch->source->give_up(watch->source->give_up_arg,
					       &err);
			break;
		}
		g_cond_wait_until(&watch->ended, &watch->lock,
				  g_get_monotonic_time() +
					  1000 * MIN(left, LOOK_MS));
	}
	g_mutex_unlock(&watch->lock);
	return NULL;
}

struct watch *watch_begin(const struct image_source *source)
{
	struct magic_header header;
	struct err err = ERR_INIT;
	struct watch *watch;

	if (!source->give_up || magic_read(source->bytes, &header, &err) ||
	    !vector_is(header.format))
		return NULL;
	watch = g_new0(struct watch, 1);
	g_mutex_init(&watch->lock);
	g_cond_init(&watch->ended);
	watch->source = source;
	watch->start = used_ms();
	/* Without one the task's own time is what there is. */
	watch->thread = g_thread_try_new("watch", look, watch, NULL);
	return watch;
}

void watch_end(struct watch *watch)
{
	if (!watch)
		return;
	g_mutex_lock(&watch->lock);
	watch->over = true;
	g_cond_signal(&watch->ended);
	g_mutex_unlock(&watch->lock);
	if (watch->thread)
		g_thread_join(watch->thread);
	g_mutex_clear(&watch->lock);
	g_cond_clear(&watch->ended);
	g_free(watch);
}
