# What is kept in git is checked and drawn again, whichever preset is asked for; nothing is trained.
# A folder's content, not its time stamps, says whether that is to be done again.
rule published_sums:
    output:
        REDRAWN / "{folder}/checked.json",
    log:
        REDRAWN / "{folder}/logs/check.log",
    wildcard_constraints:
        folder="|".join(FOLDERS) or "none",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        folder=lambda wildcards: PUBLISHED / wildcards.folder,
        content=published_content,
        code=step_digest("results.manifest"),
    shell:
        "blockmaps check {params.folder:q} --output {output:q} &> {log:q}"


rule published_figures:
    input:
        REDRAWN / "{folder}/checked.json",
    output:
        directory(REDRAWN / "{folder}/figures"),
    log:
        REDRAWN / "{folder}/logs/figures.log",
    wildcard_constraints:
        folder="|".join(FOLDERS) or "none",
    conda:
        ENVIRONMENT
    params:
        folder=lambda wildcards: PUBLISHED / wildcards.folder,
        content=published_content,
        code=step_digest("report.redraw", *(one.module for one in catalogue.FIGURES.values())),
    shell:
        "blockmaps draw {params.folder:q} {output:q} &> {log:q}"


rule published_page:
    input:
        REDRAWN / "{folder}/checked.json",
        REDRAWN / "{folder}/figures",
    output:
        REDRAWN / "{folder}/report.html",
    log:
        REDRAWN / "{folder}/logs/page.log",
    wildcard_constraints:
        folder="|".join(FOLDERS) or "none",
    conda:
        ENVIRONMENT
    params:
        folders=lambda wildcards: [placed(REDRAWN / wildcards.folder), PUBLISHED / wildcards.folder],
        content=published_content,
        code=step_digest("report.page.build"),
        assets=assets_digest(),
    shell:
        "blockmaps page {params.folders:q} --output {output:q} &> {log:q}"


rule published:
    input:
        expand(REDRAWN / "{folder}/report.html", folder=FOLDERS),
