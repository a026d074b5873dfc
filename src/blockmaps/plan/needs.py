"""What the tables need of the runs: known from the plan, before anything is trained.

A table whose need is not met would have no rows: it is not made, shown or kept. The numbers and the
pairs of arms that the analysis goes by stand here, once. Means that depend on what is measured
are not foreseen: where every run of an arm diverges a table may still say nothing.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from blockmaps.core.fixed import FULL_FROM
from blockmaps.designs.kinds.design import WITHOUT_PROPORTION
from blockmaps.designs.patterns import RNN_BLOCKS, Pattern
from blockmaps.designs.proportion import hidden_proportions
from blockmaps.designs.variants import AnyVariant, Initialisation, Variant
from blockmaps.plan.shards import Member

# The differences of claim A1, in the claims' own words: of its first version, and by family.
DIFFERENCES = (
    ("balanced", "dense"),
    ("balanced", "uniform"),
    ("mixed", "uniform"),
    ("mixed", "dense"),
)
THIN, FULL = "balanced-thin", "balanced-full"
FAMILIES = tuple((family, arm) for family in (THIN, FULL) for arm in ("dense", "uniform"))
# Beside them: the rule's pattern against the arms that need no rule.
RECOMMENDED = (("recommended", "dense"), ("recommended", "uniform"))
# What is compared over sizes (claims A4, A5).
GAINS = (
    DIFFERENCES[0],
    *((family, arm) for family in (FULL, THIN) for arm in ("dense", "uniform")),
    ("uniform", "dense"),
    *RECOMMENDED,
    ("recommended", WITHOUT_PROPORTION),
)
# What is held against random patterns: the rule and its controls.
CONTESTANTS = ("recommended", WITHOUT_PROPORTION, FULL, THIN)
# Arms of a sample of patterns; the patterns are then the unit.
SAMPLED_ARMS = ("random", "grid", "mixed", "even", "crossed")
# Claim B4's, of the study of trainability, and claim A3's first, of control.
HARD_TO_TRAIN = (("dense", "balanced"), ("dense", "uniform"))
RETURNED = (("dense", "uniform"), *DIFFERENCES)
AGAINST_CELLS = ("dense", "uniform")

FEWEST_PATTERNS = 10  # of what is explained, and of what is searched among
FEWEST_DENSITIES = 4  # of uniform patterns, for a parabola
# The response to densities: knots of the curve, the cliff that is left out, when outputs are full.
KNOTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0)
CLIFF = 0.15
FULL_OUTPUTS = 0.5
FEWEST_OF_RESPONSE = 40


@dataclass(frozen=True)
class Asked:
    """A run that is asked for: what it is in its experiment, what it is, whether it is measured."""

    member: Member
    variant: AnyVariant
    dynamics: bool = False

    @property
    def pattern(self) -> Pattern | None:
        """Its pattern; None of torch's cells and layers."""
        return self.variant.pattern if isinstance(self.variant, Variant) else None

    @property
    def start(self) -> Initialisation | None:
        """How its unknowns start; None of torch's own."""
        return self.variant.initialisation if isinstance(self.variant, Variant) else None

    @cached_property
    def densities(self) -> dict[str, float] | None:
        """The six blocks' densities; None of what has other blocks."""
        if self.pattern is None or self.pattern.moved is not None:
            return None
        found = self.pattern.expected()
        if set(found) != set(RNN_BLOCKS):
            return None
        places = {one.target + one.source: self.pattern.places(one) for one in self.pattern.blocks}
        return {name: found[name] / places[name] for name in RNN_BLOCKS}


Runs = Collection[Asked]


class Need(NamedTuple):
    """What a table needs: in words, after "needs", and as a function of its study's runs."""

    words: str
    met: Callable[[Runs], bool]


def panels(
    runs: Runs, own: Callable[[Asked], Hashable] = lambda run: None
) -> Iterable[list[Asked]]:
    """Return the runs by experiment, data set and budget, which no comparison leaves.

    Parameters
    ----------
    own : what else runs of one panel have in common.
    """
    found: dict[Hashable, list[Asked]] = {}
    for run in runs:
        member = run.member
        key = (member.experiment, member.dataset, member.budget, own(run))
        found.setdefault(key, []).append(run)
    return found.values()


def _start(run: Asked) -> Hashable:
    return run.start.model_dump_json() if run.start else None


def arms_of(runs: Runs) -> set[str]:
    """Return the arms, and those of balanced patterns by family too."""
    found = {run.member.arm for run in runs}
    for run in runs:
        if run.member.arm == "balanced" and (densities := run.densities):
            found.add(FULL if densities["yh"] >= FULL_FROM else THIN)
    return found


def _some(pairs: Collection[tuple[str, str]], arms: set[str]) -> bool:
    return any(set(pair) <= arms for pair in pairs)


def matched(arms: Iterable[str]) -> list[tuple[str, str]]:
    """Return the arms made for a cell's own count, each with that cell's arm."""
    return [(arm, arm.partition("~")[2]) for arm in sorted(arms) if "~" in arm]


def against_cells(arms: Iterable[str]) -> list[tuple[str, str]]:
    """Return the arms that returns are compared of: those of the claims, and against each LSTM."""
    cells = sorted(arm for arm in arms if arm.startswith("lstm"))
    return [*RETURNED, *((first, cell) for cell in cells for first in AGAINST_CELLS)]


def _compared(runs: Runs) -> bool:
    pairs = (*DIFFERENCES, *FAMILIES, *RECOMMENDED)
    each = [arms_of(panel) for panel in panels(runs)]
    return any(_some((*pairs, *matched(arms)), arms) for arms in each)


def _patterns(runs: Runs) -> int:
    """Return how many different patterns of six blocks there are."""
    return len({(run.member.arm, run.pattern) for run in runs if run.densities})


def _explained(runs: Runs) -> bool:
    return any(_patterns(panel) >= FEWEST_PATTERNS for panel in panels(runs))


def _searched(panel: Runs) -> bool:
    return _patterns([run for run in panel if run.member.arm == "random"]) >= FEWEST_PATTERNS


def _regretted(runs: Runs) -> bool:
    return any(
        _searched(panel) and "recommended" in arms_of(panel) for panel in panels(runs, _start)
    )


def _foreseen(runs: Runs) -> bool:
    for panel in panels(runs, _start):
        arms = arms_of(panel)
        if _some(GAINS, arms) or (_searched(panel) and arms & {*CONTESTANTS}):
            return True
    return False


def _one_density(runs: Runs) -> bool:
    for panel in panels(runs, _start):
        found = []
        for run in panel:
            values = (run.densities or {"": 0.0, "other": 1.0}).values()
            if max(values) - min(values) < 1e-9:
                found.append((round(max(values), 9), run.member.seed_index))
        densities, seeds = ({one[place] for one in found} for place in (0, 1))
        if len(densities) >= FEWEST_DENSITIES and len(seeds) >= 2:
            return True
    return False


def _two_starts(runs: Runs) -> bool:
    found: dict[tuple, dict[Hashable, set[str]]] = {}
    for run in runs:
        if run.start is None or run.start.blocks:
            continue
        schemes = found.setdefault((run.member.dataset, run.member.budget), {})
        schemes.setdefault(_start(run), set()).add(run.member.arm)
    pairs = [pair for pair in DIFFERENCES if pair[0] not in SAMPLED_ARMS]
    return any(
        _some(pairs, first & second)
        for schemes in found.values()
        for first, second in combinations(schemes.values(), 2)
    )


def _of_grids(runs: Runs) -> list[Asked]:
    return [run for run in runs if run.member.design == "grid" and run.densities]


def _patterns_of_panels(runs: Runs) -> int:
    return sum(map(_patterns, panels(runs)))


def _curve(runs: Runs) -> bool:
    return _patterns_of_panels(_of_grids(runs)) >= 2 * len(KNOTS)


def _response(runs: Runs) -> bool:
    off, full = [], set()
    for run in _of_grids(runs):
        assert run.pattern is not None  # it has densities
        if hidden_proportions(run.pattern.expected())["hidden_proportion"] >= CLIFF:
            off.append(run)
            full.add((run.densities or {})["yh"] > FULL_OUTPUTS)
    return len(full) == 2 and _patterns_of_panels(off) >= FEWEST_OF_RESPONSE


def _crossed(runs: Runs) -> bool:
    return any(run.member.design == "crossed" for run in runs)


def _beside_mlp(runs: Runs) -> bool:
    return any({"mlp"} < {run.member.arm for run in panel} for panel in panels(runs, _start))


def _hard(runs: Runs) -> bool:
    return any(_some(HARD_TO_TRAIN, arms_of(panel)) for panel in panels(runs, _start))


def _returned(runs: Runs) -> bool:
    each = [arms_of(panel) for panel in panels(runs)]
    return any(_some(against_cells(arms), arms) for arms in each)


def _of_rad(runs: Runs) -> bool:
    return any(run.member.task == "rad" for run in runs)


ANY = Need("runs", bool)
COMPARED = Need("two arms that are compared, such as balanced and dense", _compared)
PATTERNS = Need(f"{FEWEST_PATTERNS} patterns in one experiment and budget", _explained)
REGRET = Need(f"recommended and {FEWEST_PATTERNS} random patterns in one experiment", _regretted)
FORESEEN = Need(
    "recommended or balanced beside dense, uniform or random patterns in one experiment", _foreseen
)
DENSITIES = Need(
    f"uniform patterns of {FEWEST_DENSITIES} densities at two seed indices in one experiment",
    _one_density,
)
STARTS = Need("the same arms under two initialisations", _two_starts)
CURVE = Need(f"{2 * len(KNOTS)} patterns of designs `grid`", _curve)
RESPONSE = Need(
    f"{FEWEST_OF_RESPONSE} patterns of designs `grid` at hidden proportions from {CLIFF} on, with "
    "full and with thin output blocks",
    _response,
)
CROSSED = Need("a design `crossed`", _crossed)
PAIRS = Need("images of pairs of transforms (kind `rad`)", _of_rad)
MLP = Need("an MLP and another arm in one experiment", _beside_mlp)
HARD = Need("dense beside balanced or uniform in one experiment", _hard)
RETURN_PAIRS = Need("two arms that are compared, such as dense and uniform", _returned)
DYNAMICS = Need("`dynamics: true` in an experiment", lambda runs: any(run.dynamics for run in runs))
