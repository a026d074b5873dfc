"""The tables that the workflow makes of the zoo, each with its columns' meaning."""

from pathlib import Path

import pandas as pd
import torch

from blockmaps.core import csv
from blockmaps.maps.zoo import equivalence, impulse, learning
from blockmaps.maps.zoo import places as spy
from blockmaps.maps.zoo.examples import MODELS, build

COLUMNS = {
    "equivalence": equivalence.COLUMNS,
    "slots": spy.SLOT_COLUMNS,
    "places": spy.PLACE_COLUMNS,
    "impulse": impulse.COLUMNS,
    "learning": learning.COLUMNS,
}


def patterns(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the slots and the places of every model's map, at the sizes that are drawn."""
    all_slots, all_places = [], []
    for name, model in MODELS.items():
        example = build(name, seed, torch.float64, **model.drawn)
        network = example.network
        facts = {"model": name, "form": network.form, "iterations": example.iterations}
        all_slots.append(spy.slots(network.map).assign(**facts))
        all_places.append(spy.places(network.map, seed).assign(model=name))
    slots = pd.concat(all_slots, ignore_index=True)[list(spy.SLOT_COLUMNS)]
    return slots, pd.concat(all_places, ignore_index=True)[list(spy.PLACE_COLUMNS)]


def write_all(seed: int, folder: Path) -> dict[str, pd.DataFrame]:
    """Make and write all tables; return them by name."""
    slots, places = patterns(seed)
    made = {
        "equivalence": equivalence.rows(seed),
        "slots": slots,
        "places": places,
        "impulse": impulse.responses(seed),
        "learning": learning.rows(seed),
    }
    for name, table in made.items():
        csv.write(table, folder / f"{name}.csv")
    return made
