rule figure:
    input:
        runs=RUNS,
    output:
        svg=report(
            RESULTS / "figures/{figure}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
        png=RESULTS / "figures/{figure}.png",
    log:
        RESULTS / "logs/figures/{figure}.log",
    wildcard_constraints:
        figure="|".join(plan.FIGURES),
    conda:
        ENVIRONMENT
    params:
        code=lambda wildcards: code_digest(f"report.figures.{wildcards.figure}"),
    shell:
        "python -m blockmaps figure {wildcards.figure} --runs {input.runs}"
        " --output {output.svg} --output {output.png} &> {log}"


rule table_figure:
    input:
        figure_tables,
    output:
        svg=report(
            RESULTS / "figures/{figure}.svg",
            caption="../report/table_figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
        png=RESULTS / "figures/{figure}.png",
    log:
        RESULTS / "logs/figures/{figure}.log",
    wildcard_constraints:
        figure="|".join(plan.TABLE_FIGURES | plan.ANALYSIS_FIGURES),
    conda:
        ENVIRONMENT
    params:
        folder=figure_folder,
        code=lambda wildcards: code_digest(f"report.figures.{wildcards.figure}"),
    shell:
        "python -m blockmaps figure {wildcards.figure} --tables {params.folder}"
        " --output {output.svg} --output {output.png} &> {log}"


rule figures:
    input:
        expand(
            RESULTS / "figures/{figure}.{kind}",
            figure=PLAN.figures,
            kind=["svg", "png"],
        ),
