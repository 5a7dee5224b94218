#!/usr/bin/env python3
"""Calibration by Paceline, mirt (PyPI), girth and py-irt on the same answers, side by side.

Installs the peers in target/venv, one by one and where pip can, draws 1,000 2PL items, 10,000 learners and 50
answers each (a ~ LogN(0, .3), b and ability ~ N(0, 1)), prints processor seconds and the errors of b and a, and writes
target/peers-calibrate.json. Then it calibrates ten times the learners with ours alone, for time and memory.

`--only PEER ...` names the peers to run, `--learners N` a smaller log.
"""

import argparse
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent / "target"
REPOSITORY = HERE.parents[2]
VENV = TARGET / "venv"
ITEMS, EACH = 1_000, 50
# Peers and the packages they need.
PEERS = {"mirt": ["numpy", "mirt"], "girth": ["numpy", "girth"], "py-irt": ["numpy", "py-irt"]}
# A peer that takes longer is stopped.
TIMEOUT_S = 1_800


def python_with(peer):
    """The environment's Python with the peer in it, or None with the reason printed."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    done = subprocess.run([python, "-m", "pip", "install", "-q", *PEERS[peer]], capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{peer}: pip cannot install it:\n{done.stderr.strip()}", file=sys.stderr)
        return None
    return python


def write_log(learners):
    """The log's path and the planted (a, b)."""
    draw = random.Random(7)
    items = [(draw.lognormvariate(0, 0.3), draw.gauss(0, 1)) for _ in range(ITEMS)]
    path = TARGET / f"answers-{learners}.csv"
    with path.open("w") as out:
        for learner in range(learners):
            ability = draw.gauss(0, 1)
            for k in range(EACH):
                item = (learner * 37 + k * (ITEMS // EACH)) % ITEMS
                a, b = items[item]
                right = draw.random() < 1 / (1 + math.exp(-a * (ability - b)))
                out.write(f"{learner},{item},{int(right)}\n")
    return path, items


def ours(path):
    command = ["cargo", "run", "-q", "--release", "-p", "paceline-bank", "--example", "calibration", "--", path]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def peer(python, name, path):
    command = [python, __file__, "--measure", name, path]
    # One thread, as ours; what a library starts all the same is in the processor time.
    one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "RAYON", "NUMBA")}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, env={**os.environ, **one}
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: stopped after {TIMEOUT_S} s", file=sys.stderr)
        return None
    if done.returncode != 0:
        print(f"{name} failed:\n{done.stderr.strip()[-2000:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def by_mirt(triples, matrix):
    from mirt import fit_mirt

    def run():
        found = fit_mirt(matrix(-1), model="2PL", compute_standard_errors=False).model.parameters
        return found["discrimination"], found["difficulty"]

    return run


def by_girth(triples, matrix):
    from girth import INVALID_RESPONSE, twopl_mml

    data = matrix(INVALID_RESPONSE).T

    def run():
        found = twopl_mml(data)
        return found["Discrimination"], found["Difficulty"]

    return run


def by_py_irt(triples, matrix):
    """Its scale is no one's, so its results are put on that of abilities it estimates as N(0, 1)."""
    import numpy
    from py_irt.config import IrtConfig
    from py_irt.dataset import Dataset
    from py_irt.training import IrtModelTrainer

    learners = 1 + max(learner for learner, _, _ in triples)
    data = Dataset(
        item_ids={str(i) for i in range(ITEMS)},
        subject_ids={str(i) for i in range(learners)},
        item_id_to_ix={str(i): i for i in range(ITEMS)},
        ix_to_item_id={i: str(i) for i in range(ITEMS)},
        subject_id_to_ix={str(i): i for i in range(learners)},
        ix_to_subject_id={i: str(i) for i in range(learners)},
        observation_subjects=[learner for learner, _, _ in triples],
        observation_items=[item for _, item, _ in triples],
        observations=[float(right) for _, _, right in triples],
        training_example=[True] * len(triples),
    )
    config = IrtConfig(model_type="2pl", priors="hierarchical", log_every=10_000, seed=1)

    def run():
        trainer = IrtModelTrainer(data_path=None, config=config, dataset=data, verbose=False)
        trainer.train()
        found = trainer.irt_model.export()
        ability = numpy.array(found["ability"])
        mean, sd = ability.mean(), ability.std()
        return numpy.array(found["disc"]) * sd, (numpy.array(found["diff"]) - mean) / sd

    return run


def measure(name, path):
    """In the environment: a peer's figures as JSON. Reading the log is not timed."""
    import numpy

    triples = [tuple(map(int, line.split(","))) for line in pathlib.Path(path).read_text().splitlines()]

    def matrix(missing):
        data = numpy.full((1 + max(learner for learner, _, _ in triples), ITEMS), missing, dtype=int)
        for learner, item, right in triples:
            data[learner, item] = right
        return data

    run = {"mirt": by_mirt, "girth": by_girth, "py-irt": by_py_irt}[name](triples, matrix)
    start = time.process_time()
    a, b = run()
    spent = time.process_time() - start
    print(json.dumps({"cpu_s": spent, "a": [float(x) for x in a], "b": [float(x) for x in b]}))


def rmse(found, truth):
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(found, truth, strict=True)) / len(truth))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--learners", type=int, default=10_000)
    arguments = parser.parse_args()
    TARGET.mkdir(exist_ok=True)
    path, items = write_log(arguments.learners)
    mine = ours(path)
    rows = []
    print(f"{'who':<10} {'CPU s':>9} {'ratio':>7} {'RMSE(b)':>8} {'RMSE(a)':>8}")
    for name in ["paceline", *arguments.only]:
        python = None if name == "paceline" else python_with(name)
        found = mine if name == "paceline" else python and peer(python, name, path)
        if not found:
            print(f"{name:<10} {'not installed' if not python else 'no figures':>9}")
            continue
        row = {
            "name": name,
            "cpu_s": found["cpu_s"],
            "ratio": found["cpu_s"] / mine["cpu_s"],
            "rmse_b": rmse(found["b"], [b for _, b in items]),
            "rmse_a": rmse(found["a"], [a for a, _ in items]),
        }
        print(f"{name:<10} {row['cpu_s']:>9.3f} {row['ratio']:>7.1f} {row['rmse_b']:>8.4f} {row['rmse_a']:>8.4f}", flush=True)
        rows.append(row)
    for learners in (arguments.learners, 10 * arguments.learners):
        grown = ours(write_log(learners)[0])
        print(f"paceline, {grown['answers']} answers: {grown['cpu_s']:.3f} CPU s, {grown['bytes_an_answer']:.1f} bytes an answer at most")
    (TARGET / "peers-calibrate.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3])
    else:
        main()
