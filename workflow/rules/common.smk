"""What the rules share: the checked config, the plan made from it, digests, and devices."""

import atexit
import os
import re
import shlex
import sys
from functools import cache
from pathlib import Path

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
from blockmaps.core.code import ROOT
from blockmaps.core.fixed import FILE as CLAIMS
from blockmaps.core.fixed import step_digest
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksums, sweep, visible
from blockmaps.plan import catalogue, plan, tiers, written
from blockmaps.plan import config as configs
from blockmaps.plan.devices import count_gpus
from blockmaps.report.page.assets import assets_digest
from blockmaps.results.folder import Folder
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


try:
    _files = [] if IMPORTED else [Path(file) for file in workflow.configfiles]
    _file = ", ".join(map(os.path.relpath, _files)) or "config"
    for file in _files:  # Snakemake takes a key that is there twice
        written.load(file.read_text(encoding="utf-8"), os.path.relpath(file))
    # what stands below is there already, where a module is read a second time
    CONFIG = configs.parse({name: config[name] for name in config if name != "captions"}, _file)
    FOLDER = Folder.of_preset(CONFIG.name)
    PLACE = Folder(placed(FOLDER.path))
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


def prepare():
    """Write what the jobs read, and remove what killed ones of an earlier run have left."""
    for folder in (PLACE.path, placed(REDRAWN)):
        sweep(folder)
    PLACE.write_asked(PLAN)
    for note in PLAN.notes:
        logger.info(f"Note: {note}")


def prepared(own):
    """Return a workflow's own `onstart` with what is to be prepared before it."""

    def both(log):
        prepare()
        own(log)

    return both


# An importing workflow runs no module's `onstart` but its own, which it may name before or after.
if IMPORTED:
    workflow._onstart = prepared(workflow._onstart)
    _register = workflow.onstart
    workflow.onstart = lambda own: _register(prepared(own))


def say_page():
    """Print where the page is, if there is one."""
    if PLACE.has("page"):
        print(f"The page: {PLACE.file('page')}", file=sys.stderr)


@atexit.register
def say_page_of_before():
    """Say it, too, where nothing is to be done: Snakemake then calls no handler."""
    if workflow.is_main_process and workflow.scheduler is not None and not len(workflow.dag):
        say_page()


def say_errors(logs):
    """Print the last line of the log of every job that failed, as Snakemake's own logs name them."""
    text = "\n".join(Path(path).read_text(encoding="utf-8") for path in logs)
    named = re.findall(r"^ +log: (.+?) \(check log file", text, flags=re.MULTILINE)
    for path in map(Path, dict.fromkeys(named)):
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        last = next((line for line in reversed(lines) if line.strip()), "it left no log")
        print(f"Failed: {path}: {last}", file=sys.stderr)


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


def data_source(wildcards):
    """Return a data file's data set and seed index, as the command line takes them."""
    dataset, seed_index = PLAN.data_files[wildcards.data]
    return [dataset, "--seed-index", str(seed_index)]


def data_priority(wildcards):
    """Return a data file's priority: that of the first tier that needs it."""
    needing = [shard for shard in PLAN.all.values() if shard.dataset == wildcards.data]
    return tiers.priority(CONFIG, needing)


# Where a recipe is tuned, what is compared is known only when the learning rates have been chosen:
# the plan is then made again, with the table of rates.
RATES = RESULTS / plan.RATES
CHOSEN = PLACE.path / plan.RATES


@cache
def _decided(changed):
    return PLACE.plan(CONFIG, _file)


def compared():
    """Return the plan of what is compared; Snakemake comes back to this when rates are chosen."""
    if not PLAN.tuning:
        return PLAN
    checkpoints.rates.get()
    return _decided(digest(CHOSEN.read_text(encoding="utf-8")))


def shard_of(wildcards):
    """Return a job's shard."""
    known = PLAN.tuning | PLAN.shards
    if wildcards.shard in known:
        return known[wildcards.shard]
    return _decided(digest(CHOSEN.read_text(encoding="utf-8"))).shards[wildcards.shard]


def shard_priority(wildcards):
    """Return the priority of a job: that of its shard's tier."""
    return tiers.priority(CONFIG, [shard_of(wildcards)])


def dynamics_code(wildcards):
    """Return the digest of the code that measures a shard's dynamics, where they are asked for."""
    return step_digest("training.probes") if shard_of(wildcards).dynamics else ""


def shard_tables(shards):
    """Return the runs tables of shards."""
    return [FOLDER.file("shard runs", shard) for shard in shards]


def compared_data(wildcards):
    """Return the data files of what is compared."""
    shards = (PLAN.shards | PLAN.provisional).values()
    return sorted({data_file(shard.dataset) for shard in shards})


def weights_file(shard):
    """Return the file of a shard's trained weights."""
    return RESULTS / "policies" / f"{shard}.safetensors"


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


# A training job takes a GPU for itself; as many run at once as there are devices.
GPUS = count_gpus(CONFIG.compute.accelerator)
if GPUS and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", GPUS)


# Claims where the task is the papers', answers where there are runs of the main study.
def judged():
    """Return the files that say what the runs mean."""
    claims = rules.claims.output if PLAN.claimed else []
    return [*claims, *(rules.answers.output if PLAN.analysed else [])]
