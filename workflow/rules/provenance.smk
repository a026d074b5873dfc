# The results folder as a Workflow Run RO-Crate, when all else is made. Claims and page belong to it:
# whatever the workflow makes into the folder is an input, so that none is described as it was.
rule crate:
    input:
        runs=rules.gather.output,
        tables=rules.tables.input,
        figures=rules.figures.input,
        judged=judged(),
        page=rules.page.output,
    output:
        metadata=RESULTS / "ro-crate-metadata.json",
        workflow=directory(RESULTS / "workflow"),
    log:
        RESULTS / "logs/crate.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        folder=PLACE.path,
        workflow=lambda wildcards: WORKFLOW,  # its path may hold braces
        # its files are copied; their content counts, and not their timestamps
        rules=digest([path.read_text(encoding="utf-8") for path in visible(WORKFLOW, "**/*.smk")]),
        code=step_digest("report.crate"),
    shell:
        "blockmaps crate {params.folder:q} --workflow {params.workflow:q} &> {log:q}"
