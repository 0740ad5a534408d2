/*
 * Is a TIFF all there? Its decoder takes a directory that is not for the end
 * of the chain, and the pages that are lost for none.
 */
#ifndef IMAGE_MAGIC_TIFF_H
#define IMAGE_MAGIC_TIFF_H

#include "image/image.h"

/*
 * Walks the directories of a TIFF, classic or big, that begins with one of its
 * signatures. 0, or -1 with ERR_BAD_INPUT "truncated" where a directory, a
 * value without which nothing can be decoded, or the coded data of a page ends
 * behind the bytes. What else may be wrong is the decoder's business.
 *
 * Sources: TIFF 6.0; for the big one libtiff.gitlab.io, "BigTIFF".
 */
int magic_tiff_check(struct slice bytes, struct err *err) MUST_CHECK;

#endif
