rule table:
    input:
        runs=RUNS,
    output:
        report(
            RESULTS / "tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        RESULTS / "logs/tables/{table}.log",
    wildcard_constraints:
        table="|".join(pipeline.TABLES),
    conda:
        ENVIRONMENT
    params:
        code=code_digest("summary"),
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
            labels={"table": "pairs"},
        ),
    log:
        RESULTS / "logs/tables/pairs.log",
    conda:
        ENVIRONMENT
    params:
        code=code_digest("pairs"),
    shell:
        "python -m blockmaps analyse pairs --groups {input.groups} --output {output} &> {log}"


rule tables:
    input:
        expand(RESULTS / "tables/{table}.csv", table=[*pipeline.TABLES, "pairs", *ZOO_TABLES]),
