/* A network trained in this process for some epochs and saved with its encoder, for tests of what
 * is done with weights files. Any network, also those that no command makes. */
#ifndef TESTS_CLI_SAVED_NETWORK_H
#define TESTS_CLI_SAVED_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tiller/engine.h"

/* A data set as the program reads it; fails the test if it can't be had. data_free. */
static inline struct data_set *saved_open_set(const char *path)
{
    const struct data_options options = {0};
    struct data_set *set;
    struct err_info info = {0};
    if (data_open(path, &options, &set, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return set;
}

/* Trains on the training rows and writes path. */
static inline void saved_network(const struct data_set *set, const struct net_config *config,
                                 int epochs, const char *path)
{
    struct net_rows rows = net_rows_of(set, DATA_TRAIN);
    struct training *t;
    struct err_info info = {0};
    struct text origin = {0};
    if (net_new(config, &rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    while (net_epochs_done(t) < epochs) {
        bool done;
        assert_int_equal(net_train_slice(t, 1000, &done), ERR_OK);
    }
    text_append(&origin, "{\"encoder\": ");
    data_put_encoder(set, &origin);
    text_append(&origin, "}");
    assert_false(origin.failed);
    if (net_save_weights(t, path, text_get(&origin), &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    text_free(&origin);
    net_free(t);
}

/* The network of a weights file. net_free. */
static inline struct training *saved_restore(const char *path)
{
    struct net_weights *w = NULL;
    struct training *t = NULL;
    struct err_info info = {0};
    if (net_weights_open(path, &w, &info) != ERR_OK || net_restore(w, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    net_weights_free(w);
    return t;
}

#endif
