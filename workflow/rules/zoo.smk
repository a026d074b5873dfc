# Torch's networks against the maps made of them. Nothing is trained and no data are read, so all
# of it is one job: importing torch costs more than most models.
rule zoo:
    output:
        equivalence=report(
            RESULTS / "tables/equivalence.csv",
            caption="../report/equivalence.rst",
            category="Tables",
            labels={"table": "equivalence"},
        ),
        others=expand(RESULTS / "tables/{table}.csv", table=pipeline.ZOO_TABLES[1:]),
    log:
        RESULTS / "logs/zoo.log",
    conda:
        ENVIRONMENT
    params:
        folder=RESULTS / "tables",
        seed=CONFIG.seed,
        code=code_digest("zoo.tables"),
    shell:
        "python -m blockmaps zoo --seed {params.seed} --tables {params.folder} &> {log}"


rule zoo_figure:
    input:
        lambda wildcards: expand(
            RESULTS / "tables/{table}.csv", table=pipeline.ZOO_FIGURES[wildcards.figure]
        ),
    output:
        svg=report(
            RESULTS / "figures/{figure}.svg",
            caption="../report/zoo_figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        png=RESULTS / "figures/{figure}.png",
    log:
        RESULTS / "logs/figures/{figure}.log",
    wildcard_constraints:
        figure="|".join(pipeline.ZOO_FIGURES),
    conda:
        ENVIRONMENT
    params:
        folder=RESULTS / "tables",
        code=lambda wildcards: code_digest(f"figures.{wildcards.figure}"),
    shell:
        "python -m blockmaps figure {wildcards.figure} --tables {params.folder}"
        " --output {output.svg} --output {output.png} &> {log}"
