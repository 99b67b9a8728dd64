/* model_script: a network as a short PyTorch program.
 *
 * Only the parts that the network has are written. Our order is map, normalization times gain,
 * pooling, plus bias, activation; PyTorch's norms add the bias before pooling, which is the same
 * number: a bias is one per channel, and the largest and the mean of a window move with it. */
#include "export.h"

#include <stdio.h>

struct script {
    struct text *out;
    const struct net_config *config;
    const struct net_rows *shape;
    const struct data_encoder_facts *facts;
};

static bool form_of(const struct script *s, int l, struct net_layer_form *out)
{
    return net_layer_form(s->config, s->shape, l, out);
}

static bool any_conv(const struct script *s)
{
    struct net_layer_form first;
    return form_of(s, 0, &first) && first.conv;
}

/* ---- texts ------------------------------------------------------------------------------- */

/* What may stand between quotes, of one kind or three, in ASCII alone. */
static void put_escaped(struct text *out, const char *s)
{
    uint32_t code;
    for (int n; (n = text_utf8_next(s, &code)) > 0; s += n) {
        if (code == '"' || code == '\\')
            text_appendf(out, "\\%c", (int)code);
        else if (code >= 0x20 && code < 0x7f)
            text_append_char(out, (char)code);
        else
            text_appendf(out, code < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)code);
    }
}

enum { LINE_COLUMNS = 88 };

/* A list of texts, wrapped. */
static void put_list(struct text *out, const char *name, const char *const *item, int n)
{
    size_t line = out->length;
    text_appendf(out, "%s = [", name);
    for (int i = 0; i < n; i++) {
        struct text literal = {0};
        text_append_char(&literal, '"');
        put_escaped(&literal, item[i]);
        text_append(&literal, i + 1 < n ? "\"," : "\"]");
        if (i > 0 && out->length - line + 1 + literal.length > LINE_COLUMNS) {
            line = out->length + 1;
            text_appendf(out, "\n    %s", text_get(&literal));
        } else {
            text_appendf(out, i > 0 ? " %s" : "%s", text_get(&literal));
        }
        out->failed |= literal.failed;
        text_free(&literal);
    }
    text_append_char(out, '\n');
}

/* ---- head -------------------------------------------------------------------------------- */

static void put_head(const struct script *s, const char *title)
{
    bool classes = s->facts->task == DATA_CLASSIFICATION;
    char mean[32], scale[32];
    text_append(s->out, "\"\"\"");
    put_escaped(s->out, title);
    text_appendf(s->out,
                 "\n\n    python3 model.py INPUTS.f32 [OUTPUTS.f32]\n\n"
                 "INPUTS.f32   rows of %d float32 numbers, as 'tiller predict --inputs' writes "
                 "them\n"
                 "OUTPUTS.f32  for each row %s; without it they are printed\n\"\"\"\n",
                 (int)s->shape->n_inputs,
                 classes ? "the probabilities of CLASSES" : "its number, float32");
    text_append(s->out, "import json\nimport os\nimport sys\nfrom array import array\n\n"
                        "import torch\nfrom torch import nn\nfrom torch.nn import functional as F"
                        "\n\n");
    if (classes)
        put_list(s->out, "CLASSES", s->facts->class_names, s->facts->n_classes);
    else
        text_appendf(s->out, "MEAN, SCALE = %s, %s  # of the training rows' labels\n",
                     text_double(mean, sizeof mean, s->facts->target_mean, true),
                     text_double(scale, sizeof scale, s->facts->target_scale, true));
}

/* ---- the module -------------------------------------------------------------------------- */

/* "conv1", "dense2", "output". */
static const char *name_of(const struct net_layer_form *f, int l, char out[static 24])
{
    const char *kind = f->conv ? "conv" : "dense";
    return f->last ? text_format(out, 24, "output") : text_format(out, 24, "%s%d", kind, l + 1);
}

static void put_norm(const struct script *s, const struct net_layer_form *f, int l)
{
    const char *kind = f->normalization == NET_NORM_LAYER ? "LayerNorm"
                       : f->conv                          ? "BatchNorm2d"
                                                          : "BatchNorm1d";
    if (f->normalization != NET_NORM_NONE)
        text_appendf(s->out, "        self.norm%d = nn.%s(%d)\n", l + 1, kind, f->n_out);
}

static void put_layers(const struct script *s)
{
    struct net_layer_form f;
    char name[24];
    for (int l = 0; form_of(s, l, &f); l++) {
        const char *bias = f.normalization != NET_NORM_NONE ? ", bias=False" : "";
        name_of(&f, l, name);
        if (f.conv)
            text_appendf(s->out, "        self.%s = nn.Conv2d(%d, %d, %d, padding=%d%s)\n", name,
                         f.n_in, f.n_out, f.kernel_size, f.kernel_size / 2, bias);
        else
            text_appendf(s->out, "        self.%s = nn.Linear(%d, %d%s)\n", name, f.n_in, f.n_out,
                         bias);
        put_norm(s, &f, l);
    }
}

static const char *const activations[NET_N_ACTIVATIONS] = {
    [NET_RELU] = "F.relu",           [NET_TANH] = "torch.tanh", [NET_LEAKY_RELU] = "F.leaky_relu",
    [NET_SIGMOID] = "torch.sigmoid", [NET_GELU] = "F.gelu",     [NET_SILU] = "F.silu"};

/* From the inside out: activation(pool(norm(map(x)))). */
static void put_hidden(const struct script *s, const struct net_layer_form *f, int l)
{
    char name[24], inner[64], normed[96], pooled[128];
    text_format(inner, sizeof inner, "self.%s(x)", name_of(f, l, name));
    if (f->normalization == NET_NORM_NONE)
        text_copy(normed, sizeof normed, inner);
    else if (f->conv && f->normalization == NET_NORM_LAYER)
        text_format(normed, sizeof normed, "over_channels(self.norm%d, %s)", l + 1, inner);
    else
        text_format(normed, sizeof normed, "self.norm%d(%s)", l + 1, inner);
    if (f->pooled)
        text_format(pooled, sizeof pooled, "F.%s_pool2d(%s, 2)",
                    s->config->pooling == NET_POOL_AVERAGE ? "avg" : "max", normed);
    else
        text_copy(pooled, sizeof pooled, normed);
    text_appendf(s->out, "        x = %s%s(%s)\n", f->residual ? "x + " : "",
                 activations[s->config->activation], pooled);
}

static void put_forward(const struct script *s)
{
    struct net_layer_form f;
    bool maps = any_conv(s);
    text_append(s->out, "\n    def forward(self, x):\n");
    if (maps)
        text_appendf(s->out, "        x = x.reshape(-1, 1, %d, %d)\n", (int)s->shape->image_rows,
                     (int)s->shape->image_columns);
    for (int l = 0; form_of(s, l, &f); l++) {
        if (maps && !f.conv) {
            text_append(s->out,
                        "        x = x.permute(0, 2, 3, 1).flatten(1)  # row, column, channel\n");
            maps = false;
        }
        if (f.last)
            text_append(s->out, "        return self.output(x)\n");
        else
            put_hidden(s, &f, l);
    }
}

static void put_module(const struct script *s)
{
    text_append(s->out, "\n\nclass Network(nn.Module):\n    def __init__(self):\n"
                        "        super().__init__()\n");
    put_layers(s);
    put_forward(s);
    if (any_conv(s) && s->config->normalization == NET_NORM_LAYER)
        text_append(s->out, "\n\ndef over_channels(norm, x):\n"
                            "    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)\n");
}

/* ---- weights ----------------------------------------------------------------------------- */

static void put_array(const struct script *s, const char *place, int l, const char *part)
{
    text_appendf(s->out, "    \"%s\": \"layer.%d.%s\",\n", place, l, part);
}

static void put_norm_arrays(const struct script *s, const struct net_layer_form *f, int l)
{
    static const char *const parts[][2] = {{"weight", "gain"},
                                           {"bias", "bias"},
                                           {"running_mean", "mean"},
                                           {"running_var", "variance"}};
    int n = f->normalization == NET_NORM_BATCH ? 4 : 2;
    for (int i = 0; i < n; i++) {
        char place[48];
        text_format(place, sizeof place, "norm%d.%s", l + 1, parts[i][0]);
        put_array(s, place, l, parts[i][1]);
    }
}

static void put_arrays(const struct script *s)
{
    struct net_layer_form f;
    char name[24], place[48];
    text_append(s->out, "\n\n# Where the arrays of weights.safetensors belong.\nARRAYS = {\n");
    for (int l = 0; form_of(s, l, &f); l++) {
        name_of(&f, l, name);
        put_array(s, text_format(place, sizeof place, "%s.weight", name), l, "weight");
        if (f.normalization == NET_NORM_NONE)
            put_array(s, text_format(place, sizeof place, "%s.bias", name), l, "bias");
        else
            put_norm_arrays(s, &f, l);
    }
    text_append(s->out, "}\n");
}

static const char reading[] =
    "\n\ndef read_arrays(path):\n"
    "    \"\"\"A safetensors file: the length of its header, the header (JSON), the "
    "numbers.\"\"\"\n"
    "    with open(path, \"rb\") as file:\n"
    "        header = json.loads(file.read(int.from_bytes(file.read(8), \"little\")))\n"
    "        numbers = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)\n"
    "    arrays = {}\n"
    "    for name, entry in header.items():\n"
    "        if name != \"__metadata__\":\n"
    "            first, end = entry[\"data_offsets\"]\n"
    "            arrays[name] = numbers[first // 4:end // 4].reshape(entry[\"shape\"])\n"
    "    return arrays\n"
    "\n\ndef load():\n"
    "    folder = os.path.dirname(os.path.abspath(__file__))\n"
    "    arrays = read_arrays(os.path.join(folder, \"weights.safetensors\"))\n"
    "    network = Network()\n"
    "    network.load_state_dict({place: arrays[name] for place, name in ARRAYS.items()})\n"
    "    return network.eval()\n";

/* ---- using it ---------------------------------------------------------------------------- */

static const char main_head[] =
    "\n\ndef main():\n"
    "    if len(sys.argv) not in (2, 3):\n"
    "        sys.exit(\"usage: python3 model.py INPUTS.f32 [OUTPUTS.f32]\")\n"
    "    with open(sys.argv[1], \"rb\") as file:\n"
    "        inputs = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)\n";

static const char main_tail[] =
    "    else:\n"
    "        with open(sys.argv[2], \"wb\") as file:\n"
    "            array(\"f\", outputs.flatten().tolist()).tofile(file)\n"
    "\n\nif __name__ == \"__main__\":\n"
    "    main()\n";

static void put_use(const struct script *s)
{
    bool classes = s->facts->task == DATA_CLASSIFICATION;
    text_appendf(s->out,
                 "\n\ndef predict(network, inputs):\n    \"\"\"inputs [rows x %d]; %s\"\"\"\n",
                 (int)s->shape->n_inputs,
                 classes ? "returns probabilities [rows x classes]" : "returns numbers [rows]");
    text_appendf(s->out,
                 "    with torch.no_grad():\n"
                 "        parts = [network(rows) for rows in inputs.split(1000)]\n"
                 "    return %s\n",
                 classes ? "F.softmax(torch.cat(parts), dim=1)"
                         : "torch.cat(parts).squeeze(1) * SCALE + MEAN");
    text_append(s->out, main_head);
    text_appendf(s->out,
                 "    outputs = predict(load(), inputs.reshape(-1, %d))\n"
                 "    if len(sys.argv) == 2:\n"
                 "        for output in outputs:\n"
                 "            print(%s)\n",
                 (int)s->shape->n_inputs, classes ? "CLASSES[output.argmax()]" : "output.item()");
    text_append(s->out, main_tail);
}

void model_script_put(const struct net_config *config, const struct net_rows *shape,
                      const struct data_encoder_facts *facts, const char *title, struct text *out)
{
    struct script s = {out, config, shape, facts};
    put_head(&s, title);
    put_module(&s);
    put_arrays(&s);
    text_append(out, reading);
    put_use(&s);
}
