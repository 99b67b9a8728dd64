"""What Debian's python3-optuna sees of a study log, and does in it, for tests (programs.h).

optuna_study.py show FILE           the first study as one JSON object
optuna_study.py summary FILE        its best trial, and how all of them ended
optuna_study.py enqueue FILE JSON   put a configuration into its queue
optuna_study.py work FILE N         a worker of Optuna: N trials in that study, seeds first
"""
import json
import math
import sys
import warnings

warnings.filterwarnings("ignore")
import optuna  # noqa: E402
from optuna.storages import JournalFileStorage, JournalStorage  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)


def load(path):
    storage = JournalStorage(JournalFileStorage(path))
    name = optuna.get_all_study_summaries(storage)[0].study_name
    return optuna.load_study(study_name=name, storage=storage)


def number(value):
    return "NaN" if value is None or math.isnan(value) else value


def show(study):
    complete = [t for t in study.trials if t.state.name == "COMPLETE"]
    return {
        "name": study.study_name,
        "best": study.best_trial.number if complete else -1,
        "user_attrs": sorted(study.user_attrs),
        "metric_names": study.system_attrs.get("study:metric_names"),
        "trials": [
            {
                "id": t._trial_id,
                "number": t.number,
                "state": t.state.value,
                "value": number(t.value),
                "params": t.params,
                "curve": [[s, number(v)] for s, v in sorted(t.intermediate_values.items())],
                "losses": t.user_attrs.get("curve:val_loss", []),
                "attrs": t.user_attrs,
                "start": t.datetime_start.isoformat() if t.datetime_start else "",
            }
            for t in study.trials
        ],
    }


def summary(study):
    best = study.best_trial
    return {
        "best": {"number": best.number, "value": best.value, "params": best.params},
        "metric_names": study.system_attrs.get("study:metric_names"),
        "trials": [
            {
                "number": t.number,
                "state": t.state.name,
                "value": t.value,
                "params": t.params,
                "epochs": len(t.intermediate_values),
                "lowest": min(t.intermediate_values.values(), default=None),
                "who": t.user_attrs.get("who"),
                "curve": len(t.user_attrs.get("curve:train_loss", [])),
            }
            for t in study.trials
        ],
    }


def objective(trial):
    rate = trial.suggest_float("learning_rate", 1e-4, 0.1, log=True)
    for step in range(1, 4):
        trial.report(rate / step, step)
    return rate / 3


if __name__ == "__main__":
    verb, opened = sys.argv[1], load(sys.argv[2])
    if verb == "show":
        print(json.dumps(show(opened)))
    elif verb == "summary":
        print(json.dumps(summary(opened)))
    elif verb == "enqueue":
        opened.enqueue_trial(json.loads(sys.argv[3]))
    elif verb == "work":
        opened.optimize(objective, n_trials=int(sys.argv[3]))
    else:
        sys.exit("what is " + verb + "?")
