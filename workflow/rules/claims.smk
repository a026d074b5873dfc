# The tests are an input by their content: a moved time stamp judges nothing again.
rule claims:
    input:
        runs=RUNS,
        groups=GROUPS,
        analysis=rules.analysis.output if PLAN.analysed else [],
        tables=expand(
            RESULTS / "tables/{table}.csv", table=sorted(set(PLAN.tables) & set(plan.JUDGED))
        ),
    output:
        table=report(
            RESULTS / "claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"table": "claims"},
        ),
        list=RESULTS / "claims.json",
    log:
        RESULTS / "logs/claims.log",
    conda:
        ENVIRONMENT
    params:
        results=RESULTS,
        claims=CLAIMS,
        tests=digest(CLAIMS.read_text()),
        datasets=digest(plain(CONFIG.datasets)),
        code=code_digest("claims.judging", "claims.writing"),
    shell:
        "python -m blockmaps claims {params.results} --file {params.claims}"
        " --output {output.table} --output {output.list} &> {log}"
