"""peer_torch: PyTorch beside our trainer; the protocol stands in peer.h.

A loop as a careful user writes it: rows in memory as tensors, one permutation an epoch, gradients
set to None, nothing read back from a tensor inside an epoch, denormals off as in ours. Where two
ways are usual (the optimiser's foreach or not; rows gathered batch by batch or once an epoch;
images with their channels first or last) it tries all of them on the network at hand and keeps the
fastest."""
import itertools
import json
import sys
import time

try:
    import numpy
    import torch
    from torch import nn
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit(0)


def read_rows(r):
    cells = r["n_rows"] * r["n_inputs"]
    x = numpy.fromfile(r["rows"], dtype=numpy.float32, count=cells)
    y = numpy.fromfile(r["rows"], dtype=numpy.int32, count=r["n_rows"], offset=4 * cells)
    side = r["image_side"]
    shape = (r["n_rows"], 1, side, side) if side else (r["n_rows"], r["n_inputs"])
    return torch.from_numpy(x.reshape(shape)), torch.from_numpy(y.astype(numpy.int64))


def make_model(r):
    """Pooling before relu: the same function as after it, and the cheaper order."""
    layers, side, channels = [], r["image_side"], 1
    for i in range(r["conv_layers"]):
        filters = r["filters"] << i
        layers += [nn.Conv2d(channels, filters, r["kernel_size"], padding=r["kernel_size"] // 2),
                   nn.MaxPool2d(2), nn.ReLU(inplace=True), nn.Dropout(r["dropout"])]
        channels, side = filters, side // 2
    if layers:
        layers.append(nn.Flatten())
    width = channels * side * side if layers else r["n_inputs"]
    for _ in range(r["num_layers"]):
        layers += [nn.Linear(width, r["units"]), nn.ReLU(inplace=True), nn.Dropout(r["dropout"])]
        width = r["units"]
    return nn.Sequential(*layers, nn.Linear(width, r["n_classes"])).train()


def make_optimizer(r, model, foreach):
    if r["optimizer"] == "adam":
        return torch.optim.Adam(model.parameters(), lr=r["learning_rate"], foreach=foreach)
    return torch.optim.SGD(model.parameters(), lr=r["learning_rate"], momentum=r["momentum"],
                           foreach=foreach)


class Training:
    """Of a network in one way: foreach or not, rows gathered at once or not, memory format."""

    def __init__(self, r, rows, foreach, at_once, memory_format):
        self.batch, (self.x, self.y) = r["batch"], rows
        self.memory_format = memory_format
        self.model = make_model(r)
        if r["image_side"]:
            self.model = self.model.to(memory_format=memory_format)
        self.optimizer = make_optimizer(r, self.model, foreach)
        self.batches = self.at_once if at_once else self.by_batch
        self.epoch()

    def by_batch(self):
        for rows in torch.randperm(len(self.y)).split(self.batch):
            yield self.x.index_select(0, rows), self.y.index_select(0, rows)

    def at_once(self):
        order = torch.randperm(len(self.y))
        return zip(self.x[order].split(self.batch), self.y[order].split(self.batch))

    def epoch(self):
        model, optimizer, cross_entropy = self.model, self.optimizer, nn.functional.cross_entropy
        for x, y in self.batches():
            if x.dim() == 4:
                x = x.contiguous(memory_format=self.memory_format)
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(x), y).backward()
            optimizer.step()

    def rate(self, seconds):
        began, passed, epochs = time.process_time(), 0.0, 0
        while epochs == 0 or passed < seconds:
            self.epoch()
            epochs += 1
            passed = time.process_time() - began
        return epochs * len(self.y) / passed


def fastest(r):
    rows = read_rows(r)
    formats = (torch.contiguous_format, torch.channels_last) if r["image_side"] else (None,)
    ways = itertools.product((False, True), (False, True), formats)
    return max((Training(r, rows, *way) for way in ways), key=lambda t: t.rate(0.2))


def main():
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    print(json.dumps({"version": "PyTorch " + torch.__version__}), flush=True)
    known, training = None, None
    for line in sys.stdin:
        r = json.loads(line)
        seconds = r.pop("seconds")
        if r != known:
            known, training = r, fastest(r)
        print(json.dumps({"rate": training.rate(seconds)}), flush=True)


main()
