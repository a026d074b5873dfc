"""What the rules share: the checked config, the plan made from it, its files, and digests."""

import atexit
import gc
import os
import re
import shlex
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

# Until jobs run no garbage is looked for: there is none in rules, and it takes a tenth of the time.
gc.disable()

# A checkout's code, wherever the workflow lies in one; else, as where it is read from a URL, that of
# the package that is installed.
_beside = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]
SOURCE = _beside / "src" if (_beside / "src/blockmaps").is_dir() else None
if SOURCE:
    sys.path.insert(0, str(SOURCE))

try:
    from blockmaps.core.canonical import digest, plain
except ImportError as fault:
    print(f"blockmaps: {fault}: this workflow takes `pip install blockmaps`", file=sys.stderr)
    sys.exit(2)
from blockmaps.core import csv
from blockmaps.core.code import ROOT
from blockmaps.core.errors import InputError

try:  # it reads the claims' file
    from blockmaps.core.fixed import FILE as CLAIMS
    from blockmaps.core.fixed import step_digest
except InputError as fault:
    print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
    sys.exit(2)
from blockmaps.core.files import checksums, lock, sweep, visible
from blockmaps.plan import batches, catalogue, plan, tiers, tuning, written
from blockmaps.plan import config as configs
from blockmaps.plan.devices import count_gpus
from blockmaps.report.page.assets import assets_digest
from blockmaps.results import seen
from blockmaps.results.folder import Folder
from blockmaps.results.jobs import precision_of
from snakemake.logging import logger

# What is no module but is read: in a checkout, or as the package has it.
_homes = [*([_beside] if SOURCE else []), ROOT, ROOT.parents[1]]
WORKFLOW = next(path for home in _homes if (path := home / "workflow").is_dir())

# Steps of a few seconds are `localrule`: on a cluster they run where Snakemake does, in no queue.
# Steps call `blockmaps`: that code, also in an environment that --sdm conda made; elsewhere by the
# Python that plans it, whatever `python` is where the step runs. Nothing else that a shell finds is
# changed, since an importing workflow's own steps see this too.
_path = f"PYTHONPATH={shlex.quote(str(SOURCE))}${{PYTHONPATH:+:$PYTHONPATH}} " if SOURCE else ""
_python = "python" if workflow.deployment_settings.deployment_method else sys.executable
_call = f'blockmaps() {{ {_path}{shlex.quote(_python)} -m blockmaps "$@"; }}; '
shell.prefix(f"set -euo pipefail; {_call}".replace("{", "{{").replace("}", "}}"))
# Beside the rules, as Snakemake finds it by itself; but it takes braces in a checkout's own path for
# wildcards.
ENVIRONMENT = "../../environment.yml"
if SOURCE:
    ENVIRONMENT = str(_beside / "environment.yml").replace("{", "{{").replace("}", "}}")

# Another workflow imports this one as a module: its config files are its own, and it may give what
# the rules make a prefix. Rules name files without it, and Snakemake adds it; `placed` does so for
# what is read or handed to a step by a path.
IMPORTED = not workflow.modifier.is_main_snakefile()


def placed(path):
    """Return where a file that a rule names lies."""
    return Path(workflow.modifier.path_modifier.replace_prefix(str(path)))


def awaited(look):
    """Wait, in a job's own process, until what Snakemake has written is seen there.

    Snakemake reads the rules before it waits for a job's inputs.
    """
    if not workflow.is_main_process and (late := seen.wait(look, sys.argv)):
        logger.warning(late)


try:
    _files = [] if IMPORTED else [Path(file) for file in workflow.configfiles]
    _file = ", ".join(map(os.path.relpath, _files)) or "config"
    for file in _files:  # Snakemake takes a key that is there twice
        written.load(file.read_text(encoding="utf-8"), os.path.relpath(file))
    # what stands below is there already, where a module is read a second time
    CONFIG = configs.parse({name: config[name] for name in config if name != "captions"}, _file)
    FOLDER = Folder.of_preset(CONFIG.name)
    PLACE = Folder(placed(FOLDER.path))
    awaited(lambda: seen.unseen(PLACE, CONFIG, seen.words_after("--target-jobs", sys.argv)))
    PLAN = PLACE.plan(CONFIG, _file)
except InputError as fault:
    print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
    sys.exit(2)

# The config as the steps read it, with what --config changed. Each step depends on its own part, by
# a digest among its parameters; the file is no job's input (an ancient input that is made again
# would hide every other reason for its dependents to run) but written before the first job starts.
# So are the shards' files: their names, among the parameters, are hashes of their content.
RESULTS = FOLDER.path
ASKED = PLACE.file("config")
RUNS = FOLDER.file("runs")
GROUPS = FOLDER.file("groups")
DYNAMICS = FOLDER.file("dynamics")
MANIFESTS = FOLDER.file("manifests")
SCORED = FOLDER.file("returns")


# What is kept in git, and where it is drawn again: the same whichever preset is asked for.
PUBLISHED = Path("published")
REDRAWN = Path("results/published")
if not PUBLISHED.is_dir():
    PUBLISHED = WORKFLOW.parent / "published"
FOLDERS = sorted(
    path.parent.relative_to(PUBLISHED).as_posix() for path in visible(PUBLISHED, "**/manifest.json")
)


# The captions of Snakemake's report are one template, which sees the config and no module.
config["captions"] = catalogue.captions(str(PLACE.path))


def figure_labels(wildcards):
    """Return what the report lists of a figure."""
    return {"figure": wildcards.figure, **PLAN.labels(catalogue.FIGURES[wildcards.figure].study)}


def table_labels(table):
    """Return what the report lists of a table."""
    return {"table": table, **PLAN.labels(catalogue.TABLES[table].study)}


def data_file(name):
    """Return the file of a data set."""
    return FOLDER.file("data", name)


def data_made_from(wildcards):
    """Return the digest of what a data set's file is made from, its code included."""
    dataset, seed_index = PLAN.data_files[wildcards.data]
    code = plan.data_code(CONFIG.datasets[dataset])
    return digest([PLAN.data_digest(dataset, seed_index), code])


# Made in about ten seconds by one thread.
MANY_NUMBERS = 100_000_000


def data_source(wildcards):
    """Return a data file's data set and seed index, as the command line takes them."""
    dataset, seed_index = PLAN.data_files[wildcards.data]
    return [dataset, "--seed-index", str(seed_index)]


RANKS = tiers.by_study(CONFIG, PLAN.all.values())


def study_of(shard):
    """Return the study that a shard is trained for."""
    return CONFIG.experiments[shard.experiment].study


def priority_of(shards):
    """Return the priority of what shards need: that of the first tier, or study, among theirs."""
    first = max((RANKS[study_of(shard)] for shard in shards), default=0)
    return tiers.priority(CONFIG, shards) or first


def urgency_of(shards):
    """Return the priority of a job that trains shards.

    Of one rank what learning rates wait for is first, and then what takes longest: so jobs end
    together.
    """
    if any(shard.seed_index >= tuning.FIRST for shard in shards):
        return priority_of(shards) + 0.9
    seconds = sum(
        tiers.estimated(shard, CONFIG.datasets[CONFIG.experiments[shard.experiment].dataset])
        for shard in shards
    )
    return priority_of(shards) + 0.8 * seconds / (seconds + 600)


def data_priority(wildcards):
    """Return a data file's priority."""
    return priority_of([one for one in PLAN.all.values() if one.dataset == wildcards.data])


def data_threads(wildcards):
    """Return how many threads make a data set: a small one leaves the other cores to other jobs."""
    spec = CONFIG.datasets[PLAN.data_files[wildcards.data][0]]
    return 4 if spec.environment or plan.numbers(spec) > MANY_NUMBERS else 1


# Where a recipe is tuned, what is compared is known only when the learning rates have been chosen:
# the plan is then made again, with the table of rates.
RATES = RESULTS / plan.RATES
CHOSEN = PLACE.path / plan.RATES
# Targets ask for it by name: where a runs table is there already, Snakemake does not look at what a
# checkpoint that is still to come would add to it.
UNDECIDED = [RATES] if PLAN.tuning else []


@cache
def _decided(changed):
    made = PLACE.plan(CONFIG, _file)
    new = made.shards.keys() - KNOWN.keys()
    KNOWN.update(made.shards)
    train_late([name for name in made.shards if name in new])
    return made


def compared():
    """Return the plan of what is compared; Snakemake comes back to this when rates are chosen."""
    if not PLAN.tuning:
        return PLAN
    checkpoints.rates.get()
    return _decided(digest(csv.text(CHOSEN)))


def shard_of(wildcards):
    """Return a job's shard."""
    if wildcards.shard in KNOWN:
        return KNOWN[wildcards.shard]
    return _decided(digest(csv.text(CHOSEN))).shards[wildcards.shard]


def shard_priority(wildcards):
    """Return the priority of a job of one shard."""
    return urgency_of([shard_of(wildcards)])


def measured(shard):
    """Return the digest of the code that measures a shard's dynamics, where they are asked for."""
    return step_digest("training.probes") if shard.dynamics else ""


def dynamics_code(wildcards):
    """Return it for a job of one shard."""
    return measured(shard_of(wildcards))


def shard_tables(shards):
    """Return the runs tables of shards."""
    return [FOLDER.file("shard runs", shard) for shard in shards]


def compared_data(wildcards, study=None):
    """Return the data files of what is compared, or of one study of it."""
    shards = (PLAN.shards | PLAN.provisional).values()
    return sorted({data_file(one.dataset) for one in shards if study in (None, study_of(one))})


# Studies whose tables wait for no other study: their runs are gathered as soon as they are trained.
# The main study is what most runs are of, and what waits for rates is known late.
_late = {study_of(shard) for shard in PLAN.provisional.values()} | {catalogue.MAIN_STUDY}
STUDIES = sorted(RANKS.keys() - _late) if len(RANKS) > 1 else []


def study_shards(wildcards):
    """Return the runs tables of a study's shards."""
    return shard_tables(k for k, one in PLAN.shards.items() if study_of(one) == wildcards.study)


def study_data(wildcards):
    """Return the data files of a study."""
    return compared_data(wildcards, wildcards.study)


def read_by_table(wildcards, folder=FOLDER):
    """Return what a table reads, in a folder: of its own study alone where that is early."""
    table = catalogue.TABLES[wildcards.table]
    parts = {catalogue.RUNS: "runs", catalogue.GROUPS: "groups", catalogue.DYNAMICS: "dynamics"}
    return [
        (
            folder.file(f"study {parts[name]}", table.study)
            if table.study in STUDIES and name in parts
            else folder.path / name
        )
        for name in table.reads
    ]


def given_to_table(wildcards):
    """Return the options that say where a table reads what."""
    names = (Path(name).stem for name in catalogue.TABLES[wildcards.table].reads)
    paths = read_by_table(wildcards, PLACE)
    return [word for name, path in zip(names, paths) for word in (f"--{name}", path)]


def rank_of(wildcards):
    """Return the priority of a table or figure: that of its study."""
    kind = catalogue.TABLES if "table" in wildcards.keys() else catalogue.FIGURES
    name = wildcards.table if kind is catalogue.TABLES else wildcards.figure
    return RANKS.get(kind[name].study, 0)


def weights_file(shard):
    """Return the file of a shard's trained weights."""
    return FOLDER.file("policies", shard)


def gathered_mb(members, attempt):
    """Return the MB that gathering runs takes: a variant's rows at the papers' scale, held twice."""
    return attempt * (2000 + len(members) * 15 // 100)


def control_data(wildcards):
    """Return the data files that hold an expert's episodes."""
    return sorted({data_file(PLAN.shards[shard].dataset) for shard in PLAN.policy_shards})


def scoring_episodes(wildcards):
    """Return the number of episodes that a shard's policies are scored in."""
    return CONFIG.experiments[PLAN.shards[wildcards.shard].experiment].episodes


def planned_scoring(wildcards):
    """Return the names, seeds and episodes of the experiments that are scored."""
    names = sorted({PLAN.shards[shard].experiment for shard in PLAN.policy_shards})
    asked = [(name, CONFIG.experiments[name]) for name in names]
    return [[name, one.dataset, one.seeds, one.episodes] for name, one in asked]


def published_content(wildcards):
    """Return the digest of every file of a published folder."""
    return digest(checksums(PUBLISHED / wildcards.folder))


# Claims where the task is the papers', answers where there are runs of the main study.
def judged():
    """Return the files that say what the runs mean."""
    claims = rules.claims.output if PLAN.claimed else []
    return [*claims, *(rules.answers.output if PLAN.analysed else [])]


# Data sets and trained shards are had from Snakemake's cache between workflows where --cache asks
# for it. Said where it is not asked for, Snakemake would advertise it at every start.
CACHED = workflow.workflow_settings.cache is not None
