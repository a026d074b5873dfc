# Torch's networks against the maps made of them. Nothing is trained and no data are read, so all
# of it is one job: importing torch costs more than most models.
rule zoo:
    output:
        [
            report(
                RESULTS / table.path,
                caption="../report/caption.rst",
                category="Tables",
                labels=table_labels(name),
            )
            for name, table in catalogue.ZOO.items()
        ],
    log:
        RESULTS / "logs/zoo.log",
    conda:
        ENVIRONMENT
    params:
        folder=PLACE.path / "tables",
        seed=CONFIG.seed,
        code=step_digest("maps.zoo.tables"),
    shell:
        "blockmaps zoo --seed {params.seed:q} --tables {params.folder:q} &> {log:q}"
