# What the runs say of their own task, whatever it is.
rule answers:
    input:
        runs=RUNS,
        analysis=rules.analysis.output,
    output:
        RESULTS / "answers.json",
    log:
        RESULTS / "logs/answers.log",
    conda:
        ENVIRONMENT
    params:
        results=RESULTS,
        code=code_digest("analysis.answers"),
    shell:
        "python -m blockmaps answer {params.results} --output {output} &> {log}"


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


# Claims where the task is the papers', answers where there are runs of the main study.
def judged():
    """Return the files that say what the runs mean."""
    claims = rules.claims.output if PLAN.claimed else []
    return [*claims, *(rules.answers.output if PLAN.analysed else [])]
