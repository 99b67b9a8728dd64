#!/usr/bin/python3
"""Live, not replayed: `tiller run` against Optuna that drives `tiller train` as its objective.

Same space (read from a study log), same full length R, same budget in epochs, seeds 0..N-1. Each
task's family is left out of the knowledge (tiller run does so by itself). A trial that Optuna prunes
is killed and charged by the epochs that really ran. At the end each one's choice is trained once
more and the test part read once. Rows already in the CSV file are not run again.

    live_compare.py --tiller build/tiller --knowledge data/knowledge/knowledge.json \\
        --tasks vowel satellite letter --trainings 30 --seeds 5 --out live
"""
import argparse
import csv
import json
import math
import os
import random
import subprocess
import sys

MOMENTUM_UNDER = ("sgd", "nesterov")
METHODS = ("tiller", "tpe", "tpe+hyperband", "portfolio+tpe+hyperband")


# ---- the space and the portfolio -----------------------------------------------------------------

def attribute(log, name):
    for line in open(log):
        found = json.loads(line).get("user_attr", {}).get(name)
        if found is not None:
            return found
    sys.exit("%s has no %s" % (log, name))


def family_left_out(log):
    """As the program itself says; None: none of its family is known."""
    for line in open(log):
        event = json.loads(line).get("user_attr", {}).get("event", {})
        if isinstance(event, dict) and event.get("what") == "knowledge":
            return event.get("left_out")
    sys.exit("%s does not say which knowledge was used" % log)


def searched(space):
    return {n: d for n, d in space.items() if "held" not in d}


def choices_of(distribution):
    all_of_them = distribution["attributes"]["choices"]
    return all_of_them[:distribution.get("n_sampled") or len(all_of_them)]


def suggest(trial, space):
    params = {}
    for name, d in searched(space).items():
        a = d["attributes"]
        if name == "momentum" and params.get("optimizer") not in MOMENTUM_UNDER:
            continue
        if d["name"] == "CategoricalDistribution":
            params[name] = trial.suggest_categorical(name, choices_of(d))
        elif d["name"] == "IntDistribution":
            params[name] = trial.suggest_int(name, a["low"], a["high"], log=a["log"])
        else:
            params[name] = trial.suggest_float(name, a["low"], a["high"], log=a["log"])
    return params


def value_at(unit, d):
    a = d["attributes"]
    if d["name"] == "CategoricalDistribution":
        choice = a["choices"][round(unit * (len(a["choices"]) - 1))]
        return choice if choice in choices_of(d) else a["choices"][0]
    low, high = a["low"], a["high"]
    value = low * (high / low) ** unit if a["log"] else low + unit * (high - low)
    if d["name"] == "IntDistribution":
        return min(high, max(low, round(value)))
    return min(high, max(low, value))


def portfolio(path, family):
    """Entries learnt without the family (None: with all), as parameters, as they were chosen."""
    known = json.load(open(path))
    index = known["families"].index(family) if family else -1
    advice = [a for a in known["advice"] if a["left_out"] == index]
    if not advice:
        sys.exit("%s can't leave %s out" % (path, family))
    names = list(known["space"])
    entries = []
    for entry in advice[0]["portfolio"]["entry"]:
        unit = dict(zip(names, known["shared"][entry]))
        params = {n: value_at(unit[n], d) for n, d in searched(known["space"]).items()}
        if params.get("optimizer") not in MOMENTUM_UNDER:
            params.pop("momentum", None)
        entries.append(params)
    return entries


# ---- trainings -----------------------------------------------------------------------------------

def words(params):
    return ["%s=%s" % (n, repr(v) if isinstance(v, float) else v) for n, v in params.items()]


class Objective:
    """Charges every epoch that ran, those between Optuna's word and the kill included."""

    def __init__(self, o, task, space, seed, budget):
        self.o, self.task, self.space, self.seed, self.budget = o, task, space, seed, budget
        self.spent, self.best, self.curve = 0, math.inf, []

    def charge(self, error):
        self.spent += 1
        self.best = min(self.best, error)
        if self.spent <= self.budget:
            self.curve.append((self.spent, self.best))

    def __call__(self, trial):
        import optuna
        params = suggest(trial, self.space)
        rng_seed = self.seed * 100003 + trial.number
        trial.set_user_attr("rng_seed", rng_seed)
        process = subprocess.Popen(
            [self.o.tiller, "train", self.task, *words(params), "--epochs", str(self.o.full),
             "--rng-seed", str(rng_seed), "--json-lines", "--no-test"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        best, stopped = math.inf, False
        try:
            for line in process.stdout:
                epoch = json.loads(line) if line.endswith("}\n") else {}
                if "epoch" not in epoch or "val_accuracy" not in epoch:
                    continue
                error = 1 - epoch["val_accuracy"]
                self.charge(error)
                if stopped:  # ran on before the kill came
                    continue
                best = min(best, error)
                trial.report(best, epoch["epoch"])
                if epoch["epoch"] < self.o.full and (self.spent >= self.budget
                                                     or trial.should_prune()):
                    stopped = True
                    process.kill()
        finally:
            process.kill()
            process.wait()
            if self.spent >= self.budget:
                trial.study.stop()
        if stopped or math.isinf(best):  # by the pruner or the budget; diverged at once
            raise optuna.TrialPruned
        return best


def run_optuna(o, method, task, family, seed, budget, space):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = (optuna.pruners.HyperbandPruner(min_resource=2, max_resource=o.full,
                                             reduction_factor=3)
              if "hyperband" in method else optuna.pruners.NopPruner())
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), pruner=pruner)
    if "portfolio" in method:
        for params in portfolio(o.knowledge, family):
            study.enqueue_trial(params)
    objective = Objective(o, task, space, seed, budget)
    study.optimize(objective, n_trials=None)
    complete = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    done = complete or [t for t in study.trials if t.value is not None]  # pruned: its last report
    best = min(done, key=lambda t: t.value) if done else None
    return (objective.curve, best.params if best else {},
            best.user_attrs["rng_seed"] if best else 0)


def run_tiller(o, task, seed, budget, log):
    known = ["--knowledge", o.knowledge or "no"]
    out = subprocess.run(
        [o.tiller, "run", task, "--plain", "--json", "--workers", "1", "--no-test",
         "--epochs", str(budget), "--epochs-per-trial", str(o.full), "--rng-seed", str(seed),
         "--study", log] + (known if not os.path.exists(log) else []),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    best = json.loads(out)["best"]
    curve, spent, least = [], 0, math.inf
    for line in open(log):
        record = json.loads(line)
        event = record.get("user_attr", {}).get("event", {})
        if isinstance(event, dict) and event.get("what") == "charge":
            for _ in range(int(event["epochs"])):
                spent += 1
                curve.append((spent, least))
        if record["op_code"] == 7:
            value = record["intermediate_value"]
            spent += 1
            least = min(least, value if isinstance(value, float) else math.inf)
            curve.append((spent, least))
    return curve, best["params"], seed


def test_error(o, task, params, seed):
    out = subprocess.run(
        [o.tiller, "train", task, *words(params), "--epochs", str(o.full), "--rng-seed", str(seed),
         "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return 1 - json.loads(out)["test"]["accuracy"]


# ---- rows ----------------------------------------------------------------------------------------

def run_one(o, method, task, seed):
    budget = o.trainings * o.full
    log = os.path.join(o.out, "%s-%d.study.jsonl" % (os.path.basename(task), seed))
    if method == "tiller":
        return run_tiller(o, task, seed, budget, log)
    probe = os.path.join(o.out, "%s.space.study.jsonl" % os.path.basename(task))
    if not os.path.exists(probe):
        subprocess.run([o.tiller, "run", task, "--plain", "--json", "--epochs", "2", "--no-test",
                        "--knowledge", o.knowledge or "no", "--study", probe],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    family = family_left_out(probe) if "portfolio" in method else None
    return run_optuna(o, method, task, family, seed, budget, attribute(probe, "space"))


def at(curve, epochs):
    return min([v for e, v in curve if e <= epochs], default=math.inf)


def checkpoints(o):
    return [m * o.full for m in (1, 2, 3, 5, 10, 20, 30) if m <= o.trainings]


def interval(values, draws=2000):
    rng = random.Random(1)
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(draws))
    return sum(values) / len(values), means[int(.025 * draws)], means[int(.975 * draws)]


def report(rows, o):
    columns = ["val@%d" % e for e in checkpoints(o)] + ["test"]
    print("%-10s %-24s" % ("task", "method") + "".join("%26s" % c for c in columns))
    for task in o.tasks:
        for method in o.methods:
            mine = [r for r in rows if r["task"] == task and r["method"] == method]
            cells = ["%.4f [%.4f-%.4f]" % interval([float(r[c]) for r in mine])
                     for c in columns] if mine else []
            print("%-10s %-24s" % (os.path.basename(task), method)
                  + "".join("%26s" % c for c in cells))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--tiller", default="build/tiller")
    p.add_argument("--knowledge")
    p.add_argument("--tasks", nargs="+", required=True)
    p.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    p.add_argument("--trainings", type=int, default=30, help="budget in full trainings")
    p.add_argument("--full", type=int, default=50, help="R")
    p.add_argument("--seeds", type=int, default=5)
    p.add_argument("--out", default="live")
    o = p.parse_args()
    if not o.knowledge:
        o.methods = [m for m in o.methods if "portfolio" not in m]
    os.makedirs(o.out, exist_ok=True)
    path = os.path.join(o.out, "live.csv")
    fields = ["task", "method", "seed", "trainings", "full"]
    fields += ["val@%d" % e for e in checkpoints(o)] + ["test", "params"]
    rows = list(csv.DictReader(open(path))) if os.path.exists(path) else []
    for task in o.tasks:
        for seed in range(o.seeds):
            for method in o.methods:
                key = (task, method, str(seed), str(o.trainings), str(o.full))
                if any((r["task"], r["method"], r["seed"], r["trainings"], r["full"]) == key
                       for r in rows):
                    continue
                curve, params, rng_seed = run_one(o, method, task, seed)
                row = dict(zip(fields, key), params=json.dumps(params),
                           test=test_error(o, task, params, rng_seed))
                row.update({"val@%d" % e: at(curve, e) for e in checkpoints(o)})
                new = not os.path.exists(path)
                with open(path, "a", newline="") as out:
                    writer = csv.DictWriter(out, fields)
                    if new:
                        writer.writeheader()
                    writer.writerow(row)
                name = "%s-%s-%d.curve.csv" % (os.path.basename(task), method, seed)
                with open(os.path.join(o.out, name), "w", newline="") as out:
                    csv.writer(out).writerows([("epochs", "val_error"), *curve])
                rows.append({k: str(v) for k, v in row.items()})
                print("%s %s seed %d: test error %.4f" % (task, method, seed, row["test"]),
                      file=sys.stderr)
    report(rows, o)


if __name__ == "__main__":
    main()
