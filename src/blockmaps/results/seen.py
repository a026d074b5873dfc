"""What Snakemake writes down for its jobs, as a job on another machine sees it.

A disk that machines share may show a new file seconds late, as NFS does. Snakemake waits for a
job's inputs; these files are none, and the job's own plan needs them before Snakemake waits.
"""

import re
import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path

from blockmaps.core.canonical import digest
from blockmaps.core.errors import InputError
from blockmaps.plan import tuning
from blockmaps.plan.config import Config
from blockmaps.plan.plan import RATES
from blockmaps.results.folder import Folder, asked_text, read_shard

LEAST = 5.0  # seconds, Snakemake's own


def rule_of_batch(names: Sequence[str]) -> str:
    """Return the name of the rule that trains a batch: another batch never has it."""
    return f"train_batch_{digest(list(names), 12)}"


def words_after(option: str, words: Sequence[str]) -> list[str]:
    """Return what a command line gives an option; Snakemake's rules do not see a job's."""
    if option not in words:
        return []
    after = words[words.index(option) + 1 :]
    return list(takewhile(lambda word: not word.startswith("--"), after))


def unseen(folder: Folder, config: Config, targets: Sequence[str]) -> Path | None:
    """Return a file that jobs need and that is not here yet, or not as it was written; or None.

    Parameters
    ----------
    folder : the results folder.
    config : what is asked for.
    targets : the jobs, as Snakemake names them to the process that runs them: rule:wildcard=value,…
    """
    try:
        if folder.file("config").read_text(encoding="utf-8") != asked_text(config):
            return folder.file("config")
        batches = folder.json("batches") if folder.has("batches") else []
    except (OSError, InputError):  # as long as it comes
        return folder.file("config")
    known = {rule_of_batch(one): one for one in batches}
    shards = []
    for target in targets:
        rule, _, wildcards = target.partition(":")
        if found := re.search(r"train_batch_[0-9a-f]{12}$", rule):
            if found[0] not in known:
                return folder.file("batches")
            shards += known[found[0]]
        shards += re.findall(r"(?:^|,)shard=([0-9a-f]{12})", wildcards)
    for one in shards:
        if not folder.has("shard", one):
            return folder.file("shard", one)
        # what is compared at a rate that was chosen is in no plan without the rates
        shard, rates = read_shard(folder.file("shard", one)), folder.path / RATES
        tuned = config.recipes[config.experiments[shard.experiment].recipe].learning_rate == "tuned"
        if tuned and shard.seed_index < tuning.FIRST and not rates.is_file():
            return rates
    return None


def wait(look: Callable[[], Path | None], words: Sequence[str], pause: float = 0.5) -> str:
    """Wait until a job sees what it needs, as long as for its inputs.

    Parameters
    ----------
    look : returns a file that is not seen yet, or None.
    words : the command line of the process that runs the job.
    pause : seconds between two looks.

    Returns
    -------
    What is to be said if it is not seen in time; nothing if it is.
    """
    given = words_after("--latency-wait", words)
    seconds = float(given[0]) if given else LEAST
    until = time.monotonic() + seconds
    while path := look():
        if time.monotonic() > until:
            return f"{path}: not seen as it was written, in {seconds:g} s (--latency-wait)"
        time.sleep(pause)
    return ""
