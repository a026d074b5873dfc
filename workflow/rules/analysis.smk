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


rule tables:
    input:
        expand(RESULTS / "tables/{table}.csv", table=[*pipeline.TABLES, *ZOO_TABLES]),
