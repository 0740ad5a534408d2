/*
 * Byte strings: borrowed slices and capped, growing buffers.
 *
 * A slice never owns its bytes and need not end in NUL. A buffer owns its
 * bytes and never grows past its `max`: what is sized by input is capped, and
 * running into the cap is an ordinary error of one job.
 */
#ifndef CHERRY_BUF_H
#define CHERRY_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK	  __attribute__((warn_unused_result))
#define PRINTF_LIKE(a, b) __attribute__((format(printf, a, b)))

/* Borrowed bytes; whoever made it says how long they live. */
struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* The bytes of a NUL-terminated text, without the NUL. NULL is empty. */
static inline struct slice slice_text(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

/* The `len` bytes at `ptr`. */
static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){ptr, len};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

/* Is `a` the NUL-terminated `text`? */
static inline bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_text(text));
}

static inline bool slice_starts(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || !memcmp(a.ptr, prefix.ptr, prefix.len));
}

/*
 * Owned bytes. `failed` sticks: once an addition would pass `max` (or memory
 * is refused), this and all later additions do nothing and return -1, so that
 * a writer may add many parts and look at `failed` once.
 */
struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/* An empty buffer that may grow to `max` bytes. Allocates nothing. */
void buf_init(struct buf *buf, size_t max);

/* Frees the bytes; the buffer is empty and usable again with the same max. */
void buf_release(struct buf *buf);

/* Forgets the bytes and `failed`, keeps the memory. */
void buf_clear(struct buf *buf);

/* Makes room for `more` bytes after `len`. 0, or -1 past max. */
int buf_reserve(struct buf *buf, size_t more);

/* Appends. 0, or -1 past max (nothing is added then). */
int buf_add(struct buf *buf, const void *bytes, size_t len);
int buf_add_text(struct buf *buf, const char *text);
int buf_add_char(struct buf *buf, char c);
int buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

static inline int buf_add_slice(struct buf *buf, struct slice slice)
{
	return buf_add(buf, slice.ptr, slice.len);
}

/* Drops the first `len` bytes (at most all of them). */
void buf_drop(struct buf *buf, size_t len);

/* What is in it now; valid until the next change. */
static inline struct slice buf_slice(const struct buf *buf)
{
	return (struct slice){buf->ptr, buf->len};
}

/*
 * Gives the bytes, NUL-terminated, to the caller, who frees them with free();
 * the buffer is empty afterwards. NULL if `failed` or memory is refused.
 */
char *buf_detach(struct buf *buf);

#endif
