#!/usr/bin/env python3
"""Adaptive tests by Paceline, catsim and mirt (PyPI) on the same banks, side by side.

Makes an environment in target/venv, installs the peers where pip can, measures all on the same seeded
banks and abilities, prints a table of ratios and writes target/peers-bank.json. Times are processor time;
a step is one choice and one update.
"""

import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "target"
REPOSITORY = HERE.parents[2]
VENV = TARGET / "venv"
SIZES = [1_000, 10_000, 100_000]
PEERS = ["numpy", "catsim", "mirt"]
# What ours is to be at least as many times faster, at the largest bank.
TARGETS = {"catsim": 2500.0, "mirt": 1000.0}


def environment():
    """The environment's Python, or None with the reason printed."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    done = subprocess.run([python, "-m", "pip", "install", "-q", *PEERS], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"peers are left out: pip cannot install {', '.join(PEERS)}:\n{done.stderr.strip()}", file=sys.stderr)
        return None
    return python


def write_banks():
    """Banks of the three sizes: a ~ LogN(0, .3), b ~ N(0, 1)."""
    import random

    paths = []
    for size in SIZES:
        draw = random.Random(size)
        path = TARGET / f"bank-{size}.csv"
        path.write_text("".join(f"{draw.lognormvariate(0, 0.3):.6f},{draw.gauss(0, 1):.6f}\n" for _ in range(size)))
        paths.append(path)
    return paths


def ours(paths):
    command = ["cargo", "run", "-q", "--release", "-p", "paceline-bank", "--example", "adaptive", "--", "1000", *paths]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return {line["n_items"]: line for line in map(json.loads, done.stdout.splitlines())}


def peers(python, path, learners):
    command = [python, __file__, "--measure", path, str(learners)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"peers on {path.name} failed:\n{done.stderr.strip()}", file=sys.stderr)
        return {}
    return json.loads(done.stdout)


def measure_catsim(items, abilities, random):
    import numpy
    from catsim import ItemBank, cat
    from catsim import irt
    from catsim.estimation import NumericalSearchEstimator
    from catsim.selection import MaxInfoSelector

    bank = ItemBank(numpy.array([[a, b, 0.0, 1.0] for a, b in items]))
    selector, estimator = MaxInfoSelector(), NumericalSearchEstimator()
    steps, square, spent = 0, 0.0, 0.0
    for truth in abilities:
        asked, answers, ability = [], [], 0.0
        while len(asked) < 60:
            start = time.process_time()
            item = selector.select(item_bank=bank, administered_items=asked, est_theta=ability)
            spent += time.process_time() - start
            asked.append(int(item))
            a, b = items[item]
            answers.append(bool(random.random() < 1 / (1 + numpy.exp(-a * (truth - b)))))
            start = time.process_time()
            if len(set(answers)) == 1:
                ability = cat.dodd(ability, bank, answers[-1])
            else:
                ability = estimator.estimate(
                    item_bank=bank, administered_items=asked, response_vector=answers, est_theta=ability
                )
            spent += time.process_time() - start
            steps += 1
            parameters = numpy.array([[*items[i], 0.0, 1.0] for i in asked])
            if len(set(answers)) > 1 and irt.see(ability, parameters) < 0.3:
                break
        square += (ability - truth) ** 2
    return steps, square, spent


def measure_mirt(items, abilities, random):
    import numpy
    from mirt.cat import CATEngine
    from mirt.models import TwoParameterLogistic

    model = TwoParameterLogistic(n_items=len(items))
    model.set_parameters(
        discrimination=numpy.array([a for a, _ in items]), difficulty=numpy.array([b for _, b in items])
    )
    # A simulated test needs a model that counts as fitted.
    if hasattr(model, "_is_fitted"):
        model._is_fitted = True
    engine = CATEngine(model, se_threshold=0.3, max_items=60, n_quadpts=61, theta_bounds=(-6.0, 6.0), seed=1)
    steps, square, spent = 0, 0.0, 0.0
    for truth in abilities:
        engine.reset()
        start = time.process_time()
        state = engine.get_current_state()
        spent += time.process_time() - start
        while not state.is_complete:
            a, b = items[state.next_item]
            response = int(random.random() < 1 / (1 + numpy.exp(-a * (truth - b))))
            start = time.process_time()
            state = engine.administer_item(response)
            spent += time.process_time() - start
            steps += 1
        square += (state.theta - truth) ** 2
    return steps, square, spent


def measure(path, learners):
    """In the environment: each peer's figures as JSON."""
    import numpy

    items = [tuple(map(float, line.split(","))) for line in pathlib.Path(path).read_text().splitlines()]
    found = {}
    for name, run in [("catsim", measure_catsim), ("mirt", measure_mirt)]:
        random = numpy.random.default_rng(7)
        abilities = random.normal(size=learners)
        try:
            steps, square, spent = run(items, abilities, random)
        except Exception as error:  # a peer whose interface has changed must not hide the others
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        found[name] = {
            "items": steps / learners,
            "rmse": float((square / learners) ** 0.5),
            "step_ns": 1e9 * spent / steps,
        }
    print(json.dumps(found))


def main():
    TARGET.mkdir(exist_ok=True)
    paths = write_banks()
    mine = ours(paths)
    python = environment()
    rows = []
    print(f"{'bank':>8} {'who':<16} {'step us':>10} {'ratio':>9} {'items':>7} {'RMSE':>6} {'exposure':>9}")
    for size, path in zip(SIZES, paths):
        for name in ("free", "capped"):
            our = mine[size][name]
            print(
                f"{size:>8} {'paceline ' + name:<16} {our['step_ns'] / 1e3:>10.2f} {'':>9}"
                f" {our['items']:>7.2f} {our['rmse']:>6.3f} {our['highest_rate']:>9.3f}"
            )
        learners = {1_000: 300, 10_000: 30, 100_000: 5}[size]
        for peer, found in (peers(python, path, learners) if python else {}).items():
            our = mine[size]["free"]
            ratio = found["step_ns"] / our["step_ns"]
            print(
                f"{size:>8} {peer:<16} {found['step_ns'] / 1e3:>10.2f} {ratio:>9.0f}"
                f" {found['items']:>7.2f} {found['rmse']:>6.3f}"
            )
            rows.append(
                {
                    "name": f"adaptive step, {size} items",
                    "peer": peer,
                    "ours_ns": our["step_ns"],
                    "peer_ns": found["step_ns"],
                    "ratio": ratio,
                    "target": TARGETS[peer] if size == SIZES[-1] else 1.0,
                }
            )
    (TARGET / "peers-bank.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        main()
