/*
 * Scaling of plain pixels, compiled in here: against the same sums in floating
 * point, and what any scaling must keep.
 */
#include <criterion/criterion.h>
#include "image/resample.c"

static struct resample_pixels pixels(int width, int height, int bands)
{
	return (struct resample_pixels){
		calloc((size_t)width * (size_t)height, (size_t)bands), width,
		height, bands};
}

static const int sizes[][4] = {
	{500, 375, 256, 192}, {100, 100, 99, 100}, {100, 100, 100, 34},
	{7, 9, 3, 3},	      {1, 50, 1, 17},	   {3, 1, 1, 1},
	{2, 2, 1, 1},	      {64, 5, 22, 5},
};
#define SIZES ((int)(sizeof(sizes) / sizeof(sizes[0])))

Test(resample, fits)
{
	cr_expect(resample_fits(500, 375, 3, 256, 192));
	cr_expect(resample_fits(300, 300, 3, 100, 100));
	cr_expect_not(resample_fits(301, 300, 3, 100, 100), "over threefold");
	cr_expect_not(resample_fits(100, 100, 3, 100, 100), "nothing to do");
	cr_expect_not(resample_fits(100, 100, 3, 101, 50), "grows");
	cr_expect_not(resample_fits(4000, 3000, 3, 2000, 1500), "too large");
	cr_expect_not(resample_fits(10, 10, 5, 5, 5), "five bands");
	cr_expect_not(resample_fits(10, 10, 3, 0, 5), "no width");
}

/* One colour stays what it is, to the last bit, also at the edges. */
Test(resample, one_colour)
{
	static const unsigned char colour[] = {255, 1, 128, 0};
	int i, bands;

	for (i = 0; i < SIZES; i++) {
		for (bands = 1; bands <= 4; bands++) {
			struct resample_pixels in =
				pixels(sizes[i][0], sizes[i][1], bands);
			struct resample_pixels out =
				pixels(sizes[i][2], sizes[i][3], bands);
			int count = in.width * in.height * bands, j;

			for (j = 0; j < count; j++)
				in.bytes[j] = colour[j % bands];
			cr_assert_eq(resample(&in, &out), 0);
			count = out.width * out.height * bands;
			for (j = 0; j < count; j++)
				cr_assert_eq(out.bytes[j], colour[j % bands],
					     "size %d, %d bands, at %d", i,
					     bands, j);
			free(in.bytes);
			free(out.bytes);
		}
	}
}

/* The kernel's sum in floating point, both passes at once. */
static double reference(const struct resample_pixels *in, int x, int y,
			double factor_x, double factor_y)
{
	double centre_x = (x + 0.5) * factor_x - 0.5, sum = 0, whole = 0;
	double centre_y = (y + 0.5) * factor_y - 0.5;
	int i, j;

	for (j = (int)ceil(centre_y - 3 * factor_y);
	     j <= centre_y + 3 * factor_y; j++) {
		for (i = (int)ceil(centre_x - 3 * factor_x);
		     i <= centre_x + 3 * factor_x; i++) {
			int row = j < 0		   ? 0
				  : j < in->height ? j
						   : in->height - 1;
			int col = i < 0 ? 0 : i < in->width ? i : in->width - 1;
			double weight = lanczos((i - centre_x) / factor_x) *
					lanczos((j - centre_y) / factor_y);

			sum += weight * in->bytes[row * in->width + col];
			whole += weight;
		}
	}
	sum /= whole;
	return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

/* Soft pictures, so that rounding between the passes is all that differs. */
Test(resample, against_sums_in_floating_point)
{
	int i, x, y;

	for (i = 0; i < SIZES; i++) {
		struct resample_pixels in = pixels(sizes[i][0], sizes[i][1], 1);
		struct resample_pixels out =
			pixels(sizes[i][2], sizes[i][3], 1);
		double factor_x = (double)in.width / out.width;
		double factor_y = (double)in.height / out.height, worst = 0;

		for (y = 0; y < in.height; y++)
			for (x = 0; x < in.width; x++)
				in.bytes[y * in.width + x] =
					(unsigned char)(128 +
							60 * sin(x * 0.3) +
							60 * cos(y * 0.2));
		cr_assert_eq(resample(&in, &out), 0);
		for (y = 0; y < out.height; y++) {
			for (x = 0; x < out.width; x++) {
				double got = out.bytes[y * out.width + x];
				double want = reference(&in, x, y, factor_x,
							factor_y);

				worst = fmax(worst, fabs(got - want));
			}
		}
		cr_expect_leq(worst, 1.6, "size %d: off by %.2f", i, worst);
		free(in.bytes);
		free(out.bytes);
	}
}

/* Hard edges overshoot: what leaves 0 to 255 is cut off, never wrapped. */
Test(resample, overshoot)
{
	struct resample_pixels in = pixels(60, 60, 1);
	struct resample_pixels out = pixels(31, 31, 1);
	int x, y;

	for (y = 0; y < 60; y++)
		for (x = 30; x < 60; x++)
			in.bytes[y * 60 + x] = 255;
	cr_assert_eq(resample(&in, &out), 0);
	for (y = 0; y < 31; y++) {
		for (x = 0; x < 15; x++)
			cr_assert_leq(out.bytes[y * 31 + x], 30);
		for (x = 16; x < 31; x++)
			cr_assert_geq(out.bytes[y * 31 + x], 225);
	}
	free(in.bytes);
	free(out.bytes);
}
