/*
 * Decoding of strings, shared by the tree and by those who read spans.
 */
#ifndef BASE_JSON_VALUE_H
#define BASE_JSON_VALUE_H

#include "base/json.h"

/*
 * Decodes what stands between the quotes of a checked string into `out`, which
 * has room for `raw.len` bytes: nothing gets longer. Lone surrogates become
 * WTF-8; *lone is where the first one's escape begins, or is left alone.
 * Returns the length.
 */
size_t json_value_decode(struct slice raw, char *out, const char **lone);

#endif
