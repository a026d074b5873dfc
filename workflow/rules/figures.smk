# A figure of what its entry in the catalogue reads; its words lie beside it.
rule figure:
    input:
        lambda wildcards: [RESULTS / name for name in catalogue.FIGURES[wildcards.figure].sources],
    output:
        svg=report(
            RESULTS / "figures/{figure}.svg",
            caption="../report/caption.rst",
            category="Figures",
            labels=figure_labels,
        ),
        words=RESULTS / "figures/{figure}.words.json",
        png=RESULTS / "figures/{figure}.png",
    log:
        RESULTS / "logs/figures/{figure}.log",
    wildcard_constraints:
        figure="|".join(catalogue.FIGURES),
    priority: rank_of
    localrule: True
    conda:
        ENVIRONMENT
    params:
        runs=PLACE.file("runs"),
        caption=lambda wildcards: digest(catalogue.FIGURES[wildcards.figure].caption),
        code=lambda wildcards: step_digest(catalogue.FIGURES[wildcards.figure].module),
    shell:
        "blockmaps figure {wildcards.figure:q} --runs {params.runs:q}"
        " --output {output.svg:q} --output {output.png:q} &> {log:q}"


rule figures:
    input:
        UNDECIDED,
        expand(
            RESULTS / "figures/{figure}.{kind}",
            figure=PLAN.figures,
            kind=["svg", "words.json", "png"],
        ),
