# A shard's name is the hash of its content, so its specification needs no file of its own: the
# command looks it up in the plan. Checkpoints and the ledger of shards lie beside the output, not
# among it: Snakemake removes outputs before a job runs again, and what they hold must survive.
rule train:
    input:
        data=lambda wildcards: data_file(PLAN.shards[wildcards.shard].dataset),
    output:
        RESULTS / "runs/{shard}.parquet",
    wildcard_constraints:
        shard="[0-9a-f]{12}",
    params:
        code=code_digest("training.shard"),
    log:
        RESULTS / "logs/train/{shard}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=min(GPUS, 1),
        mem_mb=3000,
        runtime=240,
    shell:
        "{BLOCKMAPS} train {wildcards.shard} --config {ASKED} --data {input.data}"
        " --output {output} &> {log}"


rule runs:
    input:
        shards=shard_tables,
    output:
        RUNS,
    params:
        members=digest(PLAN.members),
        code=code_digest("runs"),
    log:
        RESULTS / "logs/runs.log",
    conda:
        ENVIRONMENT
    shell:
        "{BLOCKMAPS} collect --config {ASKED} --output {output} &> {log}"
