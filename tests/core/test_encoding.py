"""Text is UTF-8 wherever it is read or written, whatever the locale of the machine."""

import ast
import os
import re
import subprocess
import sys

TEXT = ("read_text", "write_text")


def without(source: str) -> list[ast.Call]:
    """Return the calls in a source that leave the encoding of text to the locale."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or any(one.arg == "encoding" for one in call.keywords):
            continue
        own = call.func
        name = own.id if isinstance(own, ast.Name) else getattr(own, "attr", "")
        words = {one.arg: one.value for one in call.keywords}
        if name in TEXT:
            found.append(call)
        elif name in ("open", "fdopen") and ast.unparse(own) != "os.open":
            method = isinstance(own, ast.Attribute) and ast.unparse(own.value) not in ("io", "os")
            mode = words.get("mode", (*call.args[0 if method else 1 :], None)[0])
            text = "b" not in ast.literal_eval(mode) if isinstance(mode, ast.Constant) else True
            if text:
                found.append(call)
        elif name in ("run", "Popen", "check_output") and "text" in words:
            found.append(call)
    return found


def test_what_is_found():
    for bad in ("p.read_text()", "p.write_text('a')", "open(p)", "p.open()", "p.open('w')"):
        assert len(without(bad)) == 1, bad
    assert len(without("subprocess.run(a, text=True)")) == 1
    for good in ("p.read_text(encoding='utf-8')", "open(p, 'rb')", "p.open('wb')", "os.open(p, 0)"):
        assert without(good) == [], good


def test_no_text_is_left_to_the_locale(root):
    faults = []
    for folder in ("src", "workflow", "benchmarks"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".py", ".smk"):
                continue
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".smk":  # Snakemake's own language: the calls stand alone in a line
                calls = re.findall(r"\.(?:read|write)_text\((?!.*encoding).*", text)
            else:
                calls = without(text)
            faults += [f"{path.relative_to(root)}: {len(calls)}" for _ in calls[:1]]
    assert faults == []


def test_another_locale_changes_neither_a_digest_nor_what_is_printed(root):
    """Under ISO-8859-1 the digest of training was another: everything was trained again."""
    program = (
        "from blockmaps.core.code import code_digest\n"
        "from blockmaps.claims import tests\n"
        "from pathlib import Path\n"
        "print(code_digest('training.shard'), len(tests.read(Path('config/claims.yaml')).claims))"
    )
    environment = {
        key: one for key, one in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))
    }
    environment |= {"PYTHONPATH": str(root / "src"), "PYTHONUTF8": "0"}
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env=environment | {"PYTHONCOERCECLOCALE": "0", "LC_ALL": locale},
            capture_output=True,
            check=True,
        ).stdout
        for locale in ("C.UTF-8", "C")
    }
    assert len(said) == 1
