"""What Optuna's TPESampler proposes after a given history, for test_tpe.c.

usage: tpe_oracle.py N ROW...: N proposals, one line each: learning_rate layers optimizer momentum units.
Optuna 3.1.0 leaves the width of a component out of its density (_truncnorm.logpdf, later versions have
it); it is put in here where it is missing, as in Bergstra et al. 2011. A ROW is "state step value learning_rate layers optimizer momentum units"; momentum belongs to sgd only."""
import sys

import numpy
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe import _truncnorm
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
without_width = _truncnorm.logpdf


def logpdf(x, a, b, loc=0, scale=1):
    return without_width(x, a, b, loc, scale) - numpy.log(scale)


inside = numpy.array([0.0])
if without_width(inside, -1, 1, 0, 2) == without_width(inside, -1, 1, 0, 1):
    _truncnorm.logpdf = logpdf

SPACE = {
    "learning_rate": FloatDistribution(1e-4, 0.1, log=True),
    "layers": IntDistribution(1, 4),
    "optimizer": CategoricalDistribution(["adam", "sgd"]),
    "momentum": FloatDistribution(0, 0.99),
    "units": IntDistribution(8, 65536, log=True),
}


def past_trial(row):
    state, step, value, rate, layers, optimizer, momentum, units = row.split()
    params = {"learning_rate": float(rate), "layers": int(layers), "optimizer": optimizer,
              "units": int(units)}
    if optimizer == "sgd":
        params["momentum"] = float(momentum)
    complete = state == "complete"
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        value=float(value) if complete else None,
        params=params,
        distributions={name: SPACE[name] for name in params},
        intermediate_values={int(step): float(value)},
    )


study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
for row in sys.argv[2:]:
    study.add_trial(past_trial(row))
trial = study._storage.get_trial(study._storage.create_new_trial(study._study_id))
for _ in range(int(sys.argv[1])):
    drawn = [study.sampler.sample_independent(study, trial, name, SPACE[name]) for name in SPACE]
    print(*drawn)
