/* guess: what a column of recorded values says about its hyperparameter. */
#ifndef TILLER_LEARN_GUESS_H
#define TILLER_LEARN_GUESS_H

#include "tiller/space.h"

/* By words in the name; ROLE_NONE: none of them. */
enum hyper_role guess_role(const char *name);
const char *role_name(enum hyper_role role); /* "learning rate" ...; "" for ROLE_NONE */

/* A numeric hyperparameter from n finite values: kind, range (their least and largest), axis. The
 * axis is the one on which the values are spread most evenly: linear, log, or log of 1-x (momenta
 * near 1), for which *complement is set, the values become 1-x and the name "1-NAME". */
enum err guess_hyperparameter(const char *name, double *values, size_t n,
                              struct hyperparameter *out, bool *complement, struct err_info *info);

#endif
