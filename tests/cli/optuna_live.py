"""What Debian's python3-optuna sees of a study log, for test_optuna_live.c.

optuna_live.py enqueue FILE JSON   put a configuration into the queue
optuna_live.py summary FILE        print best trial and all trials as one JSON object
"""
import json
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


if __name__ == "__main__":
    study = load(sys.argv[2])
    if sys.argv[1] == "enqueue":
        study.enqueue_trial(json.loads(sys.argv[3]))
    else:
        print(json.dumps(summary(study)))
