/*
 * Capped, growing byte buffers. Capacity doubles until it meets the cap, so
 * that adding n bytes costs O(n) however small the pieces are.
 */
#include "cherry/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 256

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_release(struct buf *buf)
{
	free(buf->ptr);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

int buf_reserve(struct buf *buf, size_t more)
{
	if (buf->failed)
		return -1;
	if (more <= buf->cap - buf->len)
		return 0;
	if (buf->len > buf->max || more > buf->max - buf->len) {
		buf->failed = true;
		return -1;
	}
	size_t need = buf->len + more;
	size_t cap = buf->cap < FIRST_CAP / 2 ? FIRST_CAP / 2 : buf->cap;
	cap = cap > buf->max / 2 ? buf->max : cap * 2;
	if (cap < need)
		cap = need;
	char *ptr = realloc(buf->ptr, cap);
	if (!ptr) {
		buf->failed = true;
		return -1;
	}
	buf->ptr = ptr;
	buf->cap = cap;
	return 0;
}

int buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (buf_reserve(buf, len))
		return -1;
	if (len)
		memcpy(buf->ptr + buf->len, bytes, len);
	buf->len += len;
	return 0;
}

int buf_add_text(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int buf_add_char(struct buf *buf, char c)
{
	if (buf_reserve(buf, 1))
		return -1;
	buf->ptr[buf->len++] = c;
	return 0;
}

/* What does not fit on the stack is formatted a second time, on the heap: the
 * buffer itself has no room for the NUL when it is full to its cap. */
int buf_printf(struct buf *buf, const char *format, ...)
{
	char local[256];
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vsnprintf(local, sizeof(local), format, args);
	va_end(args);
	if (len >= 0 && (size_t)len < sizeof(local))
		return buf_add(buf, local, (size_t)len);

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		buf->failed = true;
		return -1;
	}
	int r = buf_add(buf, text, (size_t)len);
	free(text);
	return r;
}

void buf_drop(struct buf *buf, size_t len)
{
	if (len >= buf->len) {
		buf->len = 0;
		return;
	}
	if (len == 0)
		return;
	buf->len -= len;
	memmove(buf->ptr, buf->ptr + len, buf->len);
}

char *buf_detach(struct buf *buf)
{
	if (buf->failed || buf->len == SIZE_MAX)
		return NULL;
	char *text = realloc(buf->ptr, buf->len + 1);
	if (!text)
		return NULL;
	text[buf->len] = '\0';
	buf_init(buf, buf->max);
	return text;
}
