"""Print the table of walks.csv: a row a step of a walk, which turns left or right or wanders.

python examples/walks.py > examples/walks.csv
"""

import numpy as np

WALKS, STEPS = 600, 6
KINDS = {"left": 0.6, "right": -0.6, "wanders": 0.0}  # radians that it turns a step, on average


def rows():
    """Yield the lines of the table."""
    rng = np.random.default_rng(1)
    yield "walk,east,north,speed,kind"
    for walk in range(WALKS):
        kind = list(KINDS)[rng.integers(len(KINDS))]
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(KINDS[kind], 0.2, STEPS))
        speed = rng.uniform(0.5, 1.5, STEPS)
        for angle, length in zip(heading, speed, strict=True):
            east, north = length * np.cos(angle), length * np.sin(angle)
            yield f"w{walk:03d},{east:.3f},{north:.3f},{length:.3f},{kind}"


if __name__ == "__main__":
    print("\n".join(rows()))
