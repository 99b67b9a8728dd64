/* What encoder.c (the encoder as JSON) and new_rows.c (rows encoded by it) share. */
#ifndef TILLER_DATA_ENCODER_H
#define TILLER_DATA_ENCODER_H

#include "internal.h"

struct data_encoder {
    enum data_source source;
    enum data_task task;
    int32_t n_inputs, n_classes;
    int32_t image_rows, image_columns;
    struct encoding encoding; /* tables */
    char **class_names;       /* [n_classes] sanitised */
    char task_name[DATA_TASK_NAME_MAX], family[DATA_NAME_MAX];
    char target_name[DATA_NAME_MAX], fingerprint[33];
    double target_mean, target_scale; /* regression */
    uint64_t split_seed;
};

#endif
