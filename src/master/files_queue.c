/*
 * The threads behind files_queue.h. They take requests in order, call files.h
 * and hand the requests back; a counter wakes the loop. They share nothing else
 * with it: a request's texts and bytes are its own.
 */
#include "master/files_queue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define THREADS	     2
#define STACK_BYTES  ((size_t)256 << 10)
#define WAIT_SECONDS 1

struct item {
	struct item *next;
	struct files_request request;
	struct err err;
	int status;
	char *root, *path, *field;
};

struct list {
	struct item *first, **end;
};

/* What the threads see. The last to leave frees it. */
struct shared {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	struct list waiting, done;
	unsigned threads, resting, users;
	int counter; /* an eventfd */
	bool ended;
};

struct files_queue {
	struct loop *loop;
	struct loop_io *io;
	struct shared *shared;
};

static void list_init(struct list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_add(struct list *list, struct item *item)
{
	item->next = NULL;
	*list->end = item;
	list->end = &item->next;
}

static struct item *list_take(struct list *list)
{
	struct item *item = list->first;

	if (!item)
		return NULL;
	list->first = item->next;
	if (!list->first)
		list->end = &list->first;
	return item;
}

static void item_free(struct item *item)
{
	free(item->root);
	free(item->path);
	free(item->field);
	buf_release(&item->request.bytes);
	free(item);
}

/* --- In a thread ---------------------------------------------------------- */

static void work_on(struct item *item)
{
	struct files_request *request = &item->request;

	item->err = (struct err)ERR_INIT;
	if (request->write)
		item->status = files_write(item->root, request->path,
					   buf_slice(&request->bytes),
					   item->field, &item->err);
	else
		item->status =
			files_read(item->root, request->path, request->max,
				   item->field, &request->bytes, &item->err);
}

/* Leaves `shared`, which is locked, and frees it if nobody is left. */
static void leave(struct shared *shared)
{
	struct item *item;
	bool last = --shared->users == 0;

	pthread_cond_signal(&shared->idle);
	pthread_mutex_unlock(&shared->lock);
	if (!last)
		return;
	while ((item = list_take(&shared->waiting)) ||
	       (item = list_take(&shared->done)))
		item_free(item);
	close(shared->counter);
	pthread_cond_destroy(&shared->work);
	pthread_cond_destroy(&shared->idle);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

static void *thread_main(void *arg)
{
	struct shared *shared = arg;
	const uint64_t one = 1;
	struct item *item;

	pthread_mutex_lock(&shared->lock);
	for (;;) {
		while (!shared->ended && !shared->waiting.first) {
			shared->resting++;
			pthread_cond_wait(&shared->work, &shared->lock);
			shared->resting--;
		}
		if (shared->ended)
			break;
		item = list_take(&shared->waiting);
		pthread_mutex_unlock(&shared->lock);
		work_on(item);
		pthread_mutex_lock(&shared->lock);
		list_add(&shared->done, item);
		(void)!write(shared->counter, &one, sizeof(one));
	}
	leave(shared);
	return NULL;
}

/* --- In the loop ---------------------------------------------------------- */

static void on_done(void *arg, int events)
{
	struct files_queue *queue = arg;
	struct shared *shared = queue->shared;
	struct list done;
	struct item *item;
	uint64_t count;

	(void)events;
	(void)!read(shared->counter, &count, sizeof(count));
	list_init(&done);
	pthread_mutex_lock(&shared->lock);
	while ((item = list_take(&shared->done)))
		list_add(&done, item);
	pthread_mutex_unlock(&shared->lock);
	while ((item = list_take(&done))) {
		item->request.on_done(item->request.arg,
				      item->status ? &item->err : NULL,
				      &item->request.bytes);
		item_free(item);
	}
}

struct files_queue *files_queue_new(struct loop *loop, struct err *err)
{
	int counter = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct files_queue *queue;
	struct shared *shared;

	if (counter < 0) {
		err_set(err, ERR_INTERNAL, "no descriptor for files: %s",
			strerror(errno));
		return NULL;
	}
	queue = xcalloc(1, sizeof(*queue));
	shared = xcalloc(1, sizeof(*shared));
	pthread_mutex_init(&shared->lock, NULL);
	pthread_cond_init(&shared->work, NULL);
	pthread_cond_init(&shared->idle, NULL);
	list_init(&shared->waiting);
	list_init(&shared->done);
	shared->counter = counter;
	shared->users = 1;
	queue->loop = loop;
	queue->shared = shared;
	queue->io = loop->io_new(loop, counter, LOOP_READ, on_done, queue);
	return queue;
}

/* Signals are the loop's. 0, or an errno. */
static int start_thread(struct shared *shared)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, thread_main, shared);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

static char *copy(const char *text, size_t len)
{
	char *out = xcalloc(1, len + 1);

	if (len)
		memcpy(out, text, len);
	return out;
}

void files_queue_add(struct files_queue *queue,
		     const struct files_request *request)
{
	struct shared *shared = queue->shared;
	struct item *item = xcalloc(1, sizeof(*item));
	const uint64_t one = 1;

	item->request = *request;
	item->root = copy(request->root ? request->root : "",
			  request->root ? strlen(request->root) : 0);
	item->path = copy(request->path.ptr, request->path.len);
	item->field = copy(request->field, strlen(request->field));
	item->request.path = slice_of(item->path, request->path.len);
	if (!request->write)
		buf_init(&item->request.bytes, request->max + 1);
	pthread_mutex_lock(&shared->lock);
	if (!shared->resting && shared->threads < THREADS &&
	    !start_thread(shared)) {
		shared->threads++;
		shared->users++;
	}
	if (shared->threads) {
		list_add(&shared->waiting, item);
		pthread_cond_signal(&shared->work);
	} else { /* none can be had: better late than never */
		work_on(item);
		list_add(&shared->done, item);
		(void)!write(shared->counter, &one, sizeof(one));
	}
	pthread_mutex_unlock(&shared->lock);
}

void files_queue_free(struct files_queue *queue)
{
	struct shared *shared;
	struct timespec end;

	if (!queue)
		return;
	shared = queue->shared;
	queue->loop->io_free(queue->io);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_SECONDS;
	pthread_mutex_lock(&shared->lock);
	shared->ended = true;
	pthread_cond_broadcast(&shared->work);
	while (shared->users > 1 &&
	       !pthread_cond_timedwait(&shared->idle, &shared->lock, &end))
		;
	leave(shared);
	free(queue);
}
