/*
 * Damaged pictures: every file of the corpus cut at eleven places and with
 * bytes changed gives a picture or an error that is the input's fault, soon,
 * and leaves nothing behind in libvips.
 */
#include <dirent.h>
#include <time.h>
#include <unistd.h>
#include "image_library.h"

/* Far above what any of these takes, far below the task's time. */
#define SECONDS_MAX 2
#define CHANGES	    12

/* libvips's own counters, through the library that is linked to it. */
struct tracked {
	size_t memory;
	int allocations, files;
};

static struct tracked tracked_now(void)
{
	static size_t (*memory)(void);
	static int (*allocations)(void), (*files)(void);

	if (!memory) {
		void *vips = dlopen("libvips.so.42", RTLD_NOW | RTLD_NOLOAD);

		cr_assert(vips, "%s", dlerror());
		*(void **)&memory = dlsym(vips, "vips_tracked_get_mem");
		*(void **)&allocations = dlsym(vips, "vips_tracked_get_allocs");
		*(void **)&files = dlsym(vips, "vips_tracked_get_files");
		cr_assert(memory && allocations && files);
	}
	return (struct tracked){memory(), allocations(), files()};
}

static void expect_nothing_left(const char *what)
{
	/* Threads of its pool let go of theirs a little later. */
	double end = clock_monotonic() + 1;
	struct tracked now = tracked_now();

	while ((now.memory || now.allocations || now.files) &&
	       clock_monotonic() < end) {
		usleep(1000);
		now = tracked_now();
	}
	cr_expect(now.memory == 0 && now.allocations == 0 && now.files == 0,
		  "%s leaves %zu bytes in %d blocks, %d files", what,
		  now.memory, now.allocations, now.files);
}

/* Of all threads: others on the machine are not the picture's doing. */
static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct err take(const char *what, struct slice bytes,
		       const struct image_variant *variant)
{
	struct image_output output;
	struct image_result result;
	double start = processor_seconds(), took;
	struct err err;

	if (make(bytes, variant, &output, &result, &err) == 0) {
		cr_expect(output.bytes.len > 0, "%s", what);
		buf_release(&output.bytes);
	} else {
		cr_expect(err.code == ERR_BAD_INPUT || err.code == ERR_LIMIT ||
				  err.code == ERR_UNSUPPORTED,
			  "%s: code %d, %s", what, (int)err.code, err.message);
		cr_expect(err.message[0] && (err.reason[0] || err.limit[0]),
			  "%s", what);
	}
	took = processor_seconds() - start;
	cr_expect(took < SECONDS_MAX, "%s took %.1f s", what, took);
	expect_nothing_left(what);
	return err;
}

/* A copy of its own length each time, for sanitizers. */
static struct err take_cut(const char *name, struct slice bytes, size_t len)
{
	char what[400], *copy = malloc(len ? len : 1);
	struct err err;

	snprintf(what, sizeof(what), "%s cut to %zu", name, len);
	memcpy(copy, bytes.ptr, len);
	err = take(what, slice_of(copy, len), &standard);
	free(copy);
	return err;
}

static void cut_and_change(const char *name)
{
	struct buf bytes = read_file(name);
	struct image_variant animated = standard;
	uint32_t random = 12345;
	char what[400];
	size_t i;

	take(name, buf_slice(&bytes), &standard);
	for (i = 0; i < 10 && bytes.len; i++)
		take_cut(name, buf_slice(&bytes), bytes.len * i / 10);
	animated.animated = true;
	animated.format = IMAGE_GIF;
	animated.width = animated.height = 20;
	for (i = 0; i < CHANGES && bytes.len; i++) {
		size_t at;
		char was;

		random = random * 1664525 + 1013904223;
		/* Half of them where the headers are. */
		at = (random >> 4) %
		     (i & 1 && bytes.len > 400 ? 400 : bytes.len);
		was = bytes.ptr[at];
		bytes.ptr[at] = (char)(random >> 24);
		snprintf(what, sizeof(what), "%s with %d at %zu", name,
			 bytes.ptr[at], at);
		take(what, buf_slice(&bytes), i & 2 ? &animated : &standard);
		bytes.ptr[at] = was;
	}
	buf_release(&bytes);
}

/* Those of one folder. Two tests, so that two run at a time. */
static void damage_folder(const char *folder, int least)
{
	char path[300];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), CORPUS "%s", folder);
	dir = opendir(path);
	cr_assert(dir, "%s", path);
	expect_nothing_left("the warm-up");
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || !strcmp(dot, ".md") ||
		    !strcmp(dot, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s%s", folder, entry->d_name);
		cut_and_change(path);
		count++;
	}
	closedir(dir);
	cr_expect_geq(count, least);
}

Test(damage, corpus, .init = setup, .timeout = 200)
{
	damage_folder("", 38);
}

Test(damage, more_pictures, .init = setup, .timeout = 200)
{
	damage_folder("../thumbnail-more/", 30);
}

/* Where the decoder would go on, and tell of fewer pages or of grey ones. */
Test(damage, last_byte, .init = setup)
{
	static const char *const files[] = {
		"base.jpg",
		"multipage.tif",
		"lossy.webp",
		"../thumbnail-more/pyramid.tif",
		"../thumbnail-more/grey16.tif",
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf bytes = read_file(files[i]);
		struct err err =
			take_cut(files[i], buf_slice(&bytes), bytes.len - 1);

		cr_expect_str_eq(err.reason, "truncated", "%s: %s: %s",
				 files[i], err.reason, err.message);
		buf_release(&bytes);
	}
}

/* A decoder that shrinks by eight would have no column left. */
Test(damage, thin_and_out_of_reach, .init = setup)
{
	struct buf bytes = read_file("base.jpg");
	struct image_variant variant = standard;
	struct image_output thin;
	struct image_result result;
	struct err err;

	variant.fit = IMAGE_FILL;
	variant.width = 2;
	variant.height = 4000;
	variant.enlarge = true;
	variant.format = IMAGE_JPEG;
	cr_assert_eq(make(buf_slice(&bytes), &variant, &thin, &result, &err), 0,
		     "%s", err.message);
	variant.fit = IMAGE_INSIDE;
	variant.width = variant.height = 5000;
	err = take("2 x 4000", buf_slice(&thin.bytes), &variant);
	cr_expect_str_eq(err.limit, "max_output_edge");
	buf_release(&thin.bytes);
	buf_release(&bytes);
}

/* One byte of the entropy: too few bytes are left for all blocks. */
Test(damage, entropy, .init = setup)
{
	struct buf bytes = read_file("../../cases/jpeg-scans/one.jpg");
	struct image_variant variant = standard;
	struct err err;
	size_t i;

	for (i = 20; i <= 320; i += 100) {
		variant.width = variant.height = (int64_t)i;
		err = take("whole", buf_slice(&bytes), &variant);
		cr_expect_eq(err.code, ERR_NONE);
		bytes.ptr[31043] ^= 1;
		bytes.ptr[31044] ^= 85;
		err = take("changed", buf_slice(&bytes), &variant);
		cr_expect_eq(err.code, ERR_BAD_INPUT, "%zu", i);
		bytes.ptr[31043] ^= 1;
		bytes.ptr[31044] ^= 85;
		err = take("cut", slice_of(bytes.ptr, 40000), &variant);
		cr_expect_eq(err.code, ERR_BAD_INPUT);
		cr_expect_str_eq(err.reason, "truncated");
	}
	buf_release(&bytes);
}
