#!/usr/bin/env python3
"""Steps of EduSim's KSS environment (PyPI), for `paceline-peers simulation`.

Makes an environment in target/venv, installs EduSim there, and prints as JSON how many steps were taken and how many nanoseconds of
processor time they took. A step is one item learnt and asked; beginning an episode and its two tests are in the time, as in ours.
"""

import json
import pathlib
import random
import subprocess
import sys
import time

VENV = pathlib.Path(__file__).resolve().parents[1] / "target" / "venv"
LEARNERS = 1_000
STEPS = 50


def environment():
    """The environment's Python, with EduSim."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "EduSim==0.0.2"], check=True, stdout=sys.stderr)
    return python


def measure():
    from EduSim.Envs.KSS import KSS
    from EduSim.Envs.KSS.Learner import Learner

    class Environment(KSS):
        # Its own samples from a view of nodes, which Python refuses since 3.11.
        def generate_learners(self, learner_num, step=20):
            nodes = list(self.ks.nodes)
            targets = (set(random.sample(nodes, random.randint(3, len(nodes)))) for _ in range(learner_num))
            return [
                Learner(initial_state=state, knowledge_structure=self.ks, learning_target=target)
                for state, target in zip(self._get_learner_ability(learner_num), targets)
            ]

    kss = Environment(learner_num=LEARNERS)
    # An item far from the last one is asked but not learnt; of these nearly each is.
    near = [[item, *kss.ks.predecessors(item), *kss.ks.successors(item)] for item in range(len(kss.ks))]
    random.seed(1)
    steps, start = 0, time.process_time_ns()
    for _ in range(LEARNERS):
        kss.begin_episode()
        item = random.randrange(len(near))
        for _ in range(STEPS):
            kss.step(item)
            item = random.choice(near[item])
        kss.end_episode()
        steps += STEPS
    return {"steps": steps, "ns": time.process_time_ns() - start}


if __name__ == "__main__":
    if sys.argv[1:] == ["--measure"]:
        print(json.dumps(measure()))
    else:
        sys.exit(subprocess.run([environment(), __file__, "--measure"]).returncode)
