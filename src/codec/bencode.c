/*
 * bencode (BEP 3): integers, byte strings, lists, dictionaries. Strings that
 * are UTF-8 are read as text. Dictionaries are written in the order of their
 * keys' bytes, as the format demands, and read in any order.
 */
#include <stdlib.h>

#include "base/text.h"
#include "codec/build.h"
#include "codec/codecs.h"
#include "codec/decimal.h"
#include "codec/fail.h"
#include "codec/walk.h"

#define FORMAT "bencode"

/* --- Reading -------------------------------------------------------------- */

struct bencode_reader {
	struct cursor in;
	struct build build;
};

static int fail_syntax(const struct bencode_reader *bencode,
		       const char *message, struct err *err)
{
	if (bencode->in.at == bencode->in.end)
		return cursor_fail_end(&bencode->in, err);
	return fail_read(err, "syntax", cursor_offset(&bencode->in), "%s",
			 message);
}

/* Digits, behind "i": no plus, no leading zeros, no -0. */
static int read_int(struct bencode_reader *bencode, struct value *out,
		    struct err *err)
{
	struct cursor *in = &bencode->in;
	const unsigned char *begin = in->at;
	const unsigned char *end =
		cursor_left(in) ? memchr(begin, 'e', cursor_left(in)) : NULL;

	if (!end)
		return cursor_fail_end(in, err);
	struct slice text = slice_of(begin, (size_t)(end - begin));
	bool negative = text.len && *text.ptr == '-';
	if (text.len == negative || text.ptr[0] == '+' ||
	    (text.ptr[negative] == '0' && text.len > 1))
		return fail_syntax(bencode, "an integer is malformed", err);
	in->at = end + 1;
	return value_decimal(bencode->build.doc, text,
			     bencode->build.options->max_digits, out, err);
}

static int take_string(struct bencode_reader *bencode, struct slice *out,
		       struct err *err)
{
	struct cursor *in = &bencode->in;
	const unsigned char *begin = in->at;
	uint64_t len = 0;

	for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++)
		len = len > UINT32_MAX ? len
				       : len * 10 + (uint64_t)(*in->at - '0');
	if (in->at == in->end || *in->at != ':' || in->at == begin ||
	    (*begin == '0' && in->at - begin > 1))
		return fail_syntax(bencode, "a length is malformed", err);
	in->at++;
	return cursor_take(in, len, out, err);
}

static int read_string(struct bencode_reader *bencode, bool key,
		       struct value *out, struct err *err)
{
	struct slice bytes = {0};

	if (take_string(bencode, &bytes, err))
		return -1;
	bool text = utf8_check(bytes) == bytes.len;
	if (text && key)
		return value_key(bencode->build.doc, bytes, out, err);
	return value_text(bencode->build.doc, text ? VALUE_TEXT : VALUE_BYTES,
			  bytes, out, err);
}

/* One value, or the beginning (1) of a container. */
static int read_value(struct bencode_reader *bencode, struct value *out,
		      struct err *err)
{
	struct build *build = &bencode->build;
	struct cursor *in = &bencode->in;

	if (in->at == in->end)
		return cursor_fail_end(in, err);
	bool key = build->depth && build_top(build)->kind == VALUE_MAP &&
		   (build->count - build_top(build)->start) % 2 == 0;
	char c = (char)*in->at;
	if (c >= '0' && c <= '9')
		return read_string(bencode, key, out, err);
	if (key && (c == 'i' || c == 'l' || c == 'd'))
		return fail_read(err, "key", cursor_offset(in),
				 "a key is not a string");
	if (c != 'i' && c != 'l' && c != 'd')
		return fail_syntax(bencode, "a value is of an unknown type",
				   err);
	in->at++;
	if (c == 'i')
		return read_int(bencode, out, err);
	return build_open(build, c == 'd' ? VALUE_MAP : VALUE_LIST, 0, err) ? -1
									    : 1;
}

static int close_top(struct bencode_reader *bencode, struct value *out,
		     struct err *err)
{
	struct build *build = &bencode->build;
	const struct build_level *top = build_top(build);

	if (top->kind == VALUE_MAP && (build->count - top->start) % 2)
		return fail_syntax(bencode, "a dictionary ends behind a key",
				   err);
	bencode->in.at++;
	return build_close(build, false, out, err);
}

static int bencode_decode(const struct codec_options *options,
			  struct slice input, struct value_doc *doc,
			  struct codec_found *found, struct err *err)
{
	struct bencode_reader bencode = {.in = cursor_of(input)};
	struct build *build = &bencode.build;
	struct value value = value_null();
	int r;

	(void)found;
	build_init(build, options, doc);
	do {
		bool end = build->depth && bencode.in.at < bencode.in.end &&
			   *bencode.in.at == 'e';
		r = end ? close_top(&bencode, &value, err)
			: read_value(&bencode, &value, err);
		if (r == 0)
			r = build_add(build, value, err);
	} while (r == 1 || (r == 0 && build->depth));
	if (!r && cursor_left(&bencode.in))
		r = fail_read(err, "trailing", cursor_offset(&bencode.in),
			      "bytes follow the value");
	if (!r)
		doc->root = build->items[0];
	build_release(build);
	return r;
}

/* --- Writing -------------------------------------------------------------- */

struct bencode_writer {
	struct value_doc *doc;
	struct buf *out;
	struct walk walk;
};

static int put_string(struct bencode_writer *bencode, struct value value,
		      struct err *err)
{
	struct slice bytes = value_bytes(value);
	char head[DECIMAL_MAX];

	if (value.kind == VALUE_TEXT && text_has_surrogate(bytes))
		return walk_fail_surrogate(&bencode->walk, err, FORMAT);
	buf_add(bencode->out, head, decimal_put(head, (int64_t)bytes.len));
	buf_add_char(bencode->out, ':');
	return buf_add_slice(bencode->out, bytes);
}

static int compare_keys(const void *left, const void *right)
{
	const struct value *a = left;
	const struct value *b = right;
	size_t len = a->text->len < b->text->len ? a->text->len : b->text->len;
	int r = memcmp(a->text->bytes, b->text->bytes, len);

	return r ? r
		 : (a->text->len > b->text->len) -
			       (a->text->len < b->text->len);
}

/* The top's pairs in the order of their keys, as a copy. */
static int sort_top(struct bencode_writer *bencode, struct err *err)
{
	struct walk_frame *top = walk_top(&bencode->walk);
	struct value copy;

	for (uint32_t i = 0; i < top->count; i += 2)
		if (!value_is_text(top->items[i])) {
			top->at = i + 1;
			return walk_fail_key(
				&bencode->walk, err,
				(enum value_kind)top->items[i].kind, FORMAT);
		}
	if (value_seq_of(bencode->doc, VALUE_MAP, top->items, top->count, &copy,
			 err))
		return -1;
	struct value *items = copy.seq->items;
	if (top->count > 2)
		qsort(items, top->count / 2, 2 * sizeof(*items), compare_keys);
	top->items = items;
	/* Text and bytes may be the same string here. */
	for (uint32_t i = 2; i < top->count; i += 2)
		if (!compare_keys(&items[i - 2], &items[i])) {
			top->at = i + 1;
			return walk_fail(&bencode->walk, err, "key",
					 "two keys are the same string in "
					 "bencode");
		}
	return 0;
}

static int put_value(struct bencode_writer *bencode, struct value value,
		     struct err *err)
{
	switch (value.kind) {
	case VALUE_INT:
		return buf_printf(bencode->out, "i%llde",
				  (long long)value.integer);
	case VALUE_BIG:
		return buf_printf(bencode->out, "i%se", value.text->bytes);
	case VALUE_TEXT:
	case VALUE_BYTES:
	case VALUE_BYTEARRAY:
		return put_string(bencode, value, err);
	case VALUE_LIST:
	case VALUE_TUPLE:
		buf_add_char(bencode->out, 'l');
		return walk_push(&bencode->walk, value, err);
	case VALUE_MAP:
		buf_add_char(bencode->out, 'd');
		return walk_push(&bencode->walk, value, err) ||
				       sort_top(bencode, err)
			       ? -1
			       : 0;
	default:
		return walk_fail_kind(&bencode->walk, err,
				      (enum value_kind)value.kind, FORMAT);
	}
}

static int bencode_encode(const struct codec_options *options,
			  struct value_doc *doc, struct buf *out,
			  struct err *err)
{
	struct bencode_writer bencode = {.doc = doc, .out = out};
	struct walk *walk = &bencode.walk;
	struct value value = doc->root;
	int r;

	walk_init(walk, options->max_depth);
	for (;;) {
		r = put_value(&bencode, value, err);
		while (!r && walk->depth &&
		       walk_top(walk)->at == walk_top(walk)->count) {
			walk->depth--;
			r = buf_add_char(out, 'e');
		}
		if (r || !walk->depth)
			break;
		value = walk_next(walk);
	}
	walk_release(walk);
	return r;
}

const struct codec codec_bencode = {
	.name = "bencode",
	.summary = "bencode, of BitTorrent (BEP 3)",
	.decode = bencode_decode,
	.encode = bencode_encode,
};
