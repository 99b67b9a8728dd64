/* network_file: a weights file with the encoder that stands in it, opened for use. */
#include "export.h"

#include <cjson/cJSON.h>
#include <string.h>

static enum err refuse(const char *path, struct err_info *info, const char *what)
{
    return err_set(info, ERR_INPUT, path, "give a file of 'tiller export' or 'tiller train --save'",
                   "%s", what);
}

static bool fits(const struct cli_network *n)
{
    bool classes = n->facts.task == DATA_CLASSIFICATION;
    return n->facts.n_inputs == n->shape->n_inputs &&
           (classes ? n->facts.n_classes : 0) == n->shape->n_classes;
}

enum err cli_network_open(const char *path, struct cli_network *out, struct err_info *info)
{
    *out = (struct cli_network){0};
    enum err err = net_weights_open(path, &out->weights, info);
    if (err != ERR_OK)
        return err;
    out->config = net_weights_config(out->weights);
    out->shape = net_weights_shape(out->weights);
    const char *origin = net_weights_metadata(out->weights);
    if (origin && (err = json_parse(origin, strlen(origin), path, &out->origin, info)) != ERR_OK)
        return err;
    const struct cJSON *encoder = json_get(out->origin, "encoder");
    if (!encoder)
        return refuse(path, info, "does not say how rows are to be encoded");
    err = data_encoder_read(encoder, path, &out->encoder, info);
    if (err != ERR_OK)
        return err;
    data_encoder_facts(out->encoder, &out->facts);
    return fits(out) ? ERR_OK : refuse(path, info, "its encoder is another network's");
}

void cli_network_close(struct cli_network *n)
{
    data_encoder_free(n->encoder);
    json_free(n->origin);
    net_weights_free(n->weights);
    *n = (struct cli_network){0};
}
