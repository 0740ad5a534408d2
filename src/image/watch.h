/*
 * The time that a drawing may take: a few hundred bytes can ask for years, and
 * what draws them cannot be interrupted.
 */
#ifndef IMAGE_WATCH_H
#define IMAGE_WATCH_H

#include "image/image.h"

struct watch;

/* From now on the process may work for WATCH_MS; then source->give_up is
 * called, in a thread of its own. NULL where there is nothing to be watched, or
 * no way to give up. */
struct watch *watch_begin(const struct image_source *source);
/* It is over in time. NULL is fine. */
void watch_end(struct watch *watch);

#endif
