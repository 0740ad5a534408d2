/*
 * Small pictures from large JPEGs, by libjpeg itself. libvips reads a JPEG in
 * pieces of 4 kB, for most of which libjpeg's quick decoder of entropy gives up
 * near the end of the piece, and hands each strip through threads and caches.
 * Here libjpeg sees all bytes, and the pixels go into memory.
 *
 * This is for plain photographs only, shrunk while decoding: everything else,
 * all that is not pixels, and every verdict on what is damaged is left to
 * libvips, whose pixels are the same.
 */
#include "image/vips_adapter.h"

#ifdef HAVE_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

/* Larger ones go as libvips lets them: strip by strip. */
#define SIZE_MOST ((size_t)16 << 20)

struct decoder {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	jmp_buf left; /* to libvips */
	VipsImage *out;
	unsigned char *row;
};

static _Noreturn void on_failure(j_common_ptr jpeg)
{
	struct decoder *decoder = jpeg->client_data;

	longjmp(decoder->left, 1);
}

/* The quick decoder overlooks codes that do not exist. What follows one is
 * seldom all that is wrong: bytes are left over, or are too few. */
static void on_message(j_common_ptr jpeg, int level)
{
	if (level < 0)
		on_failure(jpeg);
}

/* Three bands of colour or one of grey, of eight bits, in one pass: what else
 * there is needs the care that libvips takes. */
static bool is_plain(struct jpeg_decompress_struct *jpeg, const VipsImage *like)
{
	bool grey = jpeg->jpeg_color_space == JCS_GRAYSCALE;

	return jpeg->data_precision == 8 && !jpeg->progressive_mode &&
	       !jpeg_has_multiple_scans(jpeg) &&
	       like->BandFmt == VIPS_FORMAT_UCHAR &&
	       like->Bands == jpeg->num_components &&
	       (grey ? like->Bands == 1
		     : jpeg->jpeg_color_space == JCS_YCbCr && like->Bands == 3);
}

static bool begin(struct decoder *decoder, struct slice bytes, int shrink,
		  const VipsImage *like)
{
	struct jpeg_decompress_struct *jpeg = &decoder->jpeg;

	jpeg_create_decompress(jpeg);
	jpeg_mem_src(jpeg, (unsigned char *)(uintptr_t)bytes.ptr, bytes.len);
	jpeg_read_header(jpeg, TRUE);
	if (!is_plain(jpeg, like))
		return false;
	jpeg->out_color_space = like->Bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg->scale_num = 1;
	jpeg->scale_denom = (unsigned)shrink;
	jpeg_start_decompress(jpeg);
	return jpeg->output_width >= (JDIMENSION)like->Xsize &&
	       jpeg->output_height >= (JDIMENSION)like->Ysize &&
	       jpeg->output_components == like->Bands;
}

/* To the end, where what is left over is found. */
static bool read_rows(struct decoder *decoder)
{
	struct jpeg_decompress_struct *jpeg = &decoder->jpeg;

	decoder->row = g_malloc((size_t)jpeg->output_width *
				(size_t)jpeg->output_components);
	while (jpeg->output_scanline < jpeg->output_height) {
		int y = (int)jpeg->output_scanline;
		JSAMPROW row = decoder->row;

		jpeg_read_scanlines(jpeg, &row, 1);
		if (y < decoder->out->Ysize &&
		    vips_image_write_line(decoder->out, y, row))
			return false;
	}
	jpeg_finish_decompress(jpeg);
	return true;
}

static bool decode(struct decoder *decoder, struct slice bytes, int shrink,
		   VipsImage *like)
{
	if (setjmp(decoder->left) || !begin(decoder, bytes, shrink, like))
		return false;
	decoder->out = vips_image_new_memory();
	return !vips_image_pipelinev(decoder->out, VIPS_DEMAND_STYLE_THINSTRIP,
				     like, NULL) &&
	       read_rows(decoder);
}

VipsImage *jpeg_shrunk(struct slice bytes, int shrink, VipsImage *like)
{
	struct decoder *decoder;
	VipsImage *out = NULL;

	if (shrink < 2 || VIPS_IMAGE_SIZEOF_IMAGE(like) > SIZE_MOST)
		return NULL;
	decoder = g_new0(struct decoder, 1);
	decoder->jpeg.err = jpeg_std_error(&decoder->errors);
	decoder->jpeg.client_data = decoder;
	decoder->errors.error_exit = on_failure;
	decoder->errors.emit_message = on_message;
	if (decode(decoder, bytes, shrink, like))
		out = g_object_ref(decoder->out);
	jpeg_destroy_decompress(&decoder->jpeg);
	g_clear_object(&decoder->out);
	g_free(decoder->row);
	g_free(decoder);
	return out;
}
#else
VipsImage *jpeg_shrunk(struct slice bytes, int shrink, VipsImage *like)
{
	(void)bytes;
	(void)shrink;
	(void)like;
	return NULL;
}
#endif
