"""Optuna 3.1 made quick enough for thousands of replayed searches, without another result.

Its truncated normal distribution bisects in Python; scipy has the same functions (they differ by
rounding, under 1e-12). Its pruners copy and count again what no longer changes: finished trials and
their brackets. optuna_replay.py --unhurried goes without; the two must agree.
"""
import functools
import math


def use_scipy():
    import numpy as np
    from optuna.samplers._tpe import _truncnorm
    from scipy import special

    def log_ndtr(a):
        return special.log_ndtr(np.asarray(a, dtype=float))

    def ndtri_exp(y):
        return special.ndtri_exp(np.asarray(y, dtype=float))

    _truncnorm._log_ndtr = log_ndtr
    _truncnorm._ndtri_exp = ndtri_exp
    _truncnorm.erf = special.erf


class LooksOnly:
    """In place of the module copy where what is copied is only looked at."""

    @staticmethod
    def copy(x):
        return x

    @staticmethod
    def deepcopy(x):
        return x


def stop_copying():
    import optuna

    optuna.study._tell.copy = LooksOnly

    def should_prune(self):
        return self.study.pruner.prune(self.study, self._get_latest_trial())

    optuna.trial.Trial.should_prune = should_prune


def remember_brackets():
    from optuna.pruners import HyperbandPruner

    plain = HyperbandPruner._get_bracket_id

    def bracket_of(self, study, trial):
        known = self.__dict__.setdefault("_known_brackets", {})
        if not self._pruners:
            return plain(self, study, trial)
        if trial.number not in known:
            known[trial.number] = plain(self, study, trial)
        return known[trial.number]

    HyperbandPruner._get_bracket_id = bracket_of


def score_of(trial):
    """As in _get_observation_pairs; for one objective to be minimised."""
    from optuna.trial import TrialState

    if trial.state is TrialState.COMPLETE:
        return (-math.inf, list(trial.values))
    if not trial.intermediate_values:
        return (1, [0.0])
    step, value = max(trial.intermediate_values.items())
    return (-step, [math.inf if math.isnan(value) else value])


def internal_of(trial):
    return {n: trial.distributions[n].to_internal_repr(v) for n, v in trial.params.items()}


def remember_observations():
    from optuna.samplers._tpe import sampler
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED)

    def pairs(study, names, constant_liar=False, constraints_enabled=False):
        assert not constant_liar and not constraints_enabled
        values, scores = {name: [] for name in names}, []
        for trial in study.get_trials(deepcopy=False, states=ended):
            if trial.state is TrialState.COMPLETE and trial.values is None:
                continue
            known = trial.__dict__.get("_known")
            if known is None:
                known = trial.__dict__["_known"] = (score_of(trial), internal_of(trial))
            scores.append(known[0])
            for name in names:
                values[name].append(known[1].get(name))
        return values, scores, None

    sampler._get_observation_pairs = pairs


@functools.lru_cache(maxsize=1)
def apply():
    use_scipy()
    stop_copying()
    remember_brackets()
    remember_observations()
