"""A made table of returns whose truth is known: dense is above uniform, an LSTM learns nothing."""

import numpy as np
import pandas as pd

from blockmaps.results.returns import RETURN_COLUMNS

EXPERT, EXPERT_SD = 12_000.0, 6_000.0
# arm, structure, |h|, hidden proportion, mean return
STRUCTURES = (
    ("uniform", "00", 176, 0.81, 4_000),
    ("mixed", "04", 80, 0.90, 6_000),
    ("mixed", "05", 84, 0.88, 5_000),
    ("dense", "12", 54, 0.63, 7_000),
    ("lstm", "13", 31, np.nan, None),
    ("balanced", "14", 80, 0.44, 8_000),
)


def scored(seeds=5, episodes=8, noise=500.0, experiment="hammer", budget=10_000, seed=0):
    """Returns by episode; arms of one seed index have a small part in common."""
    rng = np.random.default_rng(seed)
    rows = []
    for seed_index in range(seeds):
        common = 200 * rng.standard_normal()
        for arm, structure, hidden, proportion, mean in STRUCTURES:
            level = mean and mean + common + noise * rng.standard_normal()
            for episode in range(episodes):
                value = -200.0 if mean is None else level + 3_000 * rng.standard_normal()
                rows.append(
                    {
                        "experiment": experiment,
                        "dataset": "hammer",
                        "design": "numbered",
                        "arm": arm,
                        "structure": structure,
                        "budget": budget,
                        "study": "control",
                        "key": f"{experiment}/{structure}/{seed_index}",
                        "seed_index": seed_index,
                        "episode": episode,
                        "return": value,
                        "success": int(value > 6_000),
                        "steps": 200,
                        "diverged": int(structure == "05" and seed_index == 0 and episode == 3),
                        "replicate": 0,
                        "hidden": hidden,
                        "unknowns": budget,
                        "hidden_proportion": proportion,
                        "hidden_proportion_hh_hx": proportion,
                        "hidden_proportion_hh_all": proportion,
                        "expert_return": EXPERT,
                        "expert_sd": EXPERT_SD,
                        "expert_success": 0.8,
                        "expert_episodes": 500,
                    }
                )
    return pd.DataFrame(rows)[list(RETURN_COLUMNS)]
