/* weights_file: a trained network for taking home: net_save_weights with all that using it on new
 * rows takes, and where it comes from.
 *
 * The text "tiller" of the file is one JSON object: program, encoder (data_put_encoder), study and
 * trial (null: none), epoch, rng_seed, refit (true: it was trained on validation rows too) and
 * metrics (of the validation rows; empty where they were not judged). */
#include "cli.h"
#include "tiller/net.h"

static void put_encoder(struct json_writer *w, const struct data_set *set)
{
    struct text encoder = {0};
    data_put_encoder(set, &encoder);
    json_put_raw(w, "encoder", text_get(&encoder));
    w->out->failed |= encoder.failed;
    text_free(&encoder);
}

static void put_origin(struct text *out, const struct cli_weights *from)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "program", "tiller " TILLER_VERSION);
    put_encoder(&w, from->set);
    if (from->study)
        json_put_string(&w, "study", from->study);
    else
        json_put_null(&w, "study");
    if (from->trial >= 0)
        json_put_int(&w, "trial", from->trial);
    else
        json_put_null(&w, "trial");
    json_put_int(&w, "epoch", from->epoch);
    json_put_int(&w, "rng_seed", (int64_t)from->rng_seed);
    json_put_bool(&w, "refit", from->refit);
    json_open(&w, "metrics", '{');
    if (from->validation)
        cli_put_metrics(&w, from->validation, "val_");
    json_close(&w, '}');
    json_close(&w, '}');
}

enum err cli_save_weights(const struct training *t, const struct cli_weights *from,
                          const char *path, struct err_info *info)
{
    struct text origin = {0};
    put_origin(&origin, from);
    enum err err = origin.failed ? err_set_memory(info, path)
                                 : net_save_weights(t, path, text_get(&origin), info);
    text_free(&origin);
    return err;
}
