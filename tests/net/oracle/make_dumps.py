#!/usr/bin/python3
"""PyTorch's losses for test_torch.c: the same networks, weights and batches, 50 steps each.

    make_dumps.py FILE            writes the cases with their losses and learning rates (JSON)
    make_dumps.py --float32 FILE  also says how far PyTorch in float32 is from them

All numbers are float64 PyTorch's. Weights and rows come from the generator below, which
test_torch.c has too, so that only configurations, losses and rates are stored. A case's
configuration is written as net_config_get reads it; what it leaves out is 0 or stands in USUAL.
Exit status 3: PyTorch is not installed."""

import json
import math
import struct
import sys
import zlib

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print("PyTorch is not installed")
    sys.exit(3)

STEPS = 50
BATCH = 8
ROWS = 76  # ten batches an epoch, the last of four rows
EPOCHS = 5

USUAL = {
    "num_layers": 1, "units": 9, "activation": "tanh", "dropout": 0, "optimizer": "sgd",
    "learning_rate": 0.1, "momentum": 0, "weight_decay": 0, "batch_size": BATCH,
    "schedule": "constant", "schedule_epochs": EPOCHS, "cycle_rate_scale": 1,
    "cycle_first_epoch": 0, "kind": "perceptron", "conv_layers": 1, "filters": 3, "kernel_size": 3,
    "pooling": "max", "normalization": "none", "residual": False, "warmup_epochs": 0,
    "gradient_clip": 0, "label_smoothing": 0, "class_weights": False, "from_weights": False,
    "freeze": 0, "thaw_epoch": 0, "carried_rate": 0,
}

# name, configuration, shape of the rows (n_inputs or (rows, columns), n_classes; 0: regression)
PLAIN, NUMBERS, IMAGE = (7, 3), (7, 0), ((6, 6), 4)
ADAM = {"optimizer": "adam", "learning_rate": 0.01}
CONV = {"kind": "conv", "activation": "relu", **ADAM}


def optimizers():
    yield "sgd", {}, PLAIN
    yield "sgd, L2", {"weight_decay": 0.05}, PLAIN
    yield "sgd, momentum", {"momentum": 0.9, "learning_rate": 0.03}, PLAIN
    yield "sgd, momentum, L2", {"momentum": 0.5, "weight_decay": 0.02}, PLAIN
    yield "nesterov", {"optimizer": "nesterov", "momentum": 0.9, "learning_rate": 0.03}, PLAIN
    yield "nesterov, L2", {"optimizer": "nesterov", "momentum": 0.8, "weight_decay": 0.02}, PLAIN
    yield "rmsprop", {"optimizer": "rmsprop", "learning_rate": 0.01}, PLAIN
    yield "rmsprop, L2", {"optimizer": "rmsprop", "learning_rate": 0.01, "weight_decay": 0.1}, PLAIN
    yield "adam", ADAM, PLAIN
    yield "adam, L2", {**ADAM, "weight_decay": 0.1}, PLAIN
    yield "adamw", {**ADAM, "optimizer": "adamw"}, PLAIN
    yield "adamw, decay", {**ADAM, "optimizer": "adamw", "weight_decay": 1}, PLAIN
    yield "sgd, clipped", {"gradient_clip": 0.3, "momentum": 0.9}, PLAIN
    yield "adam, clipped", {**ADAM, "gradient_clip": 0.2}, PLAIN
    yield "clipping that never clips", {"gradient_clip": 1000}, PLAIN


def schedules():
    for schedule in "constant", "step", "cosine", "one_cycle":
        for warmup in 0, 0.73:
            name = schedule + (", warm-up" if warmup else "")
            yield name, {"schedule": schedule, "warmup_epochs": warmup, "learning_rate": 0.2}, PLAIN
    yield "cosine, adam", {**ADAM, "schedule": "cosine", "warmup_epochs": 1}, PLAIN
    yield "cosine over three epochs", {"schedule": "cosine", "schedule_epochs": 3}, PLAIN
    yield "step over four epochs", {"schedule": "step", "schedule_epochs": 4}, PLAIN


def layers():
    for f in "relu", "tanh", "leaky_relu", "sigmoid", "gelu", "silu":
        yield f, {"activation": f}, PLAIN
    yield "four layers", {**ADAM, "num_layers": 4, "learning_rate": 0.03}, PLAIN
    yield "batch norm", {"normalization": "batch", "num_layers": 2}, PLAIN
    yield "layer norm", {"normalization": "layer", "num_layers": 2}, PLAIN
    yield "residual", {"residual": True, "num_layers": 3, "activation": "silu"}, PLAIN
    yield "residual, batch norm", {
        "residual": True, "num_layers": 4, "normalization": "batch", **ADAM}, PLAIN
    yield "residual, layer norm", {
        "residual": True, "num_layers": 3, "normalization": "layer", "activation": "gelu"}, PLAIN
    for pooling in "max", "average":
        for norm in "none", "batch", "layer":
            yield "conv, %s, %s" % (pooling, norm), {
                **CONV, "pooling": pooling, "normalization": norm}, IMAGE
    yield "conv of 5", {**CONV, "kernel_size": 5, "activation": "tanh"}, ((5, 7), 3)
    yield "three convs", {**CONV, "conv_layers": 3, "activation": "gelu"}, ((9, 10), 3)
    yield "two convs, batch norm, residual", {
        **CONV, "conv_layers": 2, "normalization": "batch", "num_layers": 3, "residual": True,
        "activation": "silu"}, IMAGE
    yield "two convs, average, layer norm", {
        **CONV, "conv_layers": 2, "normalization": "layer", "pooling": "average",
        "optimizer": "sgd", "momentum": 0.9}, IMAGE


def losses():
    yield "regression", {"num_layers": 2, "learning_rate": 0.05}, NUMBERS
    yield "regression, layer norm, adam", {"normalization": "layer", **ADAM}, NUMBERS
    yield "regression, conv", {**CONV, "pooling": "average"}, ((6, 6), 0)
    yield "label smoothing", {"label_smoothing": 0.1}, PLAIN
    yield "class weights", {"class_weights": True}, PLAIN
    yield "two classes, weights, smoothing", {
        "class_weights": True, "label_smoothing": 0.3, **ADAM}, (7, 2)


def carrying():
    frozen = {"num_layers": 2, "freeze": 1}
    yield "first layer frozen", frozen, PLAIN
    yield "frozen, adam, decay, clipped", {
        **frozen, **ADAM, "weight_decay": 0.1, "gradient_clip": 0.3}, PLAIN
    yield "frozen batch norm", {**frozen, "normalization": "batch"}, PLAIN
    yield "frozen conv", {**CONV, "freeze": 1, "normalization": "batch"}, IMAGE
    yield "thawed, sgd, momentum", {**frozen, "thaw_epoch": 2, "momentum": 0.9}, PLAIN
    yield "thawed, adam", {**frozen, **ADAM, "thaw_epoch": 2}, PLAIN
    yield "thawed, adamw, batch norm", {
        **frozen, **ADAM, "optimizer": "adamw", "weight_decay": 1, "thaw_epoch": 3,
        "normalization": "batch"}, PLAIN
    yield "carried", {"num_layers": 2, "from_weights": True, "carried_rate": 0.1}, PLAIN
    yield "carried, adamw", {
        "num_layers": 2, "from_weights": True, "carried_rate": 0.25, **ADAM, "optimizer": "adamw",
        "weight_decay": 1}, PLAIN


# ---- the generator --------------------------------------------------------------------------


class Generator:
    """Knuth's 64-bit congruential generator; its upper 24 bits as a number in [-1, 1)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return ((self.state >> 40) - 2**23) / 2**23


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def draw(g, n, scale, middle=0.0):
    return [single(middle + scale * g.next()) for _ in range(n)]


def make_rows(g, n_inputs, n_classes):
    """Classes of unequal size around centres of their own; or a line through the inputs."""
    centers = [draw(g, n_inputs, 1) for _ in range(max(n_classes, 1))]
    x, y = [], []
    for _ in range(ROWS):
        share = (g.next() + 1) / 2
        c = int(share * share * n_classes)
        x.append([single(g.next() + (centers[c][j] if n_classes else 0)) for j in range(n_inputs)])
        line = 0.0
        for a, b in zip(centers[0], x[-1]):
            line += a * b
        y.append(c if n_classes else single(line + 0.3 * g.next()))
    return x, y


# ---- the network ----------------------------------------------------------------------------

ACTIVATIONS = {
    "relu": F.relu, "tanh": torch.tanh, "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
    "sigmoid": torch.sigmoid, "gelu": F.gelu, "silu": F.silu}


class Layer:
    """One layer's tensors, drawn in the order weight, bias, gain."""

    def __init__(self, g, c, shape, hidden, dtype):
        def tensor(values, dims):
            return torch.tensor(values, dtype=torch.float32).reshape(dims).to(dtype)

        n_out, fan_in = shape[0], math.prod(shape[1:])
        self.conv, self.hidden = len(shape) == 4, hidden
        self.norm = c["normalization"] if hidden else "none"
        self.weight = tensor(draw(g, math.prod(shape), math.sqrt(6 / fan_in)), shape)
        self.bias = tensor(draw(g, n_out, 0.1), (n_out,))
        self.gain = tensor(draw(g, n_out, 0.2, 1), (n_out,)) if self.norm != "none" else None
        self.mean, self.variance = torch.zeros(n_out, dtype=dtype), torch.ones(n_out, dtype=dtype)

    def learned(self):
        return [p for p in (self.weight, self.bias, self.gain) if p is not None]

    def learn(self, on):
        for p in self.learned():
            p.requires_grad_(on)

    def normalize(self, z, training):
        if self.norm == "batch":
            return F.batch_norm(z, self.mean, self.variance, self.gain, None, training, 0.1, 1e-5)
        channels_last = z.movedim(1, -1)
        return F.layer_norm(channels_last, self.weight.shape[:1], self.gain).movedim(-1, 1)

    def forward(self, c, x, training):
        z = F.conv2d(x, self.weight, padding="same") if self.conv else F.linear(x, self.weight)
        if self.norm != "none":
            z = self.normalize(z, training)
        if self.conv and min(z.shape[2:]) >= 2:
            z = F.max_pool2d(z, 2) if c["pooling"] == "max" else F.avg_pool2d(z, 2)
        z = z + self.bias.reshape((1, -1) + (1,) * (z.dim() - 2))
        return ACTIVATIONS[c["activation"]](z) if self.hidden else z


class Network:
    def __init__(self, g, c, image, n_inputs, n_classes, dtype):
        self.c, self.image, self.layers = c, image, []
        width, (rows, columns), channels = n_inputs, image or (0, 0), 1
        for i in range(c["conv_layers"] if c["kind"] == "conv" else 0):
            n_out = c["filters"] << i
            self.add(g, (n_out, channels, c["kernel_size"], c["kernel_size"]), True, dtype)
            if min(rows, columns) >= 2:
                rows, columns = rows // 2, columns // 2
            channels, width = n_out, rows * columns * n_out
        for _ in range(c["num_layers"]):
            self.add(g, (c["units"], width), True, dtype)
            width = c["units"]
        self.add(g, (n_classes or 1, width), False, dtype)

    def add(self, g, shape, hidden, dtype):
        self.layers.append(Layer(g, self.c, shape, hidden, dtype))

    def forward(self, x, training, first_learning=0):
        if self.layers[0].conv:
            x = x.reshape((-1, 1) + self.image)
        dense = 0
        for i, layer in enumerate(self.layers):
            if not layer.conv and x.dim() == 4:
                x = x.movedim(1, -1).flatten(1)  # row, column, channel
            out = layer.forward(self.c, x, training and i >= first_learning)
            if self.c["residual"] and dense > 0 and layer.hidden:
                out = out + x
            dense += not layer.conv
            x = out
        return x


# ---- training -------------------------------------------------------------------------------


def make_optimizer(c, groups):
    rate, momentum = c["learning_rate"], c["momentum"]
    return {
        "sgd": lambda: torch.optim.SGD(groups, rate, momentum),
        "nesterov": lambda: torch.optim.SGD(groups, rate, momentum, nesterov=True),
        "rmsprop": lambda: torch.optim.RMSprop(groups, rate, alpha=0.99),
        "adam": lambda: torch.optim.Adam(groups, rate),
        "adamw": lambda: torch.optim.AdamW(groups, rate),
    }[c["optimizer"]]()


def follow(rate, make):
    """The rates of a PyTorch scheduler."""
    optimizer = torch.optim.SGD([torch.zeros(1)], rate)
    scheduler, rates = make(optimizer), []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < STEPS:
            scheduler.step()
    return rates


def scheduled_rates(c, batches_per_epoch):
    total, s = c["schedule_epochs"] * batches_per_epoch, torch.optim.lr_scheduler
    rates = follow(c["learning_rate"], {
        "constant": lambda o: s.ConstantLR(o, 1.0),
        "step": lambda o: s.MultiStepLR(o, [math.ceil(total * 0.5), math.ceil(total * 0.75)]),
        "cosine": lambda o: s.CosineAnnealingLR(o, total),
        "one_cycle": lambda o: s.OneCycleLR(o, c["learning_rate"], total, cycle_momentum=False),
    }[c["schedule"]])
    if c["schedule"] == "cosine":  # PyTorch's goes up again
        rates = [r if k < total else 0.0 for k, r in enumerate(rates)]
    length = math.ceil(c["warmup_epochs"] * batches_per_epoch)
    if length > 1:
        factors = follow(1.0, lambda o: s.LinearLR(o, 1 / length, total_iters=length - 1))
        rates = [r * f for r, f in zip(rates, factors)]
    return rates


def parameter_groups(c, network, carried):
    """Weights decay, biases and gains do not; carried layers learn more slowly."""
    groups = []
    for i, layer in enumerate(network.layers):
        share = c["carried_rate"] if i in carried and c["carried_rate"] > 0 else 1
        groups.append({"params": [layer.weight], "weight_decay": c["weight_decay"], "share": share})
        groups.append({"params": layer.learned()[1:], "weight_decay": 0.0, "share": share})
    return groups


def class_weights(c, y, n_classes):
    return [ROWS / (n_classes * y.count(k)) if y.count(k) else 0.0 for k in range(n_classes)]


def batch_losses(c, z, y, weights):
    """What is reported and what is minimised, means over the batch's rows."""
    if z.shape[1] == 1:
        loss = F.mse_loss(z[:, 0], y)
        return loss, loss
    rows = F.cross_entropy(z, y, reduction="none", label_smoothing=c["label_smoothing"])
    if c["class_weights"]:
        rows = rows * weights[y]
    return F.cross_entropy(z, y), rows.mean()


def run(c, shape, seed, dtype):
    image = shape[0] if isinstance(shape[0], tuple) else None
    n_inputs, n_classes = math.prod(image) if image else shape[0], shape[1]
    g = Generator(seed)
    x, y = make_rows(g, n_inputs, n_classes)
    network = Network(g, c, image, n_inputs, n_classes, dtype)
    weights = torch.tensor(class_weights(c, y, n_classes), dtype=dtype)
    x = torch.tensor(x, dtype=torch.float32).to(dtype)
    y = torch.tensor(y) if n_classes else torch.tensor(y, dtype=torch.float32).to(dtype)

    carried = [0] if c["from_weights"] else []
    optimizer = make_optimizer(c, parameter_groups(c, network, carried))
    per_epoch = -(-ROWS // BATCH)
    rates, losses = scheduled_rates(c, per_epoch), []
    for k in range(STEPS):
        thawed = 0 < c["thaw_epoch"] <= k // per_epoch
        first = 0 if thawed else c["freeze"]
        for i, layer in enumerate(network.layers):
            layer.learn(i >= first)
        for group in optimizer.param_groups:
            group["lr"] = rates[k] * group["share"]
        rows = slice(k % per_epoch * BATCH, min(k % per_epoch * BATCH + BATCH, ROWS))
        optimizer.zero_grad(set_to_none=True)
        plain, loss = batch_losses(c, network.forward(x[rows], True, first), y[rows], weights)
        loss.backward()
        if c["gradient_clip"] > 0:
            learning = [p for layer in network.layers[first:] for p in layer.learned()]
            torch.nn.utils.clip_grad_norm_(learning, c["gradient_clip"])
        optimizer.step()
        losses.append(plain.item())
    with torch.no_grad():
        judged = batch_losses(c, network.forward(x, False), y, weights)[0].item()
    return {"n_inputs": n_inputs, "n_classes": n_classes, "image_rows": image[0] if image else 0,
            "image_columns": image[1] if image else 0, "seed": seed,
            "carried": len(carried), "rates": rates, "losses": losses, "judged": judged}


def short(value):
    """Ten significant digits are plenty for a bound of 1e-4."""
    if isinstance(value, float):
        return float("%.10g" % value)
    return [short(v) for v in value] if isinstance(value, list) else value


def main():
    torch.set_num_threads(1)
    compare, cases, worst = sys.argv[1] == "--float32", [], 0
    for group in optimizers, schedules, layers, losses, carrying:
        for name, given, shape in group():
            c, seed = {**USUAL, **given}, zlib.crc32(name.encode())
            result = run(c, shape, seed, torch.float64)
            if compare:
                single_losses = run(c, shape, seed, torch.float32)["losses"]
                off = max(abs(a / b - 1) for a, b in zip(single_losses, result["losses"]))
                worst = max(worst, off)
                print("%-36s %.3f -> %.3f   float32 is off by %.1e" % (
                    name, result["losses"][0], result["losses"][-1], off))
            config = {**c, "rng_seed": "0"}
            cases.append({"name": name, "config": config,
                          **{k: short(v) for k, v in result.items()}})
    if compare:
        print("%d cases, float32 is off by %.1e at most" % (len(cases), worst))
    with open(sys.argv[-1], "w", encoding="ascii") as f:
        head = {"format": "tiller oracle 1", "torch": torch.__version__, "n_rows": ROWS}
        lines = ",\n".join(json.dumps(case) for case in cases)
        f.write(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")


main()
