"""The results folder's RO-Crate: valid by the profile's validator, complete, the same each time."""

import io
import json
import shutil
from importlib.resources import files

import pytest
from requests import Response
from requests.adapters import BaseAdapter, HTTPAdapter
from requests_cache import CachedSession
from rocrate.rocrate import ROCrate
from rocrate_validator import services
from tables import runs_table
from urllib3 import HTTPResponse

from blockmaps.core.code import closure
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksum
from blockmaps.report import crate
from blockmaps.results import manifest, runs
from blockmaps.results.folder import PARTS

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
BIOSCHEMAS = "https://bioschemas.org/ComputationalWorkflow"
# What these terms are in 1.1; the context that rocrate ships is 1.3's, which moved them.
TERMS_OF_1_1 = {
    "ComputationalWorkflow": BIOSCHEMAS,
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": f"{BIOSCHEMAS}#input",
    "output": f"{BIOSCHEMAS}#output",
}
# What of the crate's terms was looked up in the context of 1.1, and what it declares itself.
KNOWN = {
    *("about", "actionStatus", "additionalType", "author", "citation", "conformsTo"),
    *("contentSize", "datePublished", "description", "encodingFormat", "endTime"),
    *("exampleOfWork", "hasPart", "identifier", "input", "instrument", "license", "mainEntity"),
    *("mentions", "name", "object", "output", "programmingLanguage", "result", "sha256"),
    *("softwareRequirements", "softwareVersion", "startTime", "url", "version", "workExample"),
}


class Stored(BaseAdapter):
    """Answers every request with a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def send(self, request, **_) -> Response:
        body = io.BytesIO(self.text.encode())
        kind = {"content-type": "application/ld+json"}
        raw = HTTPResponse(body, kind, 200, preload_content=False, request_url=request.url)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass


NAME = PARTS["crate"].where


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The validator's cache, holding the one document that it would fetch."""
    context = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text())
    context["@context"] |= TERMS_OF_1_1
    path = tmp_path_factory.mktemp("cache") / "http"
    with CachedSession(str(path), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", Stored(json.dumps(context)))
        session.get(CONTEXT)
    return path


def problems(folder, cache) -> list[str]:
    """Validate a crate offline; return what is REQUIRED and not so."""
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="workflow-run-crate",
        requirement_severity="REQUIRED",
        offline=True,
        cache_path=cache,
    )
    return [issue.message for issue in services.validate(settings).get_issues()]


def job(shard, hour):
    return {
        "shard": shard,
        "dataset": "digits",
        "data_digest": "d1",
        "commit": "c" * 40,
        "started": f"2026-11-24T{hour}:00:00Z",
        "ended": f"2026-11-24T{hour}:30:00Z",
        "seconds": 1800.0,
        "environment": 0,
        "variants": {"a": {}, "b": {}},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory, root):
    """A results folder with a crate."""
    folder = tmp_path_factory.mktemp("results") / "small"
    for name in ("tables/summary.csv", "figures/curves.svg", "data/digits.safetensors"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(f"what {name} holds")
    (folder / "figures/.partial.svg").touch()
    table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1, seeds=1)
    runs.write(table, folder / "runs.parquet", runs.COLUMNS)
    (folder / "config.json").write_text('{"name": "small"}')
    place = {"python": "3.11.7", "packages": {"torch": "2.13.0"}, "cpu": "A CPU", "cores": 2}
    found = {"environments": [place | {"device": "cpu"}], "jobs": [job("x", 14), job("y", 12)]}
    (folder / "manifests.json").write_text(json.dumps(found))
    crate.write(folder, root / "workflow")
    return folder


def test_it_is_valid_and_the_validator_would_say_if_not(made, cache, tmp_path):
    assert problems(made, cache) == []
    broken = tmp_path / "broken"
    shutil.copytree(made, broken)
    text = (broken / NAME).read_text()
    (broken / NAME).write_text(text.replace('"instrument"', '"agent"'))
    (broken / "runs.parquet").unlink()
    said = problems(broken, cache)
    assert any("MUST have an instrument" in one for one in said)
    assert any("runs.parquet" in one for one in said)


def test_it_holds_what_ran_and_what_came_of_it(made, root):
    found = ROCrate(made)
    (action,) = found.get_by_type("CreateAction")
    assert action["instrument"].id == found.mainEntity.id == "workflow/Snakefile"
    assert found.mainEntity["programmingLanguage"]["name"] == "Snakemake"
    assert found.mainEntity["version"] == "c" * 40
    assert action["startTime"] == "2026-11-24T12:00:00+00:00"
    assert action["endTime"] == "2026-11-24T14:30:00+00:00"
    assert "4 runs in 2 training jobs, 1.00 hours in all, on A CPU (2 cores)" in str(
        action["description"]
    )
    assert {one.id for one in action["object"]} == {"config.json", "data/digits.safetensors"}
    results = {"runs.parquet", "manifests.json", "tables/", "figures/"}
    assert {one.id for one in action["result"]} == results
    assert [one.id for one in found.get("figures/")["hasPart"]] == ["figures/curves.svg"]
    assert found.get("runs.parquet")["sha256"] == checksum(made / "runs.parquet")
    assert found.get("data/digits.safetensors")["identifier"] == "d1"
    assert {one.id for one in found.root_dataset["citation"]} == set(crate.PAPERS)
    software = {
        one["name"]: one["softwareVersion"] for one in found.get_by_type("SoftwareApplication")
    }
    assert software == {"python": "3.11.7", "torch": "2.13.0"}
    rules = {path.name for path in (root / "workflow/rules").glob("*.smk")}
    assert {path.name for path in (made / "workflow/rules").glob("*.smk")} == rules
    assert (
        f'title: "{crate.PAPERS["https://arxiv.org/abs/2404.00880"]}"'
        in (root / "CITATION.cff").read_text()
    )


def test_its_terms_are_those_of_1_1(made):
    """The validator is given a later context here, which would let later terms pass."""
    graph = json.loads((made / NAME).read_text())["@graph"]
    used = {term for entity in graph for term in entity if term[0] != "@"}
    assert used <= KNOWN


def test_the_same_results_give_the_same_bytes(made, root):
    before = (made / NAME).read_bytes()
    crate.write(made, root / "workflow")
    assert (made / NAME).read_bytes() == before


def test_a_folder_that_is_a_link_has_its_own_name(made, tmp_path):
    link = tmp_path / "mine"
    link.symlink_to(made)
    action = crate.describe(link).get("#run")
    assert action["name"] == "The workflow's run with the preset mine"


def test_faults_are_one_line(made, tmp_path, root, blockmaps):
    done = blockmaps("crate", tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    with pytest.raises(InputError, match="Snakefile: no such file"):
        crate.write(made, tmp_path)
    (tmp_path / "runs.parquet").touch()
    with pytest.raises(InputError, match=r"holds no config\.json"):
        crate.write(tmp_path, root / "workflow")


def test_a_published_folder_stays_as_it_is(tmp_path, root, blockmaps):
    kept = shutil.copytree(root / "published/rule", tmp_path / "rule")
    done = blockmaps("crate", kept, "--workflow", root / "workflow", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.strip().splitlines()
    assert "is published" in line
    manifest.check(kept)


def test_a_crate_is_made_without_torch():
    assert not [name for name in closure("blockmaps.report.crate") if "training" in name]
