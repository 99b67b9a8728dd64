/* conv_kernels: the inner loops of the direct convolution ("tiles"), once per instruction set, as
 * kernels are (kernels.h). conv.c decides which tile works where; nobody else calls them.
 *
 * Channels of the output come in blocks of one or two vectors. Weights and their gradient are
 * packed block by block, rows of a block one after the other, padded with zeros to whole vectors.
 * Maps and shapes as in conv.h. */
#ifndef TILLER_NET_CONV_KERNELS_H
#define TILLER_NET_CONV_KERNELS_H

#include <stddef.h>

#define CONV_MAX_LANES 16
#define CONV_MAX_BLOCK 32 /* channels */

/* Forward: one or two runs of neighbouring pixels of a line, times one block of channels. */
struct conv_runs {
    const float *x[2];      /* the run's first pixel in the first line that is multiplied */
    int left[2], right[2];  /* how many pixels of the map lie on either side of the run */
    int n_lines;            /* that are multiplied: fewer than size at the upper and lower edge */
    const float *w;         /* [n_lines][n_in][size][block], packed, from the first such line on */
    float *z[2];            /* set: the run's first pixel, the block's first channel */
    ptrdiff_t n_in, x_line; /* floats from pixel to pixel, from line to line of x */
    ptrdiff_t n_out;        /* floats from pixel to pixel of z */
    int n_channels;         /* of the block that exist */
};
typedef void conv_forward_tile(const struct conv_runs *runs);

/* Weight gradient: the sum over n maps x rows x columns pixels of x times g. Strides in floats. */
struct conv_pixels {
    int n, rows, columns;
    size_t x_map, x_line, x_pixel;
    size_t g_map, g_line, g_pixel;
    size_t line_sums; /* rows of sums from one line of a window to the next */
};
/* x, g: values of the first pixel; sums [rows][block], packed: added to */
typedef void conv_weight_tile(const struct conv_pixels *pixels, const float *x, const float *g,
                              float *sums);

struct conv_kernels {
    int lanes;                           /* floats of a vector */
    int n_vectors;                       /* the most per block */
    int n_runs;                          /* of the tiles of one vector; those of two take one run */
    conv_forward_tile *forward[2][2][3]; /* [size 3, 5][1, 2 vectors][7, 3, 1 pixels a run] */
    /* [1, 2 vectors][8, 4, 1 input channels] of one tap */
    conv_weight_tile *weight[2][3];
    /* [1, 2 vectors][size 3: 3 values, size 5: 1 value of each line] of a window */
    conv_weight_tile *weight_lines[2][2];
    const struct conv_kernels *narrow; /* as fast for half a vector of channels; may be NULL */
};
extern const struct conv_kernels conv_kernels_generic;
#if defined(__x86_64__)
extern const struct conv_kernels conv_kernels_avx2, conv_kernels_avx512;
#endif

#endif
