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
