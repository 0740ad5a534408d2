/*
 * Writes a made photograph, so that a demonstration needs no file of anyone's:
 * hills in the evening, one behind the other, with mist and grain.
 *
 *	make_photo WIDTH HEIGHT > photo.png
 *
 * The same size gives the same bytes with the same zlib.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define EDGE_MAX 8000
#define LAYERS	 5

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352d;
	x ^= x >> 15;
	x *= 0x846ca68b;
	return x ^ x >> 16;
}

static double noise_at(int x, uint32_t seed)
{
	return mix((uint32_t)x * 2654435761u + seed) / 4294967295.0;
}

/* One octave: random heights, smoothly joined. */
static double smooth_noise(double x, uint32_t seed)
{
	double left = floor(x), t = x - left;

	t = t * t * (3 - 2 * t);
	return noise_at((int)left, seed) * (1 - t) +
	       noise_at((int)left + 1, seed) * t;
}

static double ridge(double x, int layer)
{
	double height = 0, size = 0.5, cells = 2.5 + layer;
	int octave;

	for (octave = 0; octave < 8; octave++) {
		height += size * smooth_noise(x * cells,
					      (uint32_t)(layer * 97 + octave));
		size /= 2;
		cells *= 2;
	}
	return height;
}

/* Colour at (x, y), each from 0 to 1 from the top left. */
static void paint(double x, double y, const double *ridges, double rgb[3])
{
	static const double high[3] = {48, 74, 130}, low[3] = {252, 186, 120};
	static const double near[3] = {18, 28, 30}, far[3] = {196, 150, 138};
	double sun = hypot((x - 0.68) * 1.5, y - 0.42), glow, t;
	int layer, c;

	glow = 90 * exp(-sun * sun * 30) + (sun < 0.045 ? 120 : 0);
	for (c = 0; c < 3; c++)
		rgb[c] = high[c] + (low[c] - high[c]) * fmin(1, y * 1.6) +
			 glow * (c == 2 ? 0.6 : 1);
	for (layer = 0; layer < LAYERS; layer++) {
		double top = 0.42 + 0.13 * layer - 0.3 * (ridges[layer] - 0.5);

		if (y < top)
			continue;
		t = (double)layer / (LAYERS - 1);
		for (c = 0; c < 3; c++) {
			rgb[c] = far[c] + (near[c] - far[c]) * t;
			/* Mist gathers below each crest. */
			rgb[c] += (1 - t) * 40 * fmin(1, (y - top) * 5);
		}
	}
}

static unsigned char *draw(int width, int height)
{
	size_t stride = (size_t)width * 3 + 1;
	unsigned char *rows = malloc(stride * (size_t)height);
	double *ridges = malloc(sizeof(double) * LAYERS * (size_t)width);
	int x, y, c, layer;

	if (!rows || !ridges)
		exit(1);
	for (x = 0; x < width; x++)
		for (layer = 0; layer < LAYERS; layer++)
			ridges[x * LAYERS + layer] =
				ridge((double)x / width, layer);
	for (y = 0; y < height; y++) {
		unsigned char *row = rows + stride * (size_t)y;

		*row++ = 0;
		for (x = 0; x < width; x++) {
			double rgb[3];
			double grain = noise_at(x + y * width, 7) * 14 - 7;

			paint((double)x / width, (double)y / height,
			      ridges + x * LAYERS, rgb);
			for (c = 0; c < 3; c++)
				*row++ = (unsigned char)fmin(
					fmax(rgb[c] + grain, 0), 255);
		}
	}
	free(ridges);
	return rows;
}

static void put_number(unsigned char *out, uint32_t number)
{
	out[0] = (unsigned char)(number >> 24);
	out[1] = (unsigned char)(number >> 16);
	out[2] = (unsigned char)(number >> 8);
	out[3] = (unsigned char)number;
}

static void put_chunk(const char *type, const unsigned char *data, size_t len)
{
	unsigned char number[4];
	uLong crc = crc32(0, (const Bytef *)type, 4);

	put_number(number, (uint32_t)len);
	fwrite(number, 1, 4, stdout);
	fwrite(type, 1, 4, stdout);
	fwrite(data, 1, len, stdout);
	if (len)
		crc = crc32(crc, data, (uInt)len);
	put_number(number, (uint32_t)crc);
	fwrite(number, 1, 4, stdout);
}

int main(int argc, char **argv)
{
	int width = argc == 3 ? atoi(argv[1]) : 0;
	int height = argc == 3 ? atoi(argv[2]) : 0;
	unsigned char header[13] = {[8] = 8, [9] = 2}, *rows, *packed;
	uLong size;
	uLongf packed_size;

	if (width < 1 || height < 1 || width > EDGE_MAX || height > EDGE_MAX) {
		fputs("usage: make_photo WIDTH HEIGHT > photo.png\n", stderr);
		return 64;
	}
	rows = draw(width, height);
	size = ((uLong)width * 3 + 1) * (uLong)height;
	packed_size = compressBound(size);
	packed = malloc(packed_size);
	if (!packed || compress2(packed, &packed_size, rows, size, 1) != Z_OK)
		return 1;
	put_number(header, (uint32_t)width);
	put_number(header + 4, (uint32_t)height);
	fwrite("\x89PNG\r\n\x1a\n", 1, 8, stdout);
	put_chunk("IHDR", header, sizeof(header));
	put_chunk("IDAT", packed, packed_size);
	put_chunk("IEND", header, 0);
	free(rows);
	free(packed);
	return fflush(stdout) ? 1 : 0;
}
