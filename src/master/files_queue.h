/*
 * Reading and writing files beside the loop, which a slow disk or a file server
 * that is gone would hold up: two threads that know nothing but files.h.
 */
#ifndef MASTER_FILES_QUEUE_H
#define MASTER_FILES_QUEUE_H

#include "base/loop.h"
#include "master/files.h"

struct files_queue;

/* NULL with ERR_INTERNAL where there is no descriptor for it. */
struct files_queue *files_queue_new(struct loop *loop, struct err *err);
/*
 * Nobody is told of what is not done yet. Waits a second for what is at work;
 * a thread that hangs longer ends with the process.
 */
void files_queue_free(struct files_queue *queue);

/* `err` is NULL where all went well; `bytes` is what was read, to be taken by
 * an assignment that leaves an initialised buffer, or to be left. */
typedef void files_done_cb(void *arg, const struct err *err, struct buf *bytes);

struct files_request {
	/* As in files.h; copied. */
	const char *root;
	struct slice path;
	const char *field;
	bool write;
	size_t max;	  /* bytes that are read */
	struct buf bytes; /* that are written; they are the queue's now */
	files_done_cb *on_done;
	void *arg;
};

/* `on_done` is called in a later turn of the loop. */
void files_queue_add(struct files_queue *queue,
		     const struct files_request *request);

#endif
