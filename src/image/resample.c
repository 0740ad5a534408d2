/*
 * Two passes of weighted sums, rows first: whole rows at a time, which a
 * compiler turns into vector instructions. libvips 8.14 needs five times as
 * long without its compiler at run time, which a sandbox cannot have.
 */
#include "image/resample.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PI	   3.14159265358979323846
#define LOBES	   3
#define FACTOR_MAX 3
/* Bits behind the point of a weight. */
#define POINT 14
/* Both ends of the widest filter. */
#define TAPS_MAX  (2 * LOBES * FACTOR_MAX + 2)
#define BYTES_MAX ((int64_t)16 << 20)

/* What one row or column of the result is made of. */
struct taps {
	int first, count;
	int16_t weights[TAPS_MAX];
};

bool resample_fits(int width, int height, int bands, int new_width,
		   int new_height)
{
	return new_width >= 1 && new_height >= 1 && new_width <= width &&
	       new_height <= height &&
	       (new_width < width || new_height < height) &&
	       width <= (int64_t)new_width * FACTOR_MAX &&
	       height <= (int64_t)new_height * FACTOR_MAX && bands >= 1 &&
	       bands <= 4 && (int64_t)width * height * bands <= BYTES_MAX;
}

static double lanczos(double x)
{
	if (fabs(x) < 1e-9)
		return 1;
	if (fabs(x) >= LOBES)
		return 0;
	return LOBES * sin(PI * x) * sin(PI * x / LOBES) / (PI * PI * x * x);
}

/* Taps of position `i`. What would be behind an edge falls to the pixel there. */
static void plan_taps(struct taps *taps, int i, int from, int to)
{
	double factor = (double)from / to, weights[TAPS_MAX] = {0}, sum = 0;
	double centre = (i + 0.5) * factor - 0.5;
	int begin = (int)ceil(centre - LOBES * factor);
	int end = (int)floor(centre + LOBES * factor), j, left = 1 << POINT;
	int largest = 0;

	taps->first = begin < 0 ? 0 : begin;
	taps->count = (end < from ? end + 1 : from) - taps->first;
	for (j = begin; j <= end; j++) {
		int at = (j < 0 ? 0 : j < from ? j : from - 1) - taps->first;
		double weight = lanczos((j - centre) / factor);

		weights[at] += weight;
		sum += weight;
	}
	for (j = 0; j < taps->count; j++) {
		taps->weights[j] =
			(int16_t)lrint(weights[j] / sum * (1 << POINT));
		left -= taps->weights[j];
		if (taps->weights[j] > taps->weights[largest])
			largest = j;
	}
	/* One colour stays what it is. */
	taps->weights[largest] = (int16_t)(taps->weights[largest] + left);
}

static struct taps *plan(int from, int to)
{
	struct taps *taps = calloc((size_t)to, sizeof(*taps));
	int i;

	for (i = 0; taps && i < to; i++)
		plan_taps(&taps[i], i, from, to);
	return taps;
}

static unsigned char sample_of(int32_t sum)
{
	sum >>= POINT;
	return (unsigned char)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* sums += weight * row: the loop that counts. */
static void add_row(int32_t *restrict sums, const unsigned char *restrict row,
		    int16_t weight, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sums[i] += (int16_t)row[i] * weight;
}

static void make_row(const struct resample_pixels *in, const struct taps *taps,
		     int32_t *sums, unsigned char *out)
{
	size_t len = (size_t)in->width * (size_t)in->bands, i;
	const unsigned char *row = in->bytes + (size_t)taps->first * len;
	int j;

	for (i = 0; i < len; i++)
		sums[i] = 1 << (POINT - 1);
	for (j = 0; j < taps->count; j++, row += len)
		add_row(sums, row, taps->weights[j], len);
	for (i = 0; i < len; i++)
		out[i] = sample_of(sums[i]);
}

/* With a constant for the bands the compiler unrolls the inner loop. */
static inline void squeeze(const unsigned char *row, const struct taps *taps,
			   int width, int bands, unsigned char *out)
{
	int x, j, band;

	for (x = 0; x < width; x++, taps++) {
		const unsigned char *at = row + taps->first * bands;
		int32_t sums[4] = {1 << (POINT - 1), 1 << (POINT - 1),
				   1 << (POINT - 1), 1 << (POINT - 1)};

		for (j = 0; j < taps->count; j++, at += bands)
			for (band = 0; band < bands; band++)
				sums[band] += at[band] * taps->weights[j];
		for (band = 0; band < bands; band++)
			*out++ = sample_of(sums[band]);
	}
}

static void squeeze_row(const unsigned char *row, const struct taps *taps,
			const struct resample_pixels *out, int y)
{
	unsigned char *to = out->bytes +
			    (size_t)y * (size_t)out->width * (size_t)out->bands;

	if (out->bands == 3)
		squeeze(row, taps, out->width, 3, to);
	else if (out->bands == 1)
		squeeze(row, taps, out->width, 1, to);
	else
		squeeze(row, taps, out->width, out->bands, to);
}

int resample(const struct resample_pixels *in, struct resample_pixels *out)
{
	size_t len = (size_t)in->width * (size_t)in->bands;
	struct taps *across = plan(in->width, out->width);
	struct taps *down = plan(in->height, out->height);
	int32_t *sums = malloc(len * sizeof(*sums));
	unsigned char *row = malloc(len);
	int y, status = across && down && sums && row ? 0 : -1;

	for (y = 0; y < out->height && !status; y++) {
		make_row(in, &down[y], sums, row);
		squeeze_row(row, across, out, y);
	}
	free(across);
	free(down);
	free(sums);
	free(row);
	return status;
}
