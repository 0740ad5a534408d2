/*
 * The thumbnail task's own parts: the library that decodes, and the arguments
 * as wishes.
 */
#ifndef TASK_TASK_THUMBNAIL_H
#define TASK_TASK_THUMBNAIL_H

#include "cherry/task.h"
#include "image/image.h"

/* Sizes of one call. */
#define THUMBNAIL_SIZES_MAX 64

/* One row of `images`. */
struct thumbnail_size {
	struct slice name;
	struct image_variant variant;
	unsigned placeholders;
};

struct thumbnail_wish {
	struct slice image;
	struct thumbnail_size *sizes; /* in the call's arena */
	size_t count;
	bool single; /* no `sizes`: the one picture is called "image" */
};

extern const struct task task_thumbnail;

/* The table of the call's arguments. */
extern const struct task_arg thumbnail_args[];

/* Arguments to wishes; ERR_BAD_ARGS names the member. */
int thumbnail_args_read(struct task_call *call, struct thumbnail_wish *wish,
			struct err *err);

/*
 * The library beside the executable, or in ../lib/cherry from there; loaded at
 * the first call. NULL where it is not there, is of another version or cannot
 * be linked: `thumbnail_library_fault`, which loads it too, then says why, in
 * words.
 */
const struct image_api *thumbnail_library(void);
const char *thumbnail_library_fault(void);

#endif
