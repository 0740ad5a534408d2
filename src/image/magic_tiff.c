/*
 * The chain of directories of a TIFF, and what they point at. Decodes nothing
 * and calls no library.
 */
#include "image/magic_tiff.h"

struct walk {
	struct slice bytes;
	bool little, wide; /* byte order; eight-byte offsets */
	/* What may still be looked at. Every entry and every strip takes up
	 * bytes of the file, so who needs more has come to them twice. */
	size_t budget;
};

/* An array of numbers: where, how many, of how many bytes. */
struct values {
	size_t at;
	uint64_t count;
	size_t size;
};

static uint64_t number_at(const struct walk *walk, size_t at, size_t size)
{
	const unsigned char *p = (const unsigned char *)walk->bytes.ptr + at;
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value = value << 8 | p[walk->little ? size - 1 - i : i];
	return value;
}

/* Bytes of a value of that type; 0 for types that are not known. */
static size_t type_size(uint64_t type)
{
	static const unsigned char sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
					      8, 4, 8, 4, 0, 0, 8, 8, 8};

	return type < sizeof(sizes) ? sizes[type] : 0;
}

/* Where the values of an entry are. False if behind the bytes. */
static bool find_values(const struct walk *walk, size_t entry,
			struct values *values)
{
	size_t wide = walk->wide ? 8 : 4, at = entry + 4 + wide;
	size_t len = walk->bytes.len;
	uint64_t offset;

	values->size = type_size(number_at(walk, entry + 2, 2));
	values->count = number_at(walk, entry + 4, wide);
	values->at = at;
	if (!values->size || values->count <= wide / values->size)
		return true;
	offset = number_at(walk, at, wide);
	if (offset > len || values->count > (len - offset) / values->size)
		return false;
	values->at = (size_t)offset;
	return true;
}

/* Nothing can be decoded without these. */
static bool is_needed(uint64_t tag)
{
	switch (tag) {
	case 258: /* BitsPerSample */
	case 273: /* StripOffsets */
	case 279: /* StripByteCounts */
	case 320: /* ColorMap */
	case 324: /* TileOffsets */
	case 325: /* TileByteCounts */
	case 339: /* SampleFormat */
	case 347: /* JPEGTables */
		return true;
	default:
		return false;
	}
}

static bool is_data_whole(struct walk *walk, const struct values *offsets,
			  const struct values *counts)
{
	uint64_t i, offset, count;

	if (offsets->count != counts->count || !offsets->size || !counts->size)
		return true;
	for (i = 0; i < offsets->count && walk->budget; i++, walk->budget--) {
		offset = number_at(walk, offsets->at + i * offsets->size,
				   offsets->size);
		count = number_at(walk, counts->at + i * counts->size,
				  counts->size);
		if (offset > walk->bytes.len ||
		    count > walk->bytes.len - offset)
			return false;
	}
	return true;
}

static bool are_entries_whole(struct walk *walk, size_t at, uint64_t count)
{
	struct values offsets = {0}, counts = {0}, values;
	size_t size = walk->wide ? 20 : 12;

	for (; count && walk->budget; count--, walk->budget--, at += size) {
		uint64_t tag = number_at(walk, at, 2);

		if (!is_needed(tag))
			continue;
		if (!find_values(walk, at, &values))
			return false;
		if (tag == 273 || tag == 324)
			offsets = values;
		if (tag == 279 || tag == 325)
			counts = values;
	}
	return is_data_whole(walk, &offsets, &counts);
}

/* Looks at one directory and follows its link: the offset of the next one, 0
 * at the end. False if this one is not all there. */
static bool is_directory_whole(struct walk *walk, uint64_t *offset)
{
	size_t len = walk->bytes.len, at;
	size_t head = walk->wide ? 8 : 2, entry = walk->wide ? 20 : 12;
	size_t link = walk->wide ? 8 : 4;
	uint64_t count;

	if (*offset > len || len - *offset < head + link)
		return false;
	at = (size_t)*offset;
	count = number_at(walk, at, head);
	if (count > (len - at - head - link) / entry)
		return false;
	*offset = number_at(walk, at + head + (size_t)count * entry, link);
	return are_entries_whole(walk, at + head, count);
}

static int tiff_missing(const char *what, struct err *err)
{
	return err_reason(err, ERR_BAD_INPUT, "truncated",
			  "the TIFF ends before %s", what);
}

int magic_tiff_check(struct slice bytes, struct err *err)
{
	struct walk walk = {
		.bytes = bytes,
		.little = bytes.ptr[0] == 'I',
		.wide = bytes.ptr[bytes.ptr[0] == 'I' ? 2 : 3] == '+',
		.budget = bytes.len / 2,
	};
	uint64_t offset;

	if (bytes.len < (walk.wide ? 16 : 8))
		return tiff_missing("its header does", err);
	offset = number_at(&walk, walk.wide ? 8 : 4, walk.wide ? 8 : 4);
	while (offset && walk.budget) {
		walk.budget--;
		if (!is_directory_whole(&walk, &offset))
			return tiff_missing("what it says it holds", err);
	}
	return 0;
}
