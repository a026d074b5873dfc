# Verdicts, figures, runs and where they ran, in one file that opens without network.
rule page:
    input:
        runs=RUNS,
        tables=rules.tables.input,
        figures=rules.figures.input,
        judged=judged(),
    output:
        report(
            RESULTS / "report.html",
            caption="../report/caption.rst",
            category="Page",
            labels={"page": "verdicts, figures and runs"},
        ),
    log:
        RESULTS / "logs/page.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        results=PLACE.path,
        code=step_digest("report.page.build"),
        assets=assets_digest(),
    shell:
        "blockmaps page {params.results:q} --output {output:q} &> {log:q}"
