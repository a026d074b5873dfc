# Policies in their environments: scored a shard at a time, and what follows from it.
rule score:
    input:
        policies=FOLDER.file("policies", "{shard}"),
    output:
        FOLDER.file("shard returns", "{shard}"),
    log:
        RESULTS / "logs/score/{shard}.log",
    wildcard_constraints:
        shard="|".join(PLAN.policy_shards) or "none",
    priority: shard_priority
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        shard=lambda wildcards: PLACE.file("shard", wildcards.shard),
        episodes=scoring_episodes,
        code=step_digest("training.scoring.score"),
    shell:
        "blockmaps score {params.shard:q}"
        " --policies {input.policies:q} --episodes {params.episodes:q} --threads {threads}"
        " --output {output:q} &> {log:q}"


rule returns:
    input:
        runs=RUNS,
        data=control_data,
        shards=expand(FOLDER.file("shard returns", "{shard}"), shard=PLAN.policy_shards),
    output:
        SCORED,
    log:
        RESULTS / "logs/returns.log",
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        code=step_digest("results.returns"),
    shell:
        "blockmaps returns --config {params.config:q} --output {output:q} &> {log:q}"


# From the data files alone: what the runs can show is known before they are made.
rule detectable:
    input:
        control_data,
    output:
        report(
            RESULTS / "tables/detectable.csv",
            caption="../report/caption.rst",
            category="Tables",
            labels=table_labels("detectable"),
        ),
    log:
        RESULTS / "logs/tables/detectable.log",
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        planned=planned_scoring,
        code=step_digest("analysis.power"),
    shell:
        "blockmaps detectable --config {params.config:q} --output {output:q} &> {log:q}"


# Where no renderer works the file holds the reason, and so does its figure: no machine is without it.
rule frames:
    input:
        returns=SCORED,
        policies=expand(FOLDER.file("policies", "{shard}"), shard=PLAN.policy_shards),
    output:
        FOLDER.file("frames"),
    log:
        RESULTS / "logs/frames.log",
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        code=step_digest("training.scoring.showing", "data.environments.rendering"),
    shell:
        "blockmaps frames --config {params.config:q} --returns {input.returns:q}"
        " --output {output:q} &> {log:q}"
