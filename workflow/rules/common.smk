"""What the rules share: the checked config, the plan made from it, digests, and devices."""

import json
import os
import sys
from pathlib import Path

SOURCE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1] / "src"
WORKFLOW = SOURCE.parent / "workflow"
sys.path.insert(0, str(SOURCE))

from blockmaps.core.canonical import digest, plain
from blockmaps.core.code import code_digest
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksums, whole
from blockmaps.plan import catalogue, plan
from blockmaps.plan import config as configs
from blockmaps.plan.devices import count_gpus
from blockmaps.report.page.assets import assets_digest

# Every step runs this checkout's code, also in an environment that --sdm conda made.
shell.prefix(f"set -euo pipefail; export PYTHONPATH='{SOURCE}'; ")
ENVIRONMENT = "../../environment.yml"

try:
    _file = ", ".join(os.path.relpath(file) for file in workflow.configfiles) or "config"
    CONFIG = configs.parse(dict(config), _file)
    RESULTS = Path("results") / CONFIG.name
    PLAN = plan.Plan.of(CONFIG, RESULTS, _file)
except InputError as fault:
    print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
    sys.exit(2)

# The config as the steps read it, with what --config changed. Each step depends on its own part, by
# a digest among its parameters; the file is no job's input (an ancient input that is made again
# would hide every other reason for its dependents to run) but written before the first job starts.
ASKED = RESULTS / "config.json"
RUNS = RESULTS / "runs.parquet"
GROUPS = RESULTS / "groups.parquet"
DYNAMICS = RESULTS / "dynamics.parquet"
MANIFESTS = RESULTS / "manifests.json"
ANALYSIS = RESULTS / "analysis"
SCORED = RESULTS / "returns.parquet"
CLAIMS = SOURCE.parent / "config/claims.yaml"


# What is kept in git, and where it is drawn again: the same whichever preset is asked for.
PUBLISHED = Path("published")
REDRAWN = Path("results/published")
FOLDERS = sorted(
    path.parent.relative_to(PUBLISHED).as_posix() for path in PUBLISHED.rglob("manifest.json")
)


def write_config():
    """Write the config for the steps to read."""
    with whole(ASKED) as partial:
        partial.write_text(json.dumps(plain(CONFIG), indent=1) + "\n")


# The captions of Snakemake's report are one template, which sees the config and no module.
config["captions"] = catalogue.captions(str(RESULTS))


def figure_labels(wildcards):
    """Return what the report lists of a figure."""
    return {"figure": wildcards.figure, **PLAN.labels(catalogue.FIGURES[wildcards.figure].study)}


def table_labels(table):
    """Return what the report lists of a table."""
    return {"table": table, **PLAN.labels(catalogue.TABLES[table].study)}


def data_file(name):
    """Return the file of a data set."""
    return RESULTS / "data" / f"{name}.safetensors"


def data_made_from(wildcards):
    """Return the digest of what a data set's file is made from, its code included."""
    dataset, seed_index = PLAN.data_files[wildcards.data]
    code = plan.data_code(CONFIG.datasets[dataset])
    return digest([PLAN.data_digest(dataset, seed_index), code])


def data_source(wildcards):
    """Return a data file's data set and seed index, as the command line takes them."""
    dataset, seed_index = PLAN.data_files[wildcards.data]
    return f"{dataset} --seed-index {seed_index}"


def dynamics_code(wildcards):
    """Return the digest of the code that measures a shard's dynamics, where they are asked for."""
    return code_digest("training.probes") if PLAN.shards[wildcards.shard].dynamics else ""


def shard_tables(wildcards):
    """Return the runs tables of all shards."""
    return [RESULTS / "runs" / f"{shard}.parquet" for shard in PLAN.shards]


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
