/*
 * Reads PHP's serialize() format, as PHP 8 writes it and as Python's
 * phpserialize does. Objects, enums and what carries its own code are refused.
 * References are read as copies of what they refer to, and a reference to what
 * is still being read as a cycle, which is refused.
 */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/build.h"
#include "codec/fail.h"
#include "codec/float.h"
#include "codec/php.h"

#define PAIR_MIN 6 /* bytes of the shortest pair, i:0;N; */

struct php_reader {
	struct cursor in;
	struct build build;
	struct buf scratch;
	/* What R:n may refer to: values in the order in which they begin, keys
	 * excluded. An array that is still open is VALUE_MAP without node. */
	struct value *slots;
	size_t slot_count, slot_cap;
};

static int fail_syntax(const struct php_reader *php, const char *message,
		       struct err *err)
{
	if (php->in.at == php->in.end)
		return cursor_fail_end(&php->in, err);
	return fail_read(err, "syntax", cursor_offset(&php->in), "%s", message);
}

static int expect(struct php_reader *php, char c, struct err *err)
{
	if (php->in.at == php->in.end || *php->in.at != (unsigned char)c)
		return fail_syntax(php,
				   "a character is not the one that must "
				   "stand here",
				   err);
	php->in.at++;
	return 0;
}

/* Everything up to `stop`, which is taken too. */
static int take_until(struct php_reader *php, char stop, struct slice *out,
		      struct err *err)
{
	size_t left = cursor_left(&php->in);
	const unsigned char *end = left ? memchr(php->in.at, stop, left) : NULL;

	if (!end) {
		php->in.at = php->in.end;
		return cursor_fail_end(&php->in, err);
	}
	*out = slice_of(php->in.at, (size_t)(end - php->in.at));
	php->in.at = end + 1;
	return 0;
}

/* A length or count: digits only, up to `stop`. Too large for 64 bits is too
 * large for the input. */
static int take_length(struct php_reader *php, char stop, uint64_t *out,
		       struct err *err)
{
	const unsigned char *begin = php->in.at;
	uint64_t sum = 0;

	for (; php->in.at < php->in.end && *php->in.at >= '0' &&
	       *php->in.at <= '9';
	     php->in.at++)
		sum = sum > UINT32_MAX
			      ? sum
			      : sum * 10 + (uint64_t)(*php->in.at - '0');
	if (php->in.at == begin)
		return fail_syntax(php, "a length is malformed", err);
	*out = sum;
	return expect(php, stop, err);
}

static int slot_add(struct php_reader *php, struct value value, struct err *err)
{
	if (php->slot_count == php->slot_cap) {
		size_t cap = php->slot_cap ? php->slot_cap * 2 : 64;
		struct value *slots =
			cap / 2 <= php->build.options->max_values
				? realloc(php->slots, cap * sizeof(value))
				: NULL;
		if (!slots)
			return fail_limit(err, "values", (int64_t)cap, "size",
					  "the input holds too many values");
		php->slots = slots;
		php->slot_cap = cap;
	}
	php->slots[php->slot_count++] = value;
	return 0;
}

/* The bytes of S:n:"...", in which \xx is a byte. */
static int take_escaped(struct php_reader *php, uint64_t len, struct slice *out,
			struct err *err)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	buf_clear(&php->scratch);
	while (len-- > 0) {
		int byte = 0;
		if (php->in.at == php->in.end)
			return cursor_fail_end(&php->in, err);
		char c = (char)*php->in.at++;
		for (int i = 0; c == '\\' && i < 2; i++) {
			const char *digit =
				php->in.at < php->in.end && *php->in.at
					? strchr(digits, *php->in.at)
					: NULL;
			if (!digit)
				return fail_syntax(
					php, "an escape is malformed", err);
			int n = (int)(digit - digits);
			byte = byte * 16 + (n > 15 ? n - 6 : n);
			php->in.at++;
		}
		buf_add_char(&php->scratch, c == '\\' ? (char)byte : c);
	}
	if (php->scratch.failed)
		return fail_output(err, &php->scratch);
	*out = buf_slice(&php->scratch);
	return 0;
}

/* Behind "s:" or "S:". */
static int take_string(struct php_reader *php, char type, struct slice *out,
		       struct err *err)
{
	uint64_t len = 0;

	if (take_length(php, ':', &len, err) || expect(php, '"', err))
		return -1;
	int r = type == 'S' ? take_escaped(php, len, out, err)
			    : cursor_take(&php->in, len, out, err);
	if (r || expect(php, '"', err))
		return -1;
	return expect(php, ';', err);
}

static bool is_utf8(struct slice text)
{
	return utf8_check(text) == text.len;
}

static int read_string(struct php_reader *php, char type, struct value *out,
		       struct err *err)
{
	struct slice bytes = {0};

	if (take_string(php, type, &bytes, err))
		return -1;
	return value_text(php->build.doc,
			  is_utf8(bytes) ? VALUE_TEXT : VALUE_BYTES, bytes, out,
			  err);
}

/* Behind "i:". */
static int read_int(struct php_reader *php, struct value *out, struct err *err)
{
	struct slice text = {0};

	if (take_until(php, ';', &text, err))
		return -1;
	int64_t at = text.ptr - (const char *)php->in.begin;
	if (value_decimal(php->build.doc, text, 1000, out, err)) {
		if (err && err->code == ERR_LIMIT)
			out->kind = VALUE_BIG;
		else
			return err_at(err, at);
	}
	if (out->kind == VALUE_BIG)
		return fail_read(err, "range", at,
				 "an integer does not fit 64 bits");
	return 0;
}

/* Behind "d:". PHP's own spellings of what is no number, and phpserialize's. */
static int read_double(struct php_reader *php, struct value *out,
		       struct err *err)
{
	struct slice text = {0};
	double number = 0;

	if (take_until(php, ';', &text, err))
		return -1;
	bool special = slice_is(text, "INF") || slice_is(text, "-INF") ||
		       slice_is(text, "NAN") || slice_is(text, "inf") ||
		       slice_is(text, "-inf") || slice_is(text, "nan");
	if (float_parse(text, &number) || (!special && isnan(number)))
		return fail_read(err, "syntax",
				 text.ptr - (const char *)php->in.begin,
				 "a double is malformed");
	if (!special && isinf(number)) {
		char last = text.ptr[text.len - 1];
		bool word = last != '.' && (last < '0' || last > '9');
		return fail_read(err, word ? "syntax" : "range",
				 text.ptr - (const char *)php->in.begin,
				 word ? "a double is malformed"
				      : "a number is too large for a double");
	}
	*out = value_double(number);
	return 0;
}

/* Behind "b:". */
static int read_bool(struct php_reader *php, struct value *out, struct err *err)
{
	if (php->in.at < php->in.end && *php->in.at != '0' &&
	    *php->in.at != '1')
		return fail_syntax(php, "a boolean is neither 0 nor 1", err);
	if (php->in.at == php->in.end)
		return cursor_fail_end(&php->in, err);
	*out = value_bool(*php->in.at++ == '1');
	return expect(php, ';', err);
}

/* Behind "R:". */
static int read_reference(struct php_reader *php, struct value *out,
			  struct err *err)
{
	uint64_t slot = 0;

	if (take_length(php, ';', &slot, err))
		return -1;
	if (slot < 1 || slot > php->slot_count)
		return fail_read(err, "syntax", cursor_offset(&php->in),
				 "a reference is to a value that does not "
				 "exist");
	*out = php->slots[slot - 1];
	if (value_is_text(*out))
		return value_text(php->build.doc, (enum value_kind)out->kind,
				  value_bytes(*out), out, err);
	if (!value_is_seq(*out))
		return 0;
	if (!out->seq)
		return fail_read(err, "cycle", cursor_offset(&php->in),
				 "an array refers to itself");
	php->build.doc->shared = true;
	php->build.doc->copied = true;
	return 0;
}

/* Behind "a:". */
static int open_array(struct php_reader *php, struct err *err)
{
	uint64_t count = 0;

	if (take_length(php, ':', &count, err) || expect(php, '{', err))
		return -1;
	if (count > cursor_left(&php->in) / PAIR_MIN + 1)
		return cursor_fail_end(&php->in, err);
	if (build_open(&php->build, VALUE_MAP, count * 2, err))
		return -1;
	build_top(&php->build)->extra = (uint32_t)php->slot_count;
	return slot_add(php, (struct value){.kind = VALUE_MAP}, err);
}

bool php_integer_key(struct slice text, int64_t *out)
{
	bool negative = text.len && *text.ptr == '-';
	size_t digits = text.len - negative;

	if (!digits || digits > 19 ||
	    (text.ptr[negative] == '0' && text.len > 1))
		return false;
	return text_int64(text, out) == 0;
}

static int read_key(struct php_reader *php, struct value *out, struct err *err)
{
	struct slice text = {0};
	int64_t integer;

	if (cursor_left(&php->in) < 2)
		return fail_syntax(php, "a key is cut", err);
	char type = (char)*php->in.at;
	if (php->in.at[1] != ':' && type != 'N')
		return fail_syntax(php, "a key is malformed", err);
	if (type == 'N' || type == 'b' || type == 'a' || type == 'd')
		return fail_read(err, "key", cursor_offset(&php->in),
				 "a key is neither an integer nor a string");
	php->in.at += 2;
	if (type == 'i')
		return read_int(php, out, err);
	if (type != 's' && type != 'S') {
		php->in.at -= 2;
		return fail_syntax(php, "a key is malformed", err);
	}
	if (take_string(php, type, &text, err))
		return -1;
	if (php_integer_key(text, &integer)) {
		*out = value_int(integer);
		return 0;
	}
	if (is_utf8(text))
		return value_key(php->build.doc, text, out, err);
	return value_text(php->build.doc, VALUE_BYTES, text, out, err);
}

/* One value, or the beginning of an array: 1 then. */
static int read_value(struct php_reader *php, struct value *out,
		      struct err *err)
{
	if (php->in.at == php->in.end)
		return cursor_fail_end(&php->in, err);
	char type = (char)*php->in.at;
	if (type == 'N') {
		php->in.at++;
		*out = value_null();
		return expect(php, ';', err) || slot_add(php, *out, err) ? -1
									 : 0;
	}
	if (!memchr("bidsSaRrOCE", type, 11))
		return fail_syntax(php, "a value is of an unknown type", err);
	php->in.at++;
	if (expect(php, ':', err))
		return -1;
	int r;
	switch (type) {
	case 'b':
		r = read_bool(php, out, err);
		break;
	case 'i':
		r = read_int(php, out, err);
		break;
	case 'd':
		r = read_double(php, out, err);
		break;
	case 's':
	case 'S':
		r = read_string(php, type, out, err);
		break;
	case 'a':
		return open_array(php, err) ? -1 : 1;
	case 'R':
		return read_reference(php, out, err);
	case 'r':
		php->in.at -= 2;
		return fail_syntax(php, "a reference is to no object", err);
	default:
		return fail_read(err, "unsafe", cursor_offset(&php->in) - 2,
				 "the input makes an object");
	}
	return r ? -1 : slot_add(php, *out, err);
}

/* Keys 0 to n-1 in order are what PHP has for a list. */
static void list_from_map(struct value *value)
{
	struct value_seq *seq = value->seq;
	uint32_t count = seq->count / 2;

	for (uint32_t i = 0; i < count; i++)
		if (seq->items[2 * i].kind != VALUE_INT ||
		    seq->items[2 * i].integer != i)
			return;
	for (uint32_t i = 0; i < count; i++)
		seq->items[i] = seq->items[2 * i + 1];
	seq->count = count;
	value->kind = VALUE_LIST;
}

static int close_array(struct php_reader *php, struct value *out,
		       struct err *err)
{
	uint32_t slot = build_top(&php->build)->extra;

	if (expect(php, '}', err) || build_close(&php->build, false, out, err))
		return -1;
	list_from_map(out);
	php->slots[slot] = *out;
	return 0;
}

static int read_all(struct php_reader *php, struct err *err)
{
	struct value value = value_null();

	for (;;) {
		struct build_level *top =
			php->build.depth ? build_top(&php->build) : NULL;
		int r;
		if (top && top->left == 0) {
			r = close_array(php, &value, err);
		} else if (top && top->left % 2 == 0) {
			top->left--;
			r = read_key(php, &value, err);
		} else {
			if (top)
				top->left--;
			r = read_value(php, &value, err);
		}
		if (r < 0 || (r == 0 && build_add(&php->build, value, err)))
			return -1;
		if (r == 0 && !php->build.depth)
			return 0;
	}
}

int php_decode(const struct codec_options *options, struct slice input,
	       struct value_doc *doc, struct codec_found *found,
	       struct err *err)
{
	struct php_reader php = {.in = cursor_of(input)};

	(void)found;
	build_init(&php.build, options, doc);
	buf_init(&php.scratch, input.len + 16);
	int r = read_all(&php, err);
	if (!r && cursor_left(&php.in))
		r = fail_read(err, "trailing", cursor_offset(&php.in),
			      "bytes follow the value");
	if (!r)
		doc->root = php.build.items[0];
	if (!r && doc->shared)
		r = value_measure(doc, options->max_depth, err);
	free(php.slots);
	buf_release(&php.scratch);
	build_release(&php.build);
	return r;
}
