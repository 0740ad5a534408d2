/*
 * Doubles and decimal text.
 */
#include "base/number.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Interim: replaced by the exact reader. */
double double_parse(const char *text, size_t len)
{
	static locale_t plain;
	char copy[512];
	if (!plain)
		plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (len >= sizeof(copy))
		len = sizeof(copy) - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return strtod_l(copy, NULL, plain);
}

/* Interim: replaced by the exact writer. */
size_t double_repr(double value, char out[DOUBLE_TEXT_MAX])
{
	for (int precision = 1; precision <= 17; precision++) {
		int len = snprintf(out, DOUBLE_TEXT_MAX, "%.*g", precision,
				   value);
		if (double_parse(out, (size_t)len) == value)
			break;
	}
	return strlen(out);
}
