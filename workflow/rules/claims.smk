# What the runs say of their own task, whatever it is.
rule answers:
    input:
        runs=RUNS,
        analysis=rules.analysis.output,
    output:
        RESULTS / "answers.json",
    log:
        RESULTS / "logs/answers.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        results=PLACE.path,
        code=step_digest("analysis.answers"),
    shell:
        "blockmaps answer {params.results:q} --output {output:q} &> {log:q}"


# The tests are an input by their content: a moved time stamp judges nothing again.
rule claims:
    input:
        runs=RUNS,
        groups=GROUPS,
        analysis=rules.analysis.output if PLAN.analysed else [],
        tables=[
            RESULTS / catalogue.TABLES[name].path
            for name in PLAN.tables
            if catalogue.TABLES[name].judged
        ],
    output:
        table=report(
            RESULTS / "claims.csv",
            caption="../report/caption.rst",
            category="Claims",
            labels={"table": "claims"},
        ),
        list=RESULTS / "claims.json",
    log:
        RESULTS / "logs/claims.log",
    priority: 1  # the page waits for them
    localrule: True
    conda:
        ENVIRONMENT
    params:
        results=PLACE.path,
        claims=lambda wildcards: CLAIMS,  # its path may hold braces
        tests=digest(written.load(CLAIMS.read_text(encoding="utf-8"), str(CLAIMS))),
        datasets=digest(plain(CONFIG.datasets)),
        code=step_digest("claims.judging", "claims.writing"),
    shell:
        "blockmaps claims {params.results:q} --file {params.claims:q}"
        " --output {output.table:q} --output {output.list:q} &> {log:q}"
