"""The catalogue: one entry a table or figure, with everything that is said of it.

The workflow's rules, the command line's choices and help, redrawing, publishing, the page and the
documents read it. A new figure is a module in `report.figures` with `draw`, and an entry here; a
new table is a function, and an entry. Modules are named and imported when they are used: planning
needs neither torch nor statsmodels.

A caption says what is drawn, under the figure's title and on the page. What is found, n and scale
are the figure's own words, since they follow from its table (see `report.figures.style`).
"""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import NamedTuple

from blockmaps.core.errors import InputError
from blockmaps.plan import needs
from blockmaps.plan.needs import ANY, Need, Runs

# The study whose runs the figures and tables without a study of their own are made from.
MAIN_STUDY = "proportion"
# Headings by study, in the order of the page; figures that no entry is of come last.
STUDIES = {
    MAIN_STUDY: "What the hidden proportion explains",
    "continuum": "From an MLP to a random map",
    "trainability": "Why deep and long maps are hard to train",
    "control": "Control: policies by pattern",
    "may2023": "The authors' table of May 2023",
    "zoo": "Every network as one map",
    "": "Further figures",
}
TABLES_FOLDER, ANALYSIS_FOLDER, FIGURES_FOLDER = "tables", "analysis", "figures"
RUNS, GROUPS, DYNAMICS = "runs.parquet", "groups.parquet", "dynamics.parquet"
RETURNS, FRAMES = "returns.parquet", "frames.safetensors"


class Table(NamedTuple):
    """A table, and how it is made: `function` of `module` is given what is read.

    Attributes
    ----------
    reads : files of the results folder. Of the main study's runs it is given only those, and in
        `analysis/` their outcomes.
    study : whose runs it is made of.
    needs : what there must be of these runs, or it is not made.
    folder : where its file lies.
    command : what makes it; the tables of `analysis/` and of the zoo are made in one job each.
    columns : the module whose `COLUMNS` describe its columns; "" without a description.
    judged : whether claims are judged by it; those of `analysis/` all are.
    """

    name: str
    module: str
    function: str
    reads: tuple[str, ...]
    study: str
    caption: str
    folder: str = TABLES_FOLDER
    command: str = "analyse"
    columns: str | None = None
    judged: bool = False
    needs: Need = ANY

    @property
    def path(self) -> str:
        """Its file within a results folder."""
        return f"{self.folder}/{self.name}.csv"

    @property
    def made_by(self) -> str:
        """The command that makes it."""
        what = {TABLES_FOLDER: f" {self.name}", ANALYSIS_FOLDER: " FOLDER"}[self.folder]
        return f"blockmaps {self.command}{what if self.command == 'analyse' else ''}"


class Figure(NamedTuple):
    """A figure: `draw` of `report.figures.<name>` is given what is read, and the caption.

    Attributes
    ----------
    reads : names of tables, or files of the results folder; of the runs only the main study's.
    study : whose runs it shows.
    one_of : arms of the main study of which it needs at least one, where there are any.
    claims : the claims whose comparison it shows.
    """

    name: str
    reads: tuple[str, ...]
    study: str
    caption: str
    one_of: frozenset[str] = frozenset()
    claims: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module that draws it."""
        return f"report.figures.{self.name}"

    @property
    def path(self) -> str:
        """Its picture within a results folder; a PNG and its words lie beside it."""
        return f"{FIGURES_FOLDER}/{self.name}.svg"

    @property
    def made_by(self) -> str:
        """The command that draws it."""
        return f"blockmaps figure {self.name}"

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads, as files within a results folder."""
        return tuple(TABLES[name].path if name in TABLES else name for name in self.reads)


def _analysis(name: str, module: str, function: str, caption: str, needs: Need = ANY) -> Table:
    """Return a table of `analysis/`, made of the main study's outcomes."""
    return Table(
        name,
        f"analysis.{module}",
        function,
        (RUNS,),
        MAIN_STUDY,
        caption,
        ANALYSIS_FOLDER,
        columns="analysis.columns",
        needs=needs,
    )


def _zoo(name: str, caption: str, judged: bool = False) -> Table:
    """Return a table of the zoo, made of no runs."""
    made = ("maps.zoo.tables", "write_all", ())
    return Table(name, *made, "zoo", caption, command="zoo", judged=judged)


_TABLES = (
    Table(
        *("summary", "analysis.summary", "summarise", (RUNS,), MAIN_STUDY),
        "Mean, 95 % interval and n of every arm and budget; FLOPs a sequence, bytes of parameters, "
        "seconds and device.",
        columns="",
    ),
    Table(
        *("structures", "analysis.summary", "by_structure", (RUNS,), MAIN_STUDY),
        "Mean, 95 % interval and n of every structure and budget.",
        columns="",
    ),
    Table(
        *("differences", "analysis.summary", "differences", (RUNS,), MAIN_STUDY),
        "Differences between arms, with Welch's interval.",
        columns="",
        needs=needs.COMPARED,
    ),
    Table(
        *("pairs", "analysis.pairs", "by_pair", (GROUPS, RUNS), MAIN_STUDY),
        "Test accuracy of every arm by pair of transforms, with 95 % intervals over seed indices.",
        needs=needs.PAIRS,
    ),
    Table(
        *("continuum", "analysis.continuum", "by_arm", (RUNS,), "continuum"),
        "Accuracy of every arm between an MLP and a map with random places, at exactly as many "
        "unknowns, with 95 % intervals, n and FLOPs a sample.",
    ),
    Table(
        *("continuum_differences", "analysis.continuum", "differences", (RUNS,), "continuum"),
        "Every arm less the MLP, with 90 and 95 % intervals of Welch; and the MLP as a map "
        "less torch's own layers.",
        judged=True,
        needs=needs.MLP,
    ),
    Table(
        *("spectra", "analysis.continuum", "spectra", (DYNAMICS,), "continuum"),
        "Singular values of W by arm, before and after training.",
        needs=needs.DYNAMICS,
    ),
    Table(
        *("trainability", "analysis.trainability", "by_arm", (RUNS, DYNAMICS), "trainability"),
        "Shares of runs that diverge or stay at chance, with 95 % intervals, by arm and number of "
        "steps; exponents and spectral radii.",
    ),
    Table(
        *(
            "trainability_differences",
            "analysis.trainability",
            "differences",
            (RUNS,),
            "trainability",
        ),
        "Differences of these shares between arms, with 95 % intervals.",
        judged=True,
        needs=needs.HARD,
    ),
    Table(
        *("gradients", "analysis.trainability", "gradients", (RUNS, DYNAMICS), "trainability"),
        "Norm of the loss's gradient with respect to the state some steps back, by arm.",
        needs=needs.DYNAMICS,
    ),
    Table(
        *("may2023", "analysis.may2023", "beside_authors", (RUNS,), "may2023"),
        "Test loss of four models on six data sets beside the authors' table of May 2023, with "
        "Welch's 95 % interval of the difference.",
    ),
    Table(
        *("returns", "analysis.control", "by_structure", (RETURNS,), "control"),
        "Mean return and success rate of every structure, with 95 % intervals over seeds, n, and "
        "the expert's.",
    ),
    Table(
        *("return_differences", "analysis.control", "differences", (RETURNS,), "control"),
        "Differences in return between arms, with Welch's interval, also as shares of the expert's "
        "mean return (claim A3).",
        judged=True,
        needs=needs.RETURN_PAIRS,
    ),
    Table(
        *("return_explained", "analysis.control", "explained", (RETURNS, RUNS), "control"),
        "How much of return the hidden proportion and the unknowns from h to y explain, each also "
        "given the other.",
        needs=needs.PATTERNS,
    ),
    Table(
        *("detectable", "analysis.power", "by_experiment", (), "control"),  # the data files alone
        "The difference in return that the planned seeds and episodes can detect, from the "
        "expert's own spread; known before the runs.",
        command="detectable",
    ),
    Table(
        *("rates", "analysis.rates", "by_rate", (), ""),  # the runs that rates are tuned by
        "Validation accuracy of each arm by learning rate, where a recipe is tuned, and the rate "
        "that is chosen.",
        command="rates",
    ),
    _zoo(
        "equivalence",
        "Every network of the zoo as an iterative map: slots, iterations, unknowns, and the "
        "largest normwise difference from torch's module in outputs and in gradients. Claim B1 "
        "allows 1e-12 in float64 and 1e-5 in float32.",
        judged=True,
    ),
    _zoo("slots", "The slots of the zoo's networks, at the sizes that are drawn."),
    _zoo("places", "Every place of the zoo's matrices that is not zero."),
    _zoo("impulse", "The influence of a start and of inputs on a lifted RNN, by iteration."),
    _zoo(
        "learning",
        "Whole learning curves of a forced map and of a perceptron's map against those of torch's "
        "modules that they are made from, and what rounding alone does (claim B2).",
        judged=True,
    ),
    _analysis(
        *("explained", "explain", "explained"),
        "How much of the test score the hidden proportion and its rivals explain.",
        needs.PATTERNS,
    ),
    _analysis(
        *("partial", "explain", "partial"),
        "What the hidden proportion adds to the others.",
        needs.PATTERNS,
    ),
    _analysis(
        *("optimum", "optimum", "optima"),
        "Where accuracy is highest on the hidden proportion.",
        needs.PATTERNS,
    ),
    _analysis(
        *("uniform", "uniform", "uniform_optima"),
        "The density at which uniform patterns do best (claim E1a).",
        needs.DENSITIES,
    ),
    _analysis(
        *("comparisons", "comparisons", "comparisons"),
        "Differences of claims A1 and E1b, and of the recommended pattern.",
        needs.COMPARED,
    ),
    _analysis(
        *("initialisations", "comparisons", "initialisations"),
        "The differences of claim A1 under two initialisations.",
        needs.STARTS,
    ),
    _analysis("robust", "robust", "interquartile_means", "Interquartile means by arm."),
    _analysis("profiles", "robust", "profiles", "The share of runs above every accuracy, by arm."),
    _analysis(
        *("steps", "robust", "steps_to_half"),
        "Steps to half way from chance to 100 %, with runs that never get there.",
    ),
    _analysis(
        *("curve", "response", "curve"),
        "Accuracy by hidden proportion over all grid designs, from which ranks are predicted.",
        needs.CURVE,
    ),
    _analysis(
        *("response", "response", "response"),
        "Accuracy by hidden proportion and density of hh, from which the rule was made.",
        needs.RESPONSE,
    ),
    _analysis(
        *("regret", "regret", "regrets"),
        "The best of N random patterns against the recommended one (claim A4).",
        needs.REGRET,
    ),
    _analysis(
        *("apriori", "apriori", "apriori"),
        "What is known before training, on sizes not used to make the rule (A4, A5).",
        needs.FORESEEN,
    ),
    _analysis(
        *("crossed", "crossed", "effects"),
        "Effects of the hidden proportion and of the unknowns from h to y, N and |h| fixed.",
        needs.CROSSED,
    ),
    _analysis(
        *("train_test", "train_test", "train_test"),
        "Train and test accuracy, their gap, area and steps to half way, by arm and protocol.",
    ),
)

_FIGURES = (
    Figure(
        *("proportion", (RUNS,), MAIN_STUDY),
        "Test score, accuracy or R², against the realised hidden proportion: the share of the "
        "hidden rows' unknowns that read the state. A point a run; the curve is the local mean of "
        "one design, with the place where it is highest.",
        claims=("A2",),
    ),
    Figure(
        *("structures", (RUNS,), MAIN_STUDY),
        "Test score, accuracy or R², the mean of each structure, and the densities of its six "
        "blocks (target source).",
        claims=("A1",),
    ),
    Figure(
        *("curves", (RUNS,), MAIN_STUDY),
        "Accuracy or R² on test sequences while training, the mean of each arm; where arms are "
        "compared, that on training sequences beside it.",
        claims=("A1",),
    ),
    Figure(
        *("densities", (RUNS,), MAIN_STUDY),
        "Upper number: 100 × mean test score, accuracy or R²; lower: mean hidden proportion. "
        "Light: within a point of the panel's best; dark: 10 points below it or more.",
        one_of=frozenset({"mixed", "random", "grid"}),
        claims=("E1a",),
    ),
    Figure(
        *("metric", ("explained", "partial"), MAIN_STUDY),
        "Share of the variance of final accuracy (its logit, or the logarithm of the squared "
        "error) that each explanation predicts of patterns left out whole; of three more outcomes "
        "by the hidden proportion, alone and given a rival. Below −0.6: an arrow.",
        claims=("A2",),
    ),
    Figure(
        *("regret", ("regret", "apriori"), MAIN_STUDY),
        "Test accuracy of the best of N random patterns less that of the recommended one: below "
        "zero the recommended one is better.",
        claims=("A4", "A5"),
    ),
    Figure(
        *("pairs", ("pairs",), MAIN_STUDY),
        "Test accuracy in percent, by the transform of the one image that differs (columns) and of "
        "the others (rows). What can hardly be told apart is the ceiling of every accuracy.",
    ),
    Figure(
        *("zoo", ("equivalence", "slots", "places"), "zoo"),
        "What each slot of the state (a row of blocks) reads in one iteration, by slot (columns, "
        "in the same order): places where the derivative of the sum before σ is not zero.",
        claims=("B1",),
    ),
    Figure(
        *("impulse", ("impulse",), "zoo"),
        "Lifted map of a tanh RNN, a slot for each of its states, iterated past the sequence's "
        "length T. One slot's start is moved by a vector of length 1: how far does each slot move, "
        "with an identity at (h₀, h₀) and without?",
    ),
    Figure(
        *("path", ("continuum", "continuum_differences"), "continuum"),
        "Test accuracy against the share of the MLP's unknowns that are moved to any place of the "
        "rows of the state; all arms have exactly as many unknowns. K: with more iterations.",
        claims=("B2", "B3"),
    ),
    Figure(
        *("spectra", ("spectra",), "continuum"),
        "Singular values of the state's rows of W against their rank, both on log scales; a line "
        "is the mean of the seeds, its band their range.",
    ),
    Figure(
        *("gradients", ("gradients",), "trainability"),
        "Norm of the loss's gradient with respect to the state against steps back from the last "
        "step; a line is the median of the runs, its band their quartiles.",
        claims=("B4",),
    ),
    Figure(
        *("trainability", ("trainability",), "trainability"),
        "Share of runs that diverge or whose test accuracy cannot be told from guessing, against "
        "the steps of a sequence (of an MLP as a map, its layers).",
        claims=("B4",),
    ),
    Figure(
        *("may2023", ("may2023",), "may2023"),
        "Our test loss after 100 epochs beside the authors' of May 2023, mean and standard "
        "deviation over seeds; the line at log 10 is the loss of guessing.",
    ),
    Figure(
        *("returns", ("returns", "return_differences"), "control"),
        "Policies cloned from the expert and scored in the simulator, against the realised share "
        "of the hidden rows' unknowns that read the state; a point a structure, an arrow from "
        "dense to uniform.",
        claims=("A3",),
    ),
    Figure(
        *("frames", (FRAMES,), "control"),
        "One episode as the expert, the best and the worst model play it, from the same start "
        "state.",
    ),
)

TABLES = {table.name: table for table in _TABLES}
FIGURES = {figure.name: figure for figure in _FIGURES}
ANALYSIS = {name: table for name, table in TABLES.items() if table.folder == ANALYSIS_FOLDER}
ZOO = {name: table for name, table in TABLES.items() if table.command == "zoo"}
# Tables that `blockmaps analyse` makes one by one, of what is collected.
COLLECTED = {
    name: table
    for name, table in TABLES.items()
    if table.command == "analyse" and table.folder == TABLES_FOLDER
}

# The tables that no other is made before: where their columns are described.
ROWS = {
    "runs": ("results.runs", "COLUMNS"),
    "groups": ("results.runs", "GROUP_COLUMNS"),
    "dynamics": ("results.runs", "DYNAMICS_COLUMNS"),
    "episodes": ("results.returns", "RETURN_COLUMNS"),
    "claims": ("claims.writing", "COLUMNS"),
}

# What Snakemake's report shows beside tables and figures; the folder ends the command.
FURTHER = {
    "claims.csv": (
        "The papers' claims, each with the test that was fixed before any run "
        "(``config/claims.yaml``) and the verdict that it gives on these results: supported, "
        "contradicted, inconclusive, or not tested at this scale. Intervals are 95 %; p values are "
        "corrected after Holm over A1 to A5 at one data set and scale. Under ``sensitivity`` "
        "stands what else was looked at, and the verdict that it would give by itself. Columns: "
        "``docs/tables.md``. Made by ``blockmaps claims"
    ),
    "report.html": (
        "Verdicts, every figure with its finding, n and scale, the runs behind them, and what ran "
        "where: one file that opens without network. Made by ``blockmaps page"
    ),
}


def figure(name: str) -> Figure:
    """Return a figure's entry.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if name not in FIGURES:
        raise InputError(f"figure {name!r}: takes one of: {', '.join(FIGURES)}")
    return FIGURES[name]


def tables_of(runs: Mapping[str, Runs]) -> list[str]:
    """Return the tables that can be made: those that would have a row, unless all runs diverge.

    Parameters
    ----------
    runs : those that are asked for, by study; of the zoo, which has none, whatever is true.
    """
    return [
        name
        for name, one in TABLES.items()
        if one.study in runs and (one.study == "zoo" or one.needs.met(runs[one.study]))
    ]


def figures_of(there: Collection[str], arms: Collection[str]) -> list[str]:
    """Return the figures that can be drawn of what is there.

    Parameters
    ----------
    there : files within a results folder that hold something; the runs, if some are the main
        study's.
    arms : of the main study.
    """
    return [
        name
        for name, one in FIGURES.items()
        if set(one.sources) <= set(there) and (not one.one_of or one.one_of & set(arms))
    ]


def described() -> list[str]:
    """Return the tables whose columns are described."""
    return [*ROWS, *(name for name, one in TABLES.items() if one.columns != "")]


def columns_of(name: str) -> dict[str, str]:
    """Return what every column of a table holds.

    Raises
    ------
    InputError
        If there is no such table, or no description of its columns.
    """
    if name not in described():
        raise InputError(f"table {name!r}: takes one of: {', '.join(described())}")
    module, attribute = ROWS.get(name) or (TABLES[name].columns or TABLES[name].module, "COLUMNS")
    found = getattr(import_module(f"blockmaps.{module}"), attribute)
    if isinstance(found.get(name), dict):  # a module of several tables
        found = found[name]
    return {column: getattr(about, "about", about) for column, about in found.items()}


def captions(folder: str) -> dict[str, str]:
    """Return the caption of every file that a report shows, and the command that makes it.

    Parameters
    ----------
    folder : the results folder, which paths and commands name.
    """
    said = {f"{folder}/{path}": f"{text} {folder}``." for path, text in FURTHER.items()}
    for one in (*_TABLES, *_FIGURES):
        made = one.made_by.replace("FOLDER", folder)
        if isinstance(one, Figure) or one.name in COLLECTED:
            made += f" --runs {folder}/{RUNS}"
        elif one.command in ("detectable", "rates"):
            made += f" --config {folder}/config.json"
        said[f"{folder}/{one.path}"] = f"{one.caption} Made by ``{made}``."
    return said


def as_markdown() -> str:
    """Return all tables and figures as Markdown, a row each (docs/tables.md has them)."""
    lines = ["| path | what | made by |", "|---|---|---|"]
    for one in (*_TABLES, *_FIGURES):
        caption = one.caption.rstrip(".").replace("|", "\\|")
        lines.append(f"| `{one.path}` | {caption} | `{one.made_by}` |")
    return "\n".join(lines) + "\n"
