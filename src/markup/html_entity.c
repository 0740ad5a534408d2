/*
 * Character references. The table is one long text, searched by halving: no
 * index, no relocation, nothing to prepare.
 */
#include "markup/html_entity.h"

#include "base/text.h"
#include "markup/html_entity_table.h"

#define LEGACY_MAX 6  /* longest name that needs no semicolon */
#define NAME_MAX   31 /* longest name at all */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static size_t name_length(const char *record)
{
	size_t len = 0;

	while (is_alnum(record[len])) {
		len++;
	}
	return len;
}

/* Below, at or above zero as `name` sorts before, at or after the record. */
static int name_compare(struct slice name, const char *record)
{
	size_t len = name_length(record);
	int order = memcmp(name.ptr, record, name.len < len ? name.len : len);

	return order ? order : (int)name.len - (int)len;
}

/* What follows the name in its record (the mark of its kind first), or NULL. */
static const char *table_find(struct slice name)
{
	size_t low = 0, high = sizeof(entity_table) - 1;

	while (low < high) { /* both at the beginning of a record */
		size_t mid = low + (high - low) / 2;
		size_t next;
		int order;

		while (mid > low && entity_table[mid - 1] != ' ') {
			mid--;
		}
		order = name_compare(name, entity_table + mid);
		if (!order) {
			return entity_table + mid + name.len;
		}
		next = mid;
		while (entity_table[next++] != ' ') {
		}
		low = order > 0 ? next : low;
		high = order > 0 ? high : mid;
	}
	return NULL;
}

static uint32_t code_read(const char **pos)
{
	uint32_t code = 0;

	while (digit_value(**pos) < 16) {
		code = code * 16 + (uint32_t)digit_value(*(*pos)++);
	}
	return code;
}

/* `record` stands behind the mark. */
static size_t codes_put(const char *record, char *out)
{
	size_t len = utf8_put(out, code_read(&record));

	if (*record == '+') {
		record++;
		len += utf8_put(out + len, code_read(&record));
	}
	return len;
}

/* What the standard makes of a number: windows-1252 for the C1 controls. */
static uint32_t number_code(uint32_t code)
{
	static const uint16_t windows[32] = {
		0x20ac, 0x81,	0x201a, 0x192,	0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6,	0x2030, 0x160,	0x2039, 0x152,	0x8d,	0x17d,	0x8f,
		0x90,	0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x2dc,	0x2122, 0x161,	0x203a, 0x153,	0x9d,	0x17e,	0x178};

	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
		return 0xfffd;
	}
	return code >= 0x80 && code < 0xa0 ? windows[code - 0x80] : code;
}

static size_t number_decode(struct slice text, char *out, size_t *out_len)
{
	bool hex = text.len > 2 && (text.ptr[2] | 0x20) == 'x';
	size_t pos = hex ? 3 : 2, begin = pos;
	int base = hex ? 16 : 10;
	uint32_t code = 0;

	for (; pos < text.len && digit_value(text.ptr[pos]) < base; pos++) {
		if (code <= 0x10ffff) {
			code = code * (uint32_t)base +
			       (uint32_t)digit_value(text.ptr[pos]);
		}
	}
	if (pos == begin) {
		return 0;
	}
	*out_len = utf8_put(out, number_code(code));
	return pos + (pos < text.len && text.ptr[pos] == ';');
}

size_t html_entity_decode(struct slice text, bool in_attribute,
			  char out[HTML_ENTITY_MAX], size_t *out_len)
{
	struct slice name = {text.ptr + 1, 0};
	const char *record = NULL;

	if (text.len > 1 && text.ptr[1] == '#') {
		return number_decode(text, out, out_len);
	}
	while (name.len + 1 < text.len && name.len <= NAME_MAX &&
	       is_alnum(name.ptr[name.len])) {
		name.len++;
	}
	if (name.len + 1 < text.len && name.ptr[name.len] == ';' &&
	    (record = table_find(name)) != NULL) {
		*out_len = codes_put(record + 1, out);
		return name.len + 2;
	}
	if (name.len > LEGACY_MAX) {
		name.len = LEGACY_MAX;
	}
	for (; name.len >= 2; name.len--) {
		record = table_find(name);
		if (!record || (*record != ':' && *record != '!')) {
			continue;
		}
		if (in_attribute && name.len + 1 < text.len &&
		    (is_alnum(name.ptr[name.len]) ||
		     name.ptr[name.len] == '=')) {
			return 0;
		}
		*out_len = codes_put(record + 1, out);
		return name.len + 1;
	}
	return 0;
}

uint32_t html_entity_code(struct slice name)
{
	const char *record;

	if (slice_is(name, "lang") || slice_is(name, "rang")) {
		return name.ptr[0] == 'l' ? 0x2329 : 0x232a; /* since moved */
	}
	record = name.len <= NAME_MAX ? table_find(name) : NULL;
	if (!record || (*record != ':' && *record != ',')) {
		return 0;
	}
	record++;
	return code_read(&record);
}
