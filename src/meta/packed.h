/* packed: rows of floats as text: half precision (IEEE 754 binary16, little-endian) in base64, 2.7
 * bytes a number and 3 significant digits. Private to meta. */
#ifndef TILLER_META_PACKED_H
#define TILLER_META_PACKED_H

#include "tiller/base.h"

/* Appends [n]; what is beyond a half's range is written as its largest number. */
void packed_put(const float *value, size_t n, struct text *out);
/* Exactly n finite numbers, or false. Put again they are the same text. */
bool packed_read(const char *text, float *value, size_t n);

#endif
