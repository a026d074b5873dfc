"""The rules' own text: what a shell sees of them is quoted."""

import re


def shell_lines(root):
    for path in sorted((root / "workflow").rglob("*.smk")):
        inside = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() == "shell:":
                inside = True
            elif inside and line.strip().startswith('"'):
                yield f"{path.name}:{number}", line
            else:
                inside = False


def test_every_name_in_a_shell_line_is_quoted(root):
    """A space, a quote or a dollar sign in a folder's name is not the shell's to read."""
    lines = dict(shell_lines(root))
    assert len(lines) > 25
    for where, line in lines.items():
        for field in re.findall(r"{([^}]*)}", line):
            assert field.endswith(":q") or field in ("threads", "resources.mem_mb"), where
