"""The scales that the papers' own experiments have, and the start of their unknowns."""

from blockmaps.claims.findings import Scale
from blockmaps.core.fixed import HAMMER_BUDGETS

# How the authors start unknowns, as the runs table writes it.
STARTS = {"A": "N(0, 0.05²)", "E": "N(0, 0.05²)", "B": "N(0, 0.01²), no bias"}
FAN_IN = "fan-in"

# The sizes that the rule of `recommend` was made from (config/rule.yaml): |x|, |y|.
RULE_SIZES = {(100, 4), (100, 12), (400, 4), (400, 12)}

_RAD = Scale("the paper's RAD, MNIST at 50×50", inputs=2500, outputs=10, budget=100_000, epochs=25)
_LAYERS = Scale("the authors' MNIST at 50×50", inputs=2500, outputs=10, budget=1_352_000)
PAPERS = {
    "A1": _RAD,
    "A2": _RAD,
    "A3": Scale("the paper's Adroit Hammer at 10 K and 400 K unknowns", inputs=46, outputs=26),
    "A4": Scale("the paper's RAD, normal_size", inputs=2500, outputs=10, budget=50_000, epochs=25),
    "A5": Scale("the paper's RAD at 50×50 and Adroit, by |x|/|y|"),
    "E1a": _RAD,
    "E1b": _RAD,
    "B1": Scale("the paper's own networks, whose sizes are not known"),
    "B2": _LAYERS,
    "B3": _LAYERS,
    "B4": Scale("the paper's own networks and data, which are not known"),
}


def starts_as_the_paper(claim: str, initialisation: str) -> bool:
    """Return whether unknowns start as the authors' do; random patterns may add starts by block."""
    return STARTS[claim[0]] in str(initialisation).split(" and ")


def is_paper_scale(claim: str, scale: Scale) -> bool:
    """Return whether a scale has the paper's own sizes, and data and balanced patterns like it."""
    paper = PAPERS[claim]
    if scale.anew or (claim == "A1" and scale.solved):
        return False
    if claim == "A3":
        return (scale.inputs, scale.outputs, scale.budgets) == (46, 26, HAMMER_BUDGETS)
    sizes = (paper.inputs, paper.outputs, paper.budget)
    return None not in sizes and sizes == (scale.inputs, scale.outputs, scale.budget)
