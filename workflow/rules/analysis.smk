# A table of what is collected, as its entry in the catalogue says.
rule table:
    input:
        read_by_table,
    output:
        report(
            RESULTS / "tables/{table}.csv",
            caption="../report/caption.rst",
            category="Tables",
            labels=lambda wildcards: table_labels(wildcards.table),
        ),
    log:
        RESULTS / "logs/tables/{table}.log",
    wildcard_constraints:
        table="|".join(catalogue.COLLECTED),
    priority: rank_of
    localrule: True
    conda:
        ENVIRONMENT
    params:
        given=given_to_table,
        code=lambda wildcards: step_digest(catalogue.TABLES[wildcards.table].module),
    shell:
        "blockmaps analyse {wildcards.table:q} {params.given:q}" " --output {output:q} &> {log:q}"


# All of it in one job: reading the runs and importing statsmodels cost as much as most tables. Those
# that there are runs for: the plan knows.
rule analysis:
    input:
        runs=RUNS,
    output:
        [
            report(
                RESULTS / table.path,
                caption="../report/caption.rst",
                category="Analysis",
                labels=table_labels(name),
            )
            for name, table in catalogue.ANALYSIS.items()
            if name in PLAN.analysis
        ],
    log:
        RESULTS / "logs/analysis.log",
    priority: 1  # it takes longest of all that follows the runs, and claims wait for it
    conda:
        ENVIRONMENT
    params:
        results=PLACE.path,
        folder=PLACE.file("analysis").parent,
        tables=[f"--table={name}" for name in PLAN.analysis],
        code=step_digest("analysis.outcomes", *(t.module for t in catalogue.ANALYSIS.values())),
    shell:
        "blockmaps analyse {params.results:q} {params.tables:q}"
        " --output {params.folder:q} &> {log:q}"


rule tables:
    input:
        UNDECIDED,
        rules.analysis.output if PLAN.analysed else [],
        [RESULTS / catalogue.TABLES[name].path for name in PLAN.tables],
