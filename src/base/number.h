/*
 * Doubles as the shortest decimal text that reads back as the same double,
 * exactly rounded, whatever the locale.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define DOUBLE_TEXT_MAX	  32
#define NUMBER_UINT64_MAX 20

/* Decimal digits of `value`, no NUL. Returns how many (1 to 20). */
size_t number_uint64(uint64_t value, char out[NUMBER_UINT64_MAX]);

/*
 * Decimal digits and exponent of a finite, positive double: value =
 * 0.D1D2D3... * 10^exponent with the fewest digits that read back the same.
 * Returns how many digits were written (1 to 17), no NUL.
 */
size_t double_digits(double value, char digits[18], int *exponent);

/*
 * As Python's repr: "0.1", "1e+22", "5e-324", "1.0", "-0.0", "nan", "inf".
 * Returns the length; `out` is NUL-terminated.
 */
size_t double_repr(double value, char out[DOUBLE_TEXT_MAX]);

/* The nearest double to a JSON or Python number text; +-inf where it is out
 * of range. The text must be a valid number. */
double double_parse(const char *text, size_t len);

#endif
