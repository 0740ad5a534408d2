/*
 * BlurHash, ThumbHash and the dominant colour. Knows nothing of files and
 * libraries: small RGBA pixels in, bytes out.
 */
#include "image/hints.h"

#include <math.h>
#include <stdlib.h>

#define SIDE_MAX 100
#define PI	 3.14159265358979323846

/*
 * Both hashes are cosine transforms. cos(pi / length * component * (i + shift))
 * for each i of a side: taken once a side, as a cosine for each pixel would
 * cost more than the decoding of a picture.
 */
static void fill_cosines(double *out, int length, int component, double shift)
{
	int i;

	for (i = 0; i < length; i++)
		out[i] = cos(PI / length * component * (i + shift));
}

/* --- BlurHash -------------------------------------------------------------- */

static double to_linear(double value)
{
	value /= 255;
	return value <= 0.04045 ? value / 12.92
				: pow((value + 0.055) / 1.055, 2.4);
}

static int to_srgb(double value)
{
	value = fmin(fmax(value, 0), 1);
	if (value <= 0.0031308)
		return (int)(value * 12.92 * 255 + 0.5);
	return (int)((1.055 * pow(value, 1 / 2.4) - 0.055) * 255 + 0.5);
}

static char *put_base83(char *out, int value, int digits)
{
	static const char alphabet[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"#$%*+,-.:;=?@[]^_{|}~";
	int i;

	for (i = digits - 1; i >= 0; i--) {
		out[i] = alphabet[value % 83];
		value /= 83;
	}
	return out + digits;
}

/* Every pixel on white, linear. The caller frees. */
static double *linear_pixels(const struct hint_pixels *pixels)
{
	size_t count = (size_t)pixels->width * (size_t)pixels->height, i;
	double *linear = malloc(count * 3 * sizeof(*linear)), table[256];
	int c;

	for (i = 0; i < 256; i++)
		table[i] = to_linear((double)i);
	for (i = 0; linear && i < count; i++) {
		const unsigned char *p = pixels->rgba + 4 * i;

		for (c = 0; c < 3; c++)
			linear[3 * i + (size_t)c] =
				table[(p[c] * p[3] + 255 * (255 - p[3])) / 255];
	}
	return linear;
}

static void blurhash_factor(const struct hint_pixels *pixels,
			    const double *linear, const int component[2],
			    double factor[3])
{
	double across[SIDE_MAX], down[SIDE_MAX], sum[3] = {0}, scale;
	int x, y, c;

	fill_cosines(across, pixels->width, component[0], 0);
	fill_cosines(down, pixels->height, component[1], 0);
	for (y = 0; y < pixels->height; y++) {
		for (x = 0; x < pixels->width; x++, linear += 3) {
			double basis = down[y] * across[x];

			for (c = 0; c < 3; c++)
				sum[c] += basis * linear[c];
		}
	}
	scale = (component[0] || component[1] ? 2.0 : 1.0) /
		(pixels->width * pixels->height);
	for (c = 0; c < 3; c++)
		factor[c] = sum[c] * scale;
}

static int quantize_factor(double value, double max)
{
	double root = copysign(sqrt(fabs(value / max)), value);

	return (int)fmin(fmax(floor(root * 9 + 9.5), 0), 18);
}

static int largest_factor(double factors[][3], int count)
{
	double max = 0;
	int i, c;

	for (i = 1; i < count; i++) {
		for (c = 0; c < 3; c++)
			max = fmax(max, fabs(factors[i][c]));
	}
	return (int)fmin(fmax(floor(max * 166 - 0.5), 0), 82);
}

void hints_blurhash(const struct hint_pixels *pixels,
		    char out[IMAGE_BLURHASH_MAX])
{
	bool upright = pixels->height > pixels->width;
	int across = upright ? 3 : 4, down = upright ? 4 : 3;
	double *linear = linear_pixels(pixels), factors[12][3], max;
	int i, quantized;

	*out = '\0';
	if (!linear)
		return;
	for (i = 0; i < across * down; i++)
		blurhash_factor(pixels, linear,
				(int[2]){i % across, i / across}, factors[i]);
	free(linear);
	quantized = largest_factor(factors, across * down);
	max = (quantized + 1) / 166.0;
	out = put_base83(out, (across - 1) + (down - 1) * 9, 1);
	out = put_base83(out, quantized, 1);
	out = put_base83(out,
			 to_srgb(factors[0][0]) << 16 |
				 to_srgb(factors[0][1]) << 8 |
				 to_srgb(factors[0][2]),
			 4);
	for (i = 1; i < across * down; i++)
		out = put_base83(out,
				 quantize_factor(factors[i][0], max) * 361 +
					 quantize_factor(factors[i][1], max) *
						 19 +
					 quantize_factor(factors[i][2], max),
				 2);
	*out = '\0';
}

/* --- ThumbHash ------------------------------------------------------------- */

/* One channel's cosine terms: a constant, then those under the diagonal. */
struct thumb_channel {
	double constant, scale;
	double terms[40];
	int count;
};

/* Luminance, yellow-blue, red-green, alpha, composited over the mean. */
struct thumb_planes {
	double *plane[4];
	bool alpha;
};

static void thumb_planes(const struct hint_pixels *pixels,
			 struct thumb_planes *out)
{
	int count = pixels->width * pixels->height, i, c;
	double mean[4] = {0};

	for (i = 0; i < count; i++) {
		const unsigned char *p = pixels->rgba + 4 * i;
		double alpha = p[3] / 255.0;

		for (c = 0; c < 3; c++)
			mean[c] += alpha / 255 * p[c];
		mean[3] += alpha;
	}
	for (c = 0; c < 3 && mean[3] > 0; c++)
		mean[c] /= mean[3];
	out->alpha = mean[3] < count;
	for (i = 0; i < count; i++) {
		const unsigned char *p = pixels->rgba + 4 * i;
		double alpha = p[3] / 255.0, rgb[3];

		for (c = 0; c < 3; c++)
			rgb[c] = mean[c] * (1 - alpha) + alpha / 255 * p[c];
		out->plane[0][i] = (rgb[0] + rgb[1] + rgb[2]) / 3;
		out->plane[1][i] = (rgb[0] + rgb[1]) / 2 - rgb[2];
		out->plane[2][i] = rgb[0] - rgb[1];
		out->plane[3][i] = alpha;
	}
}

static double thumb_term(const struct hint_pixels *pixels, const double *plane,
			 int across, int down)
{
	double fx[SIDE_MAX], fy[SIDE_MAX], sum = 0;
	int x, y;

	fill_cosines(fx, pixels->width, across, 0.5);
	fill_cosines(fy, pixels->height, down, 0.5);
	for (y = 0; y < pixels->height; y++) {
		for (x = 0; x < pixels->width; x++)
			sum += *plane++ * fy[y] * fx[x];
	}
	return sum / (pixels->width * pixels->height);
}

static void thumb_channel(const struct hint_pixels *pixels, const double *plane,
			  const int size[2], struct thumb_channel *out)
{
	int cx, cy, i;

	*out = (struct thumb_channel){0};
	for (cy = 0; cy < size[1]; cy++) {
		for (cx = 0; cx * size[1] < size[0] * (size[1] - cy); cx++) {
			double term = thumb_term(pixels, plane, cx, cy);

			if (!cx && !cy) {
				out->constant = term;
				continue;
			}
			out->terms[out->count++] = term;
			out->scale = fmax(out->scale, fabs(term));
		}
	}
	for (i = 0; i < out->count && out->scale > 0; i++)
		out->terms[i] = 0.5 + 0.5 / out->scale * out->terms[i];
}

static int thumb_round(double value)
{
	return (int)floor(value + 0.5);
}

static size_t thumb_terms(const struct thumb_channel *channel, bool *high,
			  unsigned char *out, size_t len)
{
	int i;

	for (i = 0; i < channel->count; i++) {
		int nibble = thumb_round(15 * channel->terms[i]);

		if (*high)
			out[len - 1] |= (unsigned char)(nibble << 4);
		else
			out[len++] = (unsigned char)nibble;
		*high = !*high;
	}
	return len;
}

/* The header's fixed fields, little-endian. Returns its length. */
static size_t thumb_header(const struct thumb_channel channels[4],
			   const struct hint_pixels *pixels, const int *lsize,
			   bool alpha, unsigned char *out)
{
	bool landscape = pixels->width > pixels->height;
	uint32_t first =
		(uint32_t)thumb_round(63 * channels[0].constant) |
		(uint32_t)thumb_round(31.5 + 31.5 * channels[1].constant) << 6 |
		(uint32_t)thumb_round(31.5 + 31.5 * channels[2].constant)
			<< 12 |
		(uint32_t)thumb_round(31 * channels[0].scale) << 18 |
		(uint32_t)alpha << 23;
	uint32_t second = (uint32_t)(landscape ? lsize[1] : lsize[0]) |
			  (uint32_t)thumb_round(63 * channels[1].scale) << 3 |
			  (uint32_t)thumb_round(63 * channels[2].scale) << 9 |
			  (uint32_t)landscape << 15;

	out[0] = (unsigned char)first;
	out[1] = (unsigned char)(first >> 8);
	out[2] = (unsigned char)(first >> 16);
	out[3] = (unsigned char)second;
	out[4] = (unsigned char)(second >> 8);
	if (!alpha)
		return 5;
	out[5] = (unsigned char)(thumb_round(15 * channels[3].constant) |
				 thumb_round(15 * channels[3].scale) << 4);
	return 6;
}

size_t hints_thumbhash(const struct hint_pixels *pixels,
		       unsigned char out[IMAGE_THUMBHASH_MAX])
{
	int count = pixels->width * pixels->height, i;
	double *memory = calloc((size_t)count * 4, sizeof(*memory));
	struct thumb_planes planes;
	struct thumb_channel channels[4] = {0};
	int longest =
		pixels->width > pixels->height ? pixels->width : pixels->height;
	int lsize[2], limit;
	bool high = false;
	size_t len;

	if (!memory)
		return 0;
	for (i = 0; i < 4; i++)
		planes.plane[i] = memory + (size_t)i * (size_t)count;
	thumb_planes(pixels, &planes);
	limit = planes.alpha ? 5 : 7;
	lsize[0] = thumb_round((double)limit * pixels->width / longest);
	lsize[1] = thumb_round((double)limit * pixels->height / longest);
	for (i = 0; i < 2; i++)
		lsize[i] = lsize[i] < 1 ? 1 : lsize[i];
	thumb_channel(pixels, planes.plane[0],
		      (int[2]){lsize[0] < 3 ? 3 : lsize[0],
			       lsize[1] < 3 ? 3 : lsize[1]},
		      &channels[0]);
	thumb_channel(pixels, planes.plane[1], (int[2]){3, 3}, &channels[1]);
	thumb_channel(pixels, planes.plane[2], (int[2]){3, 3}, &channels[2]);
	if (planes.alpha)
		thumb_channel(pixels, planes.plane[3], (int[2]){5, 5},
			      &channels[3]);
	len = thumb_header(channels, pixels, lsize, planes.alpha, out);
	for (i = 0; i < (planes.alpha ? 4 : 3); i++)
		len = thumb_terms(&channels[i == 3 ? 3 : i], &high, out, len);
	free(memory);
	return len;
}

/* --- Dominant colour ------------------------------------------------------- */

void hints_color(const struct hint_pixels *pixels, unsigned char out[3])
{
	static const unsigned char white[3] = {255, 255, 255};
	struct cell {
		uint32_t weight, sum[3];
	} *cells = calloc(4096, sizeof(*cells)), *best;
	int count = pixels->width * pixels->height, i, c;

	memcpy(out, white, 3);
	if (!cells)
		return;
	best = cells;
	for (i = 0; i < count; i++) {
		const unsigned char *p = pixels->rgba + 4 * i;
		struct cell *cell =
			&cells[(p[0] >> 4) << 8 | (p[1] >> 4) << 4 | p[2] >> 4];

		cell->weight += p[3];
		for (c = 0; c < 3; c++)
			cell->sum[c] += (uint32_t)p[c] * p[3];
		if (cell->weight > best->weight)
			best = cell;
	}
	for (c = 0; c < 3 && best->weight; c++)
		out[c] = (unsigned char)((best->sum[c] + best->weight / 2) /
					 best->weight);
	free(cells);
}
