"""Which of MuJoCo's offscreen renderers works here, found in processes of their own.

A library for drawing that is missing or does not fit can end a process, and MuJoCo chooses one when
it is imported, by `MUJOCO_GL`. So each is tried in a process that draws one frame.
"""

import os
import subprocess
import sys

BACKENDS = ("egl", "osmesa")
TIMEOUT = 120  # seconds
PROBE = """
import mujoco
model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><light/></worldbody></mujoco>")
with mujoco.Renderer(model, 8, 8) as renderer:
    renderer.update_scene(mujoco.MjData(model))
    renderer.render()
"""


def choose() -> tuple[str | None, str]:
    """Return a renderer that works and "", or None and why there is none.

    `MUJOCO_GL` is the only one tried where it is set.
    """
    asked = os.environ.get("MUJOCO_GL")
    reasons = []
    for name in (asked,) if asked else BACKENDS:
        try:
            done = subprocess.run(
                [sys.executable, "-c", PROBE],
                env=os.environ | {"MUJOCO_GL": name},
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                encoding="utf-8",
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            reasons.append(f"{name}: no frame within {TIMEOUT} s")
            continue
        if done.returncode == 0:
            return name, ""
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        fault = next((line for line in reversed(said) if "Error" in line), said[-1])
        reasons.append(f"{name}: {fault[:100]}")
    return None, "; ".join(reasons)
