# Policies in their environments: scored a shard at a time, and what follows from it.
SCORED = RESULTS / "returns.parquet"


def control_data(wildcards):
    """Return the data files that hold an expert's episodes."""
    return sorted({data_file(PLAN.shards[shard].dataset) for shard in PLAN.policy_shards})


def scoring_episodes(wildcards):
    """Return the number of episodes that a shard's policies are scored in."""
    return CONFIG.experiments[PLAN.shards[wildcards.shard].experiment].episodes


def planned_scoring(wildcards):
    """Return the seeds and episodes of the experiments that are scored."""
    names = sorted({PLAN.shards[shard].experiment for shard in PLAN.policy_shards})
    asked = [CONFIG.experiments[name] for name in names]
    return [[one.dataset, one.seeds, one.episodes] for one in asked]


rule score:
    input:
        policies=RESULTS / "policies/{shard}.safetensors",
    output:
        RESULTS / "returns/{shard}.parquet",
    log:
        RESULTS / "logs/score/{shard}.log",
    wildcard_constraints:
        shard="|".join(PLAN.policy_shards) or "none",
    conda:
        ENVIRONMENT
    threads: 4
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        config=ASKED,
        episodes=scoring_episodes,
        code=code_digest("scoring.shard"),
    shell:
        "python -m blockmaps score {wildcards.shard} --config {params.config}"
        " --policies {input.policies} --episodes {params.episodes} --threads {threads}"
        " --output {output} &> {log}"


rule returns:
    input:
        runs=RUNS,
        data=control_data,
        shards=expand(RESULTS / "returns/{shard}.parquet", shard=PLAN.policy_shards),
    output:
        SCORED,
    log:
        RESULTS / "logs/returns.log",
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        code=code_digest("returns"),
    shell:
        "python -m blockmaps returns --config {params.config} --output {output} &> {log}"


rule returns_table:
    input:
        returns=SCORED,
    output:
        report(
            RESULTS / "tables/{table}.csv",
            caption="../report/control.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        RESULTS / "logs/tables/{table}.log",
    wildcard_constraints:
        table="|".join(pipeline.CONTROL_TABLES),
    conda:
        ENVIRONMENT
    params:
        code=lambda wildcards: code_digest(pipeline.CONTROL_TABLES[wildcards.table].module),
    shell:
        "python -m blockmaps analyse {wildcards.table} --returns {input.returns}"
        " --output {output} &> {log}"


# From the data files alone: what the runs can show is known before they are made.
rule detectable:
    input:
        control_data,
    output:
        report(
            RESULTS / "tables/detectable.csv",
            caption="../report/control.rst",
            category="Tables",
            labels={"table": "detectable"},
        ),
    log:
        RESULTS / "logs/tables/detectable.log",
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        planned=planned_scoring,
        code=code_digest("power"),
    shell:
        "python -m blockmaps detectable --config {params.config} --output {output} &> {log}"
