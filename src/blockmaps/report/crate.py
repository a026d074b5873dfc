"""A results folder as a Workflow Run RO-Crate: what was run, on what, and what came of it.

The profile is Workflow Run Crate 0.5, on RO-Crate 1.1. The Snakefile and its rules are copied into
the folder as they are when it is described; the package that they call is not, so the folder says
what was run and does not run by itself. Dates are those of the training jobs, so that a folder
described again gives the same bytes. Names are the folder's.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Dataset, Entity, File
from rocrate.rocrate import ROCrate

from blockmaps.core.errors import InputError
from blockmaps.core.files import checksum, visible, whole
from blockmaps.results.folder import PARTS, Folder

VERSION = "1.1"  # of RO-Crate, that the profiles build on
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
}
BIOSCHEMAS = "https://bioschemas.org/profiles/{}/1.0-RELEASE"
SHA256 = {"sha256": "http://schema.org/sha256"}  # a term that RO-Crate 1.1 does not have

LICENCE = ("https://spdx.org/licenses/MIT", "MIT License")
AUTHORS = ("#authors", "The blockmaps authors")
PAPERS = {
    "https://arxiv.org/abs/2404.00880": "Rethinking the Relationship between Recurrent and "
    "Non-Recurrent Neural Networks: A Study in Sparsity",
    "https://arxiv.org/abs/2509.15057": "Balancing Sparse RNNs with Hyperparameterization "
    "Benefiting Meta-Learning",
}

# What the workflow reads and makes, with what it is; a name that ends with / is a folder of files.
INPUTS = {
    "config.json": "the config, whole, as the steps read it",
}
OUTPUTS = {
    "runs.parquet": "runs table: a row a variant, epoch and split",
    "groups.parquet": "right answers by group of sequences",
    "dynamics.parquet": "gradients, exponents and singular values",
    "manifests.json": "manifests of the training jobs: versions, device, code, seeds, time, FLOPs",
    "tables/": "tables of the runs",
    "analysis/": "what explains the runs",
    "figures/": "figures",
    "claims.csv": "verdicts on the papers' claims",
    "claims.json": "verdicts on the papers' claims, with all statistics",
    "report.html": "the page: verdicts, figures and the runs behind them",
}
WORKFLOW = "workflow"

MEDIA = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".smk": "text/plain",
    ".svg": "image/svg+xml",
}


# what a crate says of each job, and of where jobs ran
JOB = {"commit", "data_digest", "dataset", "ended", "seconds", "started", "variants"}
ENVIRONMENT = {"cores", "cpu", "device", "packages", "python"}


def write(folder: Path, workflow: Path) -> Path:
    """Describe a results folder by its ro-crate-metadata.json, whole or not at all.

    Parameters
    ----------
    folder : the results.
    workflow : the folder of the Snakefile and its rules, which are copied.

    Raises
    ------
    InputError
        If the folder has no runs, manifests or config, as published ones, or there is no Snakefile.
    """
    given = Folder.of(folder)
    given.existing("runs")
    if not given.has("config"):
        # of a published folder the manifest says what is in it, and lists no crate
        what = "is published" if given.has("manifest") else "holds no config.json"
        raise InputError(f"{folder}: {what}; takes a results folder")
    if not (workflow / "Snakefile").is_file():
        raise InputError(f"{workflow}/Snakefile: no such file; --workflow names its folder")
    for path in [workflow / "Snakefile", *visible(workflow, "rules/*.smk")]:
        with whole(folder / WORKFLOW / path.relative_to(workflow)) as partial:
            shutil.copyfile(path, partial)
    path = given.file("crate")
    made = describe(folder).metadata.generate()
    with whole(path) as partial:
        text = json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        partial.write_text(text, encoding="utf-8")
    return path


def describe(folder: Path) -> ROCrate:
    """Return the crate of a results folder, into which the workflow's files have been copied."""
    manifests = Folder(folder).mapping("manifests", needs={"jobs": list, "environments": list})
    jobs, environments = manifests["jobs"], manifests["environments"]
    for several, needs in ((jobs, JOB), (environments, ENVIRONMENT)):
        if not several or not all(needs <= one.keys() for one in several):
            raise InputError(
                f"{Folder(folder).file('manifests')}: is not what `blockmaps collect` writes: of a "
                f"job's run it takes {', '.join(sorted(needs))}; make it again"
            )
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(SHA256)
    began, ended = min(job["started"] for job in jobs), max(job["ended"] for job in jobs)
    inputs = [one for name, what in INPUTS.items() if (one := _part(crate, folder, name, what))]
    outputs = [one for name, what in OUTPUTS.items() if (one := _part(crate, folder, name, what))]
    workflow = _workflow(crate, folder, environments)
    for side, several in (("input", inputs), ("output", outputs)):
        parameters = [_parameter(crate, one, side) for one in several]
        workflow[side] = parameters if len(parameters) > 1 else parameters[0]
    if commits := sorted({job["commit"] for job in jobs if job["commit"]}):
        workflow["version"] = " and ".join(commits)
    preset = folder.absolute().name
    action = _add(
        crate,
        "#run",
        "CreateAction",
        f"The workflow's run with the preset {preset}",
        description=_ran(jobs, environments),
        instrument=workflow,
        object=[*inputs, *_data(crate, folder, jobs)],
        result=outputs,
        startTime=began.replace("Z", "+00:00"),  # the form that the profile's checks take
        endTime=ended.replace("Z", "+00:00"),
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    root = crate.root_dataset
    root["name"] = f"blockmaps: results of the preset {preset}"
    root["description"] = (
        "Runs, tables and figures of a replication of two papers on neural networks as iterative "
        "block maps, with the Snakefile and rules of their workflow; not with the package that the "
        "rules call."
    )
    root["datePublished"] = ended
    root["license"] = _add(crate, LICENCE[0], "CreativeWork", LICENCE[1])
    root["author"] = _add(crate, AUTHORS[0], "Organization", AUTHORS[1])
    root["citation"] = [
        _add(crate, url, "ScholarlyArticle", title) for url, title in PAPERS.items()
    ]
    root["conformsTo"] = [
        _add(crate, url, "CreativeWork", name, version=version)
        for url, (name, version) in PROFILES.items()
    ]
    root["mentions"] = action
    crate.metadata["conformsTo"] = [
        {"@id": f"https://w3id.org/ro/crate/{VERSION}"},
        {"@id": WORKFLOW_CRATE},
    ]
    workflow["license"], workflow["author"] = root["license"], root["author"]
    return crate


def _ran(jobs: list[dict[str, Any]], environments: list[dict[str, Any]]) -> str:
    """Say what ran where, and what the times are of."""
    variants = sum(len(job["variants"]) for job in jobs)
    places = sorted(
        {
            f"{one['cpu']} ({one['cores']} cores)"
            + ("" if one["device"] == "cpu" else f" with {one['device']}")
            for one in environments
        }
    )
    hours = sum(job["seconds"] for job in jobs) / 3600
    return (
        f"{variants:,} runs in {len(jobs)} training jobs, {hours:.2f} hours in all, on "
        f"{' and '.join(places)}. The times are those of the first training job's start and the "
        "last one's end; tables and figures follow."
    )


def _add(crate: ROCrate, where: str, kind: str, name: str, **more: Any) -> Entity:
    """Add something that is not data, under the identifier `where`."""
    properties = {"@type": kind, "name": name}
    added = crate.add(ContextEntity(crate, where, properties=properties))
    for key, value in more.items():
        added[key] = value
    return added


def _file(crate: ROCrate, folder: Path, path: Path, about: str, *types: str) -> Entity:
    """Add a file of the folder, and what it is beside a file."""
    properties = {
        "@type": ["File", *types] if types else "File",
        "name": path.name,
        "description": about,
        "encodingFormat": MEDIA.get(path.suffix, "application/octet-stream"),
        "contentSize": str(path.stat().st_size),
    }
    name = path.relative_to(folder).as_posix()
    return crate.add(File(crate, dest_path=name, properties=properties))


def _part(crate: ROCrate, folder: Path, name: str, about: str) -> Entity | None:
    """Add a file with its checksum, or a folder with its files; None where there is none."""
    path = folder / name
    if not name.endswith("/"):
        if not path.is_file():
            return None
        one = _file(crate, folder, path, about)
        one["sha256"] = checksum(path)
        return one
    inside = visible(path, "*")
    if not inside:
        return None
    named = {"name": name.rstrip("/"), "description": about}
    every = crate.add(Dataset(crate, dest_path=name, properties=named))
    every["hasPart"] = [
        _part(crate, folder, str(one.relative_to(folder)), f"{one.stem}, of the {about}")
        for one in inside
    ]
    return every


def _data(crate: ROCrate, folder: Path, jobs: list[dict[str, Any]]) -> list[Entity]:
    """Add the data sets, by the digest of what each was made from: their files may be large."""
    digests = {job["dataset"]: job["data_digest"] for job in jobs}
    found = []
    for path in visible(folder, PARTS["data"].where.format("*")):
        one = _file(crate, folder, path, f"the data set {path.stem}, made by the workflow")
        if path.stem in digests:
            one["identifier"] = digests[path.stem]
        found.append(one)
    return found


def _workflow(crate: ROCrate, folder: Path, environments: list[dict[str, Any]]) -> Entity:
    """Add the workflow, its rules, its language, and the software that its jobs ran with."""
    own = folder / WORKFLOW
    about = "data, training, tables, figures and claims of a preset"
    made = _file(
        crate, folder, own / "Snakefile", about, "SoftwareSourceCode", "ComputationalWorkflow"
    )
    made["name"] = "blockmaps"
    made["encodingFormat"] = "text/plain"
    made["conformsTo"] = {"@id": BIOSCHEMAS.format("ComputationalWorkflow")}
    _add(crate, BIOSCHEMAS.format("ComputationalWorkflow"), "CreativeWork", "ComputationalWorkflow")
    made["programmingLanguage"] = _add(
        crate,
        "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
        "ComputerLanguage",
        "Snakemake",
        identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
        url={"@id": "https://snakemake.readthedocs.io"},
    )
    made["hasPart"] = [
        _file(crate, folder, path, f"rules of the workflow: {path.stem}")
        for path in visible(own, "rules/*.smk")
    ]
    software = {("python", one["python"]) for one in environments}
    software |= {pair for one in environments for pair in one["packages"].items()}
    made["softwareRequirements"] = [
        _add(crate, f"#{name}-{version}", "SoftwareApplication", name, softwareVersion=version)
        for name, version in sorted(software)
    ]
    crate.mainEntity = made
    return made


def _parameter(crate: ROCrate, part: Entity, side: str) -> Entity:
    """Add the formal parameter that a file or folder is the value of, and join the two."""
    name = part.id.rstrip("/")
    kind = "Dataset" if part.type == "Dataset" else "File"
    made = _add(crate, f"#{side}-{name}", "FormalParameter", name, additionalType=kind)
    made["conformsTo"] = {"@id": BIOSCHEMAS.format("FormalParameter")}
    if BIOSCHEMAS.format("FormalParameter") not in crate:
        _add(crate, BIOSCHEMAS.format("FormalParameter"), "CreativeWork", "FormalParameter")
    made["description"], made["workExample"] = part["description"], part
    part["exampleOfWork"] = made
    return made
