"""peer_sklearn: scikit-learn's MLPClassifier beside our trainer; the protocol stands in peer.h.

One fit of many epochs goes on from the weights there are (warm_start), so that what fit does
besides its epochs (checks, class labels) hardly counts; nothing stops it early. It has neither
dropout nor convolutions, and two classes are one logistic output."""
import json
import sys
import time
import warnings

try:
    import numpy
    import sklearn
    from sklearn.neural_network import MLPClassifier
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit(0)


def read_rows(r):
    cells = r["n_rows"] * r["n_inputs"]
    x = numpy.fromfile(r["rows"], dtype=numpy.float32, count=cells)
    y = numpy.fromfile(r["rows"], dtype=numpy.int32, count=r["n_rows"], offset=4 * cells)
    return x.reshape(r["n_rows"], r["n_inputs"]), y


class Training:
    def __init__(self, r):
        self.x, self.y = read_rows(r)
        self.model = MLPClassifier(
            hidden_layer_sizes=[r["units"]] * r["num_layers"], activation="relu",
            solver=r["optimizer"], learning_rate_init=r["learning_rate"], momentum=r["momentum"],
            nesterovs_momentum=False, alpha=0, batch_size=r["batch"], shuffle=True, random_state=1,
            early_stopping=False, warm_start=True, tol=0, n_iter_no_change=10**9)
        self.fit(1)
        self.per_second = 1 / self.fit(1)

    def fit(self, epochs):
        """Seconds that so many epochs take."""
        self.model.max_iter = epochs
        began = time.process_time()
        self.model.fit(self.x, self.y)
        return time.process_time() - began

    def rate(self, seconds):
        epochs = max(1, round(seconds * self.per_second))
        before = self.model.n_iter_
        passed = self.fit(epochs)
        if self.model.n_iter_ != before + epochs:
            raise RuntimeError("MLPClassifier did other than the epochs it was asked for")
        self.per_second = epochs / passed
        return epochs * len(self.y) / passed


def main():
    warnings.simplefilter("ignore")  # "hasn't converged yet": it is not meant to
    sklearn.set_config(assume_finite=True)
    print(json.dumps({"version": "scikit-learn " + sklearn.__version__}), flush=True)
    known, training = None, None
    for line in sys.stdin:
        r = json.loads(line)
        seconds = r.pop("seconds")
        if r["conv_layers"]:
            print(json.dumps({"unable": "no convolutions"}), flush=True)
            continue
        if r != known:
            known, training = r, Training(r)
        print(json.dumps({"rate": training.rate(seconds)}), flush=True)


main()
