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
    wildcard_constraints:
        table="|".join(pipeline.TABLES),
    params:
        code=code_digest("summary"),
    log:
        RESULTS / "logs/tables/{table}.log",
    conda:
        ENVIRONMENT
    shell:
        "{BLOCKMAPS} analyse {wildcards.table} --runs {input.runs} --output {output} &> {log}"


rule tables:
    input:
        expand(RESULTS / "tables/{table}.csv", table=pipeline.TABLES),
