"""What the site takes from elsewhere: commands, keys, columns, other documents, kept pages.

Nothing of that is typed twice. A page asks for it by a comment; links that leave the site's pages
lead to the repository, whose address is pyproject.toml's.
"""

import json
import posixpath
import re
import tomllib
from pathlib import Path

import click
import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click
from typer.testing import CliRunner

from blockmaps.cli import app
from blockmaps.plan import config as configs

ROOT = Path(__file__).resolve().parents[1]
# Documents that stand elsewhere in the repository, and their pages.
DOCUMENTS = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "config/README.md": "presets.md",
    "examples/README.md": "examples.md",
    "published/README.md": "published.md",
}
ASKED = re.compile(
    r"^<!-- (blockmaps .+|commands|keys of the config|kept pages) -->$", re.MULTILINE
)
BADGE = re.compile(r" !\[[^\]]*\]\(https://img\.shields\.io/[^)]*\)")  # the site asks nobody
LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the repository's address and the version from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # not `repo_url`: the theme would ask GitHub for its stars whenever a page is opened
    config.extra["repository"] = address = project["urls"]["Repository"]
    config.site_url = project["urls"]["Documentation"]
    config.copyright = f'<a href="{address}">blockmaps</a> {project["version"]}, MIT licence'
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents, and the pages of kept results that `snakemake published` has made."""
    for path, name in DOCUMENTS.items():
        text = BADGE.sub("", (ROOT / path).read_text(encoding="utf-8"))
        files.append(File.generated(config, name, content=text))
    for name, path in kept_pages().items():
        files.append(File.generated(config, f"kept/{name}.html", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what a page asks for, and lead links where they lead on the site."""
    documents = {name: path for path, name in DOCUMENTS.items()}
    source = documents.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def follow(found: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[0]))
        if path in DOCUMENTS:
            return DOCUMENTS[path]
        if path.startswith("docs/"):
            return path.removeprefix("docs/")
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{config.extra['repository']}/{kind}/main/{path}"

    return ASKED.sub(lambda found: answer(found[1]), LINK.sub(follow, markdown))


def answer(asked: str) -> str:
    """Return what a page asks for, as Markdown."""
    if asked == "commands":
        return commands()
    if asked == "keys of the config":
        return keys()
    if asked == "kept pages":
        pages = [f"[{name}](kept/{name}.html)" for name in kept_pages()]
        return f"Their pages: {', '.join(pages)}." if pages else ""
    folder = next((one for one in asked.split() if one.startswith("published/")), "")
    if folder and not (ROOT / folder).is_dir():
        return f"*There is no {folder} yet.*"
    done = CliRunner().invoke(app, asked.split()[1:])
    if done.exit_code:
        raise SystemExit(f"docs: {asked}: {done.exception or done.output}")
    return done.stdout


def kept_pages() -> dict[str, Path]:
    """Return the pages of kept results that are there, by name."""
    folder = ROOT / "results/published"
    pages = sorted(folder.rglob("report.html"))
    return {page.parent.relative_to(folder).as_posix(): page for page in pages}


def commands() -> str:
    """Return every command with its help, by the panel that `blockmaps --help` shows it in."""
    group = typer.main.get_command(app)
    context = click.Context(group)
    panels: dict[str, list[str]] = {}
    for name, command in group.commands.items():
        text = get_docs_for_click(obj=command, ctx=context, name=f"blockmaps {name}")
        text = re.sub(r"<(?=[a-z/])", "&lt;", text)  # <name> is no tag
        text = re.sub(r"^\* `(.*)`:", lambda m: m[0].replace("&lt;", "<"), text, flags=re.MULTILINE)
        panels.setdefault(command.rich_help_panel, []).append(f"##{text}")
    return "\n".join(part for panel in panels for part in (f"## {panel}\n", *panels[panel]))


def keys() -> str:
    """Return every key of a config: what it takes, its default, and what it is."""
    schema = configs.schema()
    parts = {"A preset": schema, **schema["$defs"]}
    return "\n".join(_part(name, part) for name, part in parts.items() if part.get("properties"))


def _part(name: str, part: dict) -> str:
    lines = [
        f"### {name}\n",
        f"{part.get('description', '')}\n",
        "| key | takes | default | what |",
    ]
    lines.append("|---|---|---|---|")
    needed = part.get("required", [])
    for key, about in part["properties"].items():
        default = "needed" if key in needed else _default(about.get("default"))
        cells = [f"`{key}`", _takes(about), default, about.get("description", "")]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _default(value: object) -> str:
    """Return a default as YAML has it; of a part with keys of its own its table says them."""
    return "" if value in (None, "") or isinstance(value, dict) else f"`{json.dumps(value)}`"


def _takes(about: dict) -> str:
    """Return what a key takes, in words."""
    if "$ref" in about:
        name = about["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in about or "enum" in about:
        return ", ".join(f"`{one}`" for one in about.get("enum", [about.get("const")]))
    for several in ("anyOf", "oneOf"):
        if several in about:
            return " or ".join(dict.fromkeys(_takes(one) for one in about[several]))
    if about.get("type") == "array":
        inner = about.get("items") or {}
        return f"list of {_takes(inner)}" if inner else "list"
    if isinstance(about.get("additionalProperties"), dict):
        return f"name → {_takes(about['additionalProperties'])}"
    words = {"integer": "whole number", "string": "text", "boolean": "true, false", "null": "none"}
    return words.get(about.get("type", ""), about.get("type", "anything"))
