#!/usr/bin/python3
"""Optuna's samplers and pruners on the learning curves that `tiller bench` reads.

usage: optuna_replay.py FILE... --out RUNS.csv [--methods NAMES] [--seeds N] [--tasks NAMES]
                        [--budget N] [--known N] [--knowledge FILE] [--workers N] [--tiller PATH]
                        [--unhurried] [--any-version]

Configurations, curves, axes, the common first points and the portfolios are what
`tiller bench FILE... --describe --json --curves` says; which methods with which settings stands in
peers.json beside this file, as do the versions. A proposal goes to the nearest unused configuration
of the pool, which Optuna is told in its place; every epoch shown is charged. RUNS.csv goes to
`tiller bench FILE... --with RUNS.csv`. Searches that stand there already are not run again.
"""
import argparse
import csv
import gc
import importlib.metadata
import json
import math
import multiprocessing
import os
import subprocess
import sys
import time
import warnings
import zlib

import optuna_quick

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = ["method", "task", "seed", "epoch", "cost", "error"]


class Axis:
    """One hyperparameter: its distribution, and its place on the unit axis as tiller has it."""

    def __init__(self, form):
        import optuna

        self.name, self.fallback, self.held = form["name"], form["fallback"], form["held"]
        self.active_if = form.get("active_if")
        self.active_choices = form.get("active_choices")
        made = form["distribution"]
        self.choices = made["attributes"].get("choices")
        if self.choices is not None:
            sampled = self.choices[: form["sampled"]]
            made = {"name": made["name"], "attributes": {"choices": sampled}}
        self.distribution = optuna.distributions.json_to_distribution(json.dumps(made))
        if self.choices is None:
            d = self.distribution
            self.low, self.high, self.log = d.low, d.high, d.log

    def unit(self, value):
        if self.choices is not None:
            n = len(self.choices)
            return self.choices.index(value) / (n - 1) if n > 1 else 0.0
        if self.high <= self.low:
            return 0.0
        if self.log:
            place = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            place = (value - self.low) / (self.high - self.low)
        return min(max(place, 0.0), 1.0)

    def is_active(self, values):
        return self.active_if is None or values.get(self.active_if) in self.active_choices


class Pool:
    """Configurations whose curves are known."""

    def __init__(self, facts):
        import numpy as np

        self.axes = [Axis(form) for form in facts["axes"]]
        self.searched = [axis for axis in self.axes if not axis.held]
        self.unit = np.array(facts["unit"])
        # As tiller measures: choices are the same or 1 apart, axes have scales.
        self.scale = np.array(facts["scale"]) if "scale" in facts else None
        self.is_choice = np.array([axis.choices is not None for axis in self.axes])
        names = [axis.name for axis in self.axes]
        free = {axis.name for axis in self.searched}
        self.values = [
            {n: v for n, v in zip(names, row) if n in free and v is not None}
            for row in facts["values"]
        ]
        self.elsewhere = np.array([a.unit(a.fallback) for a in self.axes])


class Task:
    def __init__(self, facts, pools):
        import numpy as np

        self.name, self.epochs = facts["name"], facts["epochs"]
        self.pool, self.common = pools[facts["pool"]], facts["common"]
        self.portfolio = facts.get("portfolio")
        self.error = np.array(facts["error"], dtype=float)
        self.cost = facts["cost"]


def seed_of(task, seed):
    return (zlib.crc32(task.encode()) + 7919 * seed) % 2**31


def make_study(form, task, seed):
    import optuna

    settings = form.get("pruner_settings", {})
    numbers = {k: task.epochs if v == "R" else v for k, v in settings.items()}
    sampler = getattr(optuna.samplers, form["sampler"])
    pruner = getattr(optuna.pruners, form.get("pruner", "NopPruner"))
    # Hyperband draws brackets by the study's name.
    return optuna.create_study(
        study_name=f"{task.name}-{seed}",
        direction="minimize",
        sampler=sampler(seed=seed_of(task.name, seed), **form["sampler_settings"]),
        pruner=pruner(**numbers),
    )


def begin_with(study, form, task, seed):
    points = task.common[seed][: form.get("common", 0)]
    configurations = [task.pool.values[p] for p in points]
    if form.get("portfolio"):
        free = {axis.name for axis in task.pool.searched}
        for entry in task.portfolio:
            configurations.append({n: v for n, v in entry.items() if n in free})
    for configuration in configurations:
        study.enqueue_trial(configuration)


def take_nearest(pool, used, unit):
    import numpy as np

    apart = pool.unit - unit
    if pool.scale is not None:
        apart = (np.where(pool.is_choice, apart != 0, apart)) * pool.scale
    far = (apart**2).sum(axis=1)
    far[used] = math.inf
    point = int(far.argmin())
    used[point] = True
    return point


def propose(study, pool, used):
    """Asks Optuna, maps its proposal, and tells it what is run in its place."""
    trial = study.ask()
    place, values = pool.elsewhere.copy(), {}
    for i, axis in enumerate(pool.axes):
        if axis.held or not axis.is_active(values):
            continue
        values[axis.name] = trial._suggest(axis.name, axis.distribution)
        place[i] = axis.unit(values[axis.name])
    point = take_nearest(pool, used, place)
    run = pool.values[point]
    kept = study._storage._get_trial(trial._trial_id)
    by_name = {axis.name: axis.distribution for axis in pool.searched}
    kept.params = {axis.name: run[axis.name] for axis in pool.searched if axis.name in run}
    kept.distributions = {name: by_name[name] for name in kept.params}
    return trial, point


def search(form, task, seed, budget):
    """One search; returns its gains as (epoch, cost, error), the end of the search last."""
    import numpy as np
    from optuna.trial import TrialState

    study = make_study(form, task, seed)
    begin_with(study, form, task, seed)
    used, left, steps = np.zeros(len(task.pool.values), bool), len(task.pool.values), []
    charged, cost, best = 0, 0.0, math.inf
    while charged < budget and left > 0:
        trial, point = propose(study, task.pool, used)
        left -= 1
        curve, value, state = task.error[point], math.inf, TrialState.COMPLETE
        for epoch in range(min(task.epochs, budget - charged)):
            error = float(curve[epoch])
            charged += 1
            cost += task.cost[point]
            trial.report(error, epoch + 1)
            if math.isnan(error):
                state = TrialState.PRUNED
                break
            value = min(value, error)
            if error < best:
                best = error
                steps.append((charged, cost, error))
            if epoch + 1 < task.epochs and trial.should_prune():
                state = TrialState.PRUNED
                break
        study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)
    steps.append((charged, cost, best if math.isfinite(best) else math.nan))
    return steps


WORLD = {}


def work(job):
    method, name, seed = job
    task = WORLD["tasks"][name]
    budget = round(WORLD["budget"] * task.epochs)
    return method, name, seed, search(WORLD["forms"][method], task, seed, budget)


def begin_worker():
    gc.disable()


def check_versions(versions, careless):
    for package, wanted in versions.items():
        try:
            found = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted and not careless:
            sys.exit(f"{package} is {found}, peers.json says {wanted}; --any-version goes on")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--out", required=True)
    parser.add_argument("--peers", default=os.path.join(HERE, "peers.json"))
    parser.add_argument("--methods", help="names with commas; default all that can run")
    parser.add_argument("--tasks", help="names with commas")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--budget", type=float, help="in full trainings")
    parser.add_argument("--known", help="take out what knowledge of the table is made of")
    parser.add_argument("--knowledge", help="for the portfolio, without each task's family")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--tiller", default=os.environ.get("TILLER", "build/tiller"))
    parser.add_argument("--any-version", action="store_true")
    parser.add_argument("--unhurried", action="store_true", help="Optuna as it is, slow")
    return parser.parse_args()


def facts_of(options, n_seeds):
    command = [options.tiller, "bench", *options.files, "--describe", "--json", "--curves"]
    command += ["--seeds", str(n_seeds)]
    for name in ("tasks", "known", "knowledge"):
        if getattr(options, name):
            command += ["--" + name, getattr(options, name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return json.loads(done.stdout)


def choose_methods(options, peers):
    forms = peers["optuna"]["methods"]
    names = options.methods.split(",") if options.methods else list(forms)
    for name in names:
        if name not in forms:
            sys.exit(f"there is no method '{name}'; peers.json has {', '.join(forms)}")
        if forms[name].get("portfolio") and not options.knowledge and options.methods:
            sys.exit(f"{name} needs --knowledge FILE")
    return {n: forms[n] for n in names if options.knowledge or not forms[n].get("portfolio")}


def read_done(path):
    """Whole searches of an earlier call. A cut last line, or a search without its end, is not."""
    done = set()
    if not os.path.exists(path):
        return done, []
    with open(path, newline="", encoding="utf-8") as file:
        rows = [r for r in csv.reader(line for line in file if line[0] != "#") if len(r) == 6]
    kept, pending = [], []
    for row in rows[1:]:
        pending.append(row)
        if len(pending) > 1 and pending[-2][:3] != row[:3]:
            pending = [row]
        # the end of a search has the error of the row before, or none
        if row[5] == "nan" or (len(pending) > 1 and pending[-2][5] == row[5]):
            done.add((row[0], row[1], int(row[2])))
            kept += pending
            pending = []
    return done, kept


def main():
    options = read_options()
    with open(options.peers, encoding="utf-8") as file:
        peers = json.load(file)
    check_versions(peers["optuna"]["versions"], options.any_version)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    if not options.unhurried:
        optuna_quick.apply()
    n_seeds = options.seeds or peers["protocol"]["seeds"]
    facts = facts_of(options, n_seeds)
    pools = [Pool(p) for p in facts["pools"]]
    WORLD["tasks"] = {t["name"]: Task(t, pools) for t in facts["tasks"]}
    WORLD["forms"] = choose_methods(options, peers)
    WORLD["budget"] = options.budget or peers["protocol"]["budget"]
    done, rows = read_done(options.out)
    jobs = [
        (m, t, s)
        for m in WORLD["forms"]
        for s in range(n_seeds)
        for t in WORLD["tasks"]
        if (m, t, s) not in done
    ]
    versions = ", ".join(f"{k} {v}" for k, v in peers["optuna"]["versions"].items())
    with open(options.out + ".part", "w", encoding="utf-8") as file:
        file.write(f"# {facts['table']}: {versions}; settings: tests/bench/peers.json\n")
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(",".join(row) + "\n" for row in rows)
    os.replace(options.out + ".part", options.out)
    del facts
    gc.freeze()
    run_all(jobs, options)


def run_all(jobs, options):
    began = time.monotonic()
    context = multiprocessing.get_context("fork")
    with open(options.out, "a", encoding="utf-8") as file, context.Pool(
        options.workers, begin_worker, maxtasksperchild=8
    ) as crew:
        for done, (method, task, seed, steps) in enumerate(crew.imap_unordered(work, jobs), 1):
            for epoch, cost, error in steps:
                file.write(f"{method},{task},{seed},{epoch},{cost:.9g},{error!r}\n")
            file.flush()
            left = (time.monotonic() - began) / done * (len(jobs) - done)
            if done % max(1, len(jobs) // 20) == 0:
                print(f"{done} of {len(jobs)} searches, {left:.0f} s left", file=sys.stderr)


if __name__ == "__main__":
    main()
