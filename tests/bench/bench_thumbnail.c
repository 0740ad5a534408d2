/*
 * thumbnail's library against a direct libjpeg-turbo loop on a picture of 12
 * megapixels (decode at 1/8, box filter, encode), in the same process and the
 * same run; several sizes against several calls; and against sharp, where
 * SHARP names a folder into which npm has installed it (tests/bench/sharp.sh
 * does). Ends with status 1 where a bar is missed, 77 without libvips or
 * libjpeg.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if __has_include(<jpeglib.h>)
#include "paired.h"
#include "picture_handler.h"

#define ROUNDS	     25
#define SHARP_ROUNDS 40

static int missed;

/* --- libjpeg-turbo alone -------------------------------------------------------------- */

static unsigned char *decode_eighth(int *width, int *height)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned char *rgb;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, photo, photo_size);
	jpeg_read_header(&jpeg, TRUE);
	jpeg.scale_num = 1;
	jpeg.scale_denom = 8;
	jpeg_start_decompress(&jpeg);
	*width = (int)jpeg.output_width;
	*height = (int)jpeg.output_height;
	rgb = malloc((size_t)*width * (size_t)*height * 3);
	while (jpeg.output_scanline < jpeg.output_height) {
		JSAMPROW row = rgb + 3 * *width * (int)jpeg.output_scanline;

		jpeg_read_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_decompress(&jpeg);
	jpeg_destroy_decompress(&jpeg);
	return rgb;
}

static void direct(void)
{
	unsigned char small[256 * 192 * 3], *rgb, *out = NULL;
	unsigned long size = 0;
	int width, height, x, y, c, i, j;

	rgb = decode_eighth(&width, &height);
	for (y = 0; y < 192; y++) {
		int top = y * height / 192, end = (y + 1) * height / 192;

		for (x = 0; x < 256; x++) {
			int left = x * width / 256;
			int right = (x + 1) * width / 256;

			for (c = 0; c < 3; c++) {
				int sum = 0;

				for (j = top; j < end; j++)
					for (i = left; i < right; i++)
						sum += rgb[3 * (j * width + i) +
							   c];
				small[3 * (y * 256 + x) + c] =
					(unsigned char)(sum / ((end - top) *
							       (right - left)));
			}
		}
	}
	photo_encode(small, 256, 192, 80, &out, &size);
	free(out);
	free(rgb);
}

/* --- cherry ---------------------------------------------------------------- */

static const int four[] = {1024, 512, 256, 64};

static void one_size(void)
{
	picture_make((int[]){256}, 1);
}

static void four_sizes(void)
{
	picture_make(four, 4);
}

static void four_calls(void)
{
	size_t i;

	for (i = 0; i < 4; i++)
		picture_make(four + i, 1);
}

static void compare(const char *what, void (*ours)(void), void (*theirs)(void),
		    double bar)
{
	static struct paired paired;
	int i;

	ours();
	theirs();
	for (i = 0; i < 2 * ROUNDS; i++) {
		struct paired_time start = paired_now(CLOCK_PROCESS_CPUTIME_ID);

		(i & 1 ? theirs : ours)();
		paired.times[i & 1][i / 2] =
			paired_since(start, CLOCK_PROCESS_CPUTIME_ID);
	}
	paired.rounds = ROUNDS;
	missed |= paired_report(&paired, what, bar);
}

/* --- sharp ----------------------------------------------------------------- */

struct sharp {
	FILE *out, *in; /* lines to it, lines from it */
};

/* Node, waiting for lines with the photograph in its memory. */
static struct sharp sharp_start(void)
{
	char path[] = "/tmp/cherry-bench-photo.XXXXXX";
	int to[2], from[2], file = mkstemp(path);
	struct sharp sharp;
	char line[64];

	if (file < 0 || write(file, photo, photo_size) != (ssize_t)photo_size ||
	    pipe(to) || pipe(from))
		exit(1);
	close(file);
	if (fork() == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		execlp("node", "node", "tests/bench/sharp_peer.js", path, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	sharp = (struct sharp){fdopen(to[1], "w"), fdopen(from[0], "r")};
	if (!fgets(line, sizeof(line), sharp.in))
		exit(1);
	unlink(path);
	printf("sharp %s", line);
	return sharp;
}

/* One thumbnail; it tells its own times. */
static struct paired_time sharp_make(struct sharp *sharp)
{
	struct paired_time took;
	char line[64];

	fputs("go\n", sharp->out);
	fflush(sharp->out);
	if (!fgets(line, sizeof(line), sharp->in) ||
	    sscanf(line, "%lf %lf", &took.wall, &took.work) != 2) {
		fprintf(stderr, "sharp answers nothing\n");
		exit(1);
	}
	return took;
}

static void compare_sharp(void)
{
	static struct paired paired;
	struct sharp sharp = sharp_start();
	int i;

	for (i = 0; i < SHARP_ROUNDS + 3; i++) {
		struct paired_time start = paired_now(CLOCK_PROCESS_CPUTIME_ID);
		int round = i < 3 ? 0 : i - 3;

		one_size();
		paired.times[0][round] =
			paired_since(start, CLOCK_PROCESS_CPUTIME_ID);
		paired.times[1][round] = sharp_make(&sharp);
	}
	paired.rounds = SHARP_ROUNDS;
	missed |= paired_report(&paired, "256 px; peer: sharp", 1);
	fclose(sharp.out);
	fclose(sharp.in);
}

static long resident_kilobytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(void)
{
	picture_start();
	if (getenv("SHARP")) {
		compare_sharp();
		return missed;
	}
	compare("256 px; peer: libjpeg-turbo alone", one_size, direct, 1.35);
	compare("four sizes, one decode; peer: four calls", four_sizes,
		four_calls, 0.6);
	printf("resident at the end %ld kB\n", resident_kilobytes());
	free(photo);
	return missed;
}
#else
int main(void)
{
	return 77;
}
#endif
