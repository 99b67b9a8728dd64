/* export: what the user takes home: a weights file as export and predict read it, and the texts
 * that export writes beside it. */
#ifndef TILLER_CLI_EXPORT_H
#define TILLER_CLI_EXPORT_H

#include "cli.h"
#include "tiller/data.h"
#include "tiller/net.h"

struct cJSON;

/* A weights file with its encoder: all that using the network on new rows takes. */
struct cli_network {
    struct net_weights *weights;
    const struct net_config *config; /* lent by weights */
    const struct net_rows *shape;
    struct cJSON *origin; /* the text "tiller" (weights_file.c) */
    struct data_encoder *encoder;
    struct data_encoder_facts facts;
};
/* Errors: ERR_INPUT (no weights file, damaged, without an encoder or with another network's),
 * ERR_IO, ERR_MEMORY. Owner: caller, cli_network_close (also after an error). */
enum err cli_network_open(const char *path, struct cli_network *out, struct err_info *info);
void cli_network_close(struct cli_network *n);

/* model_script_put: a PyTorch program (torch and the standard library only) that rebuilds the
 * network and reads its weights from weights.safetensors beside it.
 *   title  what the network is, one line, from anywhere: it is escaped
 * Every text becomes an ASCII literal, so nothing of the data can be read as Python. Memory running
 * out shows in out->failed. */
void model_script_put(const struct net_config *config, const struct net_rows *shape,
                      const struct data_encoder_facts *facts, const char *title, struct text *out);

/* export_put_config: config.json: which network of which study, its hyperparameters and layers, how
 * good it is and on what data, as one JSON object, indented. t NULL: a network of no study. */
struct trial_network;
void export_put_config(const struct trial_network *t, const struct cli_network *n,
                       struct text *out);

#endif
