#!/usr/bin/python3
"""Optuna's samplers and pruners on the tables of learning curves that `tiller bench` reads.

usage: optuna_replay.py TABLE --out FILE.csv [--methods NAMES] [--seeds N] [--tasks NAMES]
                        [--budget N] [--workers N] [--portfolio FILE.json] [--tiller PATH]

Space, axes and the common first points are those of `tiller bench TABLE --describe --json`; which
methods with which settings stands in peers.json beside this file, as do the versions. A proposal
goes to the nearest unused configuration of the table, which Optuna is told in its place; every epoch
shown is charged. FILE.csv goes to `tiller bench TABLE --with FILE.csv`.

A portfolio is {"TASK": [{"learning_rate": 0.01, ...}, ...], ...}: for each task the configurations
to begin with, which were chosen without it; "any" stands for all other tasks.
"""
import argparse
import csv
import gzip
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

HERE = os.path.dirname(os.path.abspath(__file__))


def open_csv(path):
    if os.path.exists(path):
        return open(path, newline="", encoding="utf-8")
    return gzip.open(path + ".gz", "rt", newline="", encoding="utf-8")


def rows_of(path):
    with open_csv(path) as file:
        yield from csv.reader(line for line in file if line.strip() and line[0] != "#")


class Axis:
    """One hyperparameter: its distribution, and its place on the unit axis as tiller has it."""

    def __init__(self, name, form):
        import optuna

        self.name = name
        self.source = name[2:] if name.startswith("1-") else name
        self.complement = name.startswith("1-")
        made = {"name": form["name"], "attributes": form["attributes"]}
        self.distribution = optuna.distributions.json_to_distribution(json.dumps(made))
        d = self.distribution
        self.choices = list(d.choices) if hasattr(d, "choices") else None
        if self.choices is None:
            self.low, self.high, self.log = d.low, d.high, d.log

    def value(self, word):
        if self.choices is not None:
            return word
        x = 1 - float(word) if self.complement else float(word)
        if type(self.distribution).__name__ == "IntDistribution":
            return int(x)
        return min(max(x, self.low), self.high)

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


class Table:
    def __init__(self, prefix, facts):
        import numpy as np

        self.n_epochs = facts["epochs"]
        self.axes = [Axis(name, form) for name, form in facts["space"].items()]
        rows = rows_of(prefix + "-configs.csv")
        header = next(rows)
        ids, self.values = {}, []
        for row in rows:
            cells = dict(zip(header, (cell.strip() for cell in row)))
            ids[cells["config_id"]] = len(self.values)
            self.values.append([axis.value(cells[axis.source]) for axis in self.axes])
        self.unit = np.array([[a.unit(v) for a, v in zip(self.axes, row)] for row in self.values])
        self.tasks = {t["name"]: t for t in facts["tasks"]}
        rows = rows_of(prefix + "-curves.csv")
        header = next(rows)
        task_column = header.index("task") if "task" in header else header.index("task_id")
        id_column = header.index("config_id")
        time_column = next((i for i, n in enumerate(header) if n.startswith("time")), None)
        first = len(header) - self.n_epochs
        n = len(self.values)
        self.error = {t: np.full((n, self.n_epochs), np.nan) for t in self.tasks}
        self.cost = {t: np.ones(n) for t in self.tasks}
        for row in rows:
            task = row[task_column]
            if task not in self.tasks:
                continue
            i = ids[row[id_column].strip()]
            self.error[task][i] = [float(x) for x in row[first:]]
            if time_column is not None:
                self.cost[task][i] = float(row[time_column])
        for task in self.tasks:
            curve = self.error[task]
            curve[~np.isfinite(curve)] = np.nan
            curve *= facts["scale"]
            lost = np.logical_or.accumulate(np.isnan(curve), axis=1)
            curve[lost] = np.nan
            if time_column is not None:
                self.cost[task] /= np.sort(self.cost[task])[(n - 1) // 2]


class Pool:
    """The configurations of one search that were not used yet."""

    def __init__(self, table):
        self.table = table
        self.left = len(table.values)
        self.used = [False] * self.left

    def take(self, unit):
        import numpy as np

        far = ((self.table.unit - unit) ** 2).sum(axis=1)
        far[np.array(self.used)] = np.inf
        point = int(far.argmin())
        self.used[point] = True
        self.left -= 1
        return point


def seed_of(task, seed):
    return (zlib.crc32(task.encode()) + 7919 * seed) % 2**31


def make_study(form, task, seed, n_epochs):
    import optuna

    numbers = {k: n_epochs if v == "R" else v for k, v in form.get("pruner_settings", {}).items()}
    sampler = getattr(optuna.samplers, form["sampler"])
    pruner = getattr(optuna.pruners, form.get("pruner", "NopPruner"))
    # Hyperband draws brackets by the study's name.
    return optuna.create_study(
        study_name=f"{task}-{seed}",
        direction="minimize",
        sampler=sampler(seed=seed_of(task, seed), **form["sampler_settings"]),
        pruner=pruner(**numbers),
    )


def begin_with(study, form, table, task, seed, portfolio):
    points = table.tasks[task]["common"][seed][: form.get("common", 0)]
    configurations = [dict(zip((a.name for a in table.axes), table.values[p])) for p in points]
    if form.get("portfolio"):
        configurations = portfolio.get(task, portfolio.get("any", []))
    for configuration in configurations:
        study.enqueue_trial(configuration)


def propose(study, table, pool):
    """Asks Optuna, maps its proposal, and tells it what is run in its place."""
    trial = study.ask()
    wanted = []
    for axis in table.axes:
        wanted.append(axis.unit(trial._suggest(axis.name, axis.distribution)))
    point = pool.take(wanted)
    for axis, value in zip(table.axes, table.values[point]):
        internal = axis.distribution.to_internal_repr(value)
        study._storage.set_trial_param(trial._trial_id, axis.name, internal, axis.distribution)
    return trial, point


def search(table, form, task, seed, budget, portfolio):
    """One search; returns its gains as (epoch, cost, error), the end of the search last."""
    from optuna.trial import TrialState

    study = make_study(form, task, seed, table.n_epochs)
    begin_with(study, form, table, task, seed, portfolio)
    pool, steps = Pool(table), []
    charged, cost, best = 0, 0.0, math.inf
    while charged < budget and pool.left > 0:
        trial, point = propose(study, table, pool)
        curve, value, state = table.error[task][point], math.inf, TrialState.COMPLETE
        for epoch in range(min(table.n_epochs, budget - charged)):
            error = float(curve[epoch])
            charged += 1
            cost += float(table.cost[task][point])
            trial.report(error, epoch + 1)
            if math.isnan(error):
                state = TrialState.PRUNED
                break
            value = min(value, error)
            if error < best:
                best = error
                steps.append((charged, cost, error))
            if epoch + 1 < table.n_epochs and trial.should_prune():
                state = TrialState.PRUNED
                break
        study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)
    steps.append((charged, cost, best if math.isfinite(best) else math.nan))
    return steps


WORLD = {}


def work(job):
    method, task, seed = job
    form = WORLD["forms"][method]
    steps = search(WORLD["table"], form, task, seed, WORLD["budget"], WORLD["portfolio"])
    return method, task, seed, steps


def check_versions(versions, careless):
    for package, wanted in versions.items():
        try:
            found = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted and not careless:
            sys.exit(f"{package} is {found}, peers.json says {wanted}; --any-version goes on")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("--out", required=True)
    parser.add_argument("--peers", default=os.path.join(HERE, "peers.json"))
    parser.add_argument("--methods", help="names with commas; default all that can run")
    parser.add_argument("--tasks", help="names with commas")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--budget", type=float, help="in full trainings")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--portfolio")
    parser.add_argument("--tiller", default=os.environ.get("TILLER", "build/tiller"))
    parser.add_argument("--any-version", action="store_true")
    return parser.parse_args()


def prefix_of(table):
    for ending in ("-configs.csv", "-curves.csv", "-configs.csv.gz", "-curves.csv.gz"):
        if table.endswith(ending):
            return table[: -len(ending)]
    return table


def choose_methods(options, peers):
    forms = peers["optuna"]["methods"]
    names = options.methods.split(",") if options.methods else list(forms)
    for name in names:
        if name not in forms:
            sys.exit(f"there is no method '{name}'; peers.json has {', '.join(forms)}")
        if forms[name].get("portfolio") and not options.portfolio and options.methods:
            sys.exit(f"{name} needs --portfolio FILE.json")
    return {n: forms[n] for n in names if options.portfolio or not forms[n].get("portfolio")}


def facts_of(options, n_seeds):
    command = [options.tiller, "bench", options.table, "--describe", "--json"]
    command += ["--seeds", str(n_seeds)] + (["--tasks", options.tasks] if options.tasks else [])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return json.loads(done.stdout)


def main():
    options = read_options()
    with open(options.peers, encoding="utf-8") as file:
        peers = json.load(file)
    check_versions(peers["optuna"]["versions"], options.any_version)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    n_seeds = options.seeds or peers["protocol"]["seeds"]
    facts = facts_of(options, n_seeds)
    WORLD["table"] = Table(prefix_of(options.table), facts)
    WORLD["forms"] = choose_methods(options, peers)
    WORLD["budget"] = round((options.budget or peers["protocol"]["budget"]) * facts["epochs"])
    WORLD["portfolio"] = {}
    if options.portfolio:
        with open(options.portfolio, encoding="utf-8") as file:
            WORLD["portfolio"] = json.load(file)
    jobs = [
        (m, t, s) for s in range(n_seeds) for t in WORLD["table"].tasks for m in WORLD["forms"]
    ]
    began, results = time.monotonic(), {}
    with multiprocessing.get_context("fork").Pool(options.workers) as crew:
        for done, (method, task, seed, steps) in enumerate(crew.imap_unordered(work, jobs), 1):
            results[method, task, seed] = steps
            left = (time.monotonic() - began) / done * (len(jobs) - done)
            if done % max(1, len(jobs) // 20) == 0:
                print(f"{done} of {len(jobs)} searches, {left:.0f} s left", file=sys.stderr)
    versions = ", ".join(f"{k} {v}" for k, v in peers["optuna"]["versions"].items())
    partial = options.out + ".part"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(f"# {facts['table']}: {versions}; settings: tests/bench/peers.json\n")
        file.write("method,task,seed,epoch,cost,error\n")
        for (method, task, seed), steps in sorted(results.items()):
            for epoch, cost, error in steps:
                file.write(f"{method},{task},{seed},{epoch},{cost:.9g},{error!r}\n")
    os.replace(partial, options.out)


if __name__ == "__main__":
    main()
