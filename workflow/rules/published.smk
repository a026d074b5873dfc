# What is kept in git is checked and drawn again, whichever preset is asked for; nothing is trained.
# A folder's content, not its time stamps, says whether that is to be done again.
wildcard_constraints:
    folder="|".join(FOLDERS),


rule published_sums:
    output:
        REDRAWN / "{folder}/checked.json",
    log:
        REDRAWN / "{folder}/logs/check.log",
    conda:
        ENVIRONMENT
    params:
        folder=lambda wildcards: PUBLISHED / wildcards.folder,
        content=published_content,
        code=step_digest("results.manifest"),
    shell:
        "python -m blockmaps check {params.folder:q} --output {output:q} &> {log:q}"


rule published_figures:
    input:
        REDRAWN / "{folder}/checked.json",
    output:
        directory(REDRAWN / "{folder}/figures"),
    log:
        REDRAWN / "{folder}/logs/figures.log",
    conda:
        ENVIRONMENT
    params:
        folder=lambda wildcards: PUBLISHED / wildcards.folder,
        content=published_content,
        code=step_digest("report.redraw", *(one.module for one in catalogue.FIGURES.values())),
    shell:
        "python -m blockmaps draw {params.folder:q} {output:q} &> {log:q}"


rule published_page:
    input:
        REDRAWN / "{folder}/checked.json",
        REDRAWN / "{folder}/figures",
    output:
        REDRAWN / "{folder}/report.html",
    log:
        REDRAWN / "{folder}/logs/page.log",
    conda:
        ENVIRONMENT
    params:
        folders=lambda wildcards: [REDRAWN / wildcards.folder, PUBLISHED / wildcards.folder],
        content=published_content,
        code=step_digest("report.page.build"),
        assets=assets_digest(),
    shell:
        "python -m blockmaps page {params.folders:q} --output {output:q} &> {log:q}"


rule published:
    input:
        expand(REDRAWN / "{folder}/report.html", folder=FOLDERS),
