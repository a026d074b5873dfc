rule table:
    input:
        runs=RUNS,
    output:
        report(
            RESULTS / "tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels=lambda wildcards: table_labels(wildcards.table),
        ),
    log:
        RESULTS / "logs/tables/{table}.log",
    wildcard_constraints:
        table="|".join(plan.TABLES),
    conda:
        ENVIRONMENT
    params:
        code=code_digest("analysis.summary"),
    shell:
        "python -m blockmaps analyse {wildcards.table} --runs {input.runs} --output {output} &> {log}"


rule pairs:
    input:
        groups=GROUPS,
    output:
        report(
            RESULTS / "tables/pairs.csv",
            caption="../report/pairs.rst",
            category="Tables",
            labels=table_labels("pairs"),
        ),
    log:
        RESULTS / "logs/tables/pairs.log",
    conda:
        ENVIRONMENT
    params:
        code=code_digest("analysis.pairs"),
    shell:
        "python -m blockmaps analyse pairs --groups {input.groups} --output {output} &> {log}"


# Tables of the studies beside the hidden proportion's: the continuum and the trainability of maps.
rule study_table:
    input:
        runs=RUNS,
        dynamics=DYNAMICS,
    output:
        report(
            RESULTS / "tables/{table}.csv",
            caption="../report/study_table.rst",
            category="Tables",
            labels=lambda wildcards: table_labels(wildcards.table),
        ),
    log:
        RESULTS / "logs/tables/{table}.log",
    wildcard_constraints:
        table="|".join(plan.STUDY_TABLES),
    conda:
        ENVIRONMENT
    params:
        code=lambda wildcards: code_digest(plan.STUDY_TABLES[wildcards.table].module),
    shell:
        "python -m blockmaps analyse {wildcards.table} --runs {input.runs}"
        " --dynamics {input.dynamics} --output {output} &> {log}"


# All of it in one job: reading the runs and importing statsmodels cost as much as most tables.
rule analysis:
    input:
        runs=RUNS,
    output:
        [
            report(
                ANALYSIS / f"{table}.csv",
                caption="../report/analysis.rst",
                category="Analysis",
                labels=table_labels(table),
            )
            for table in plan.ANALYSES
        ],
    log:
        RESULTS / "logs/analysis.log",
    conda:
        ENVIRONMENT
    params:
        results=RESULTS,
        folder=ANALYSIS,
        code=code_digest("analysis.tables"),
    shell:
        "python -m blockmaps analyse {params.results} --output {params.folder} &> {log}"


rule tables:
    input:
        rules.analysis.output if PLAN.analysed else [],
        expand(RESULTS / "tables/{table}.csv", table=PLAN.tables),
