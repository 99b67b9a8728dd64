/* space: what its files share. */
#ifndef TILLER_SPACE_INTERNAL_H
#define TILLER_SPACE_INTERNAL_H

#include "tiller/space.h"

/* Is this internal value one that h can have: in its range, on its grid, one of its choices? */
bool hyper_allows(const struct hyperparameter *h, double value);

#endif
