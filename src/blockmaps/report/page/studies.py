"""Which study's runs a figure or table is made of, and what reports say of them."""

from blockmaps.plan.plan import (
    ANALYSES,
    ANALYSIS_FIGURES,
    CONTROL_TABLES,
    FIGURES,
    FRAMES,
    MAIN_STUDY,
    STUDY_TABLES,
    TABLE_FIGURES,
    TABLES,
    ZOO_TABLES,
    Plan,
)

# Headings by study, in the order of the page; figures of no study that is named here come last.
HEADINGS = {
    MAIN_STUDY: "What the hidden proportion explains",
    "continuum": "From an MLP to a random map",
    "trainability": "Why deep and long maps are hard to train",
    "control": "Control: policies by pattern",
    "zoo": "Every network as one map",
    "": "Further figures",
}


def study_of_table(table: str) -> str:
    """Return the study of the runs behind a table: zoo for none, "" where that is not known."""
    if table in (*TABLES, *ANALYSES, "pairs"):
        return MAIN_STUDY
    if table in ZOO_TABLES:
        return "zoo"
    if table == "detectable":
        return "control"
    made = STUDY_TABLES | CONTROL_TABLES
    study = made[table].study if table in made else ""
    return study if study in HEADINGS else ""


def study_of_figure(figure: str) -> str:
    """Return the study of the runs behind a figure, as of a table."""
    if figure in (*FIGURES, *ANALYSIS_FIGURES):
        return MAIN_STUDY
    if figure in (FRAMES, "tasks"):
        return "control"
    return study_of_table(TABLE_FIGURES[figure][0]) if figure in TABLE_FIGURES else ""


def labels(plan: Plan, study: str) -> dict[str, str]:
    """Return what Snakemake's report says beside a file's name: n, and the data's scale."""
    runs = {
        (member.experiment, member.key): member.dataset
        for member in plan.members
        if member.study == study
    }
    shapes = {name: plan.config.datasets[name].shape for name in sorted(set(runs.values()))}
    scale = ", ".join(
        f"{name}: |x| {one.inputs:,}, |y| {one.outputs:,}" for name, one in shapes.items()
    )
    return {"runs": f"{len(runs):,}" if runs else "none", "scale": scale or "no data"}
