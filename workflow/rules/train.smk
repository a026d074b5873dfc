# A job reads its shard's file and plans nothing. The file's name is the hash of its content, and
# among the parameters. Files of shards and checkpoints lie beside the output, not among it:
# Snakemake removes outputs before a job runs again, and what they hold must survive.
rule train:
    input:
        data=lambda wildcards: data_file(shard_of(wildcards).dataset),
    output:
        runs=FOLDER.file("shard runs", "{shard}"),
        groups=FOLDER.file("shard groups", "{shard}"),
        dynamics=FOLDER.file("shard dynamics", "{shard}"),
        manifest=FOLDER.file("shard manifest", "{shard}"),
    log:
        RESULTS / "logs/train/{shard}.log",
    wildcard_constraints:
        shard="[0-9a-f]{12}",
    priority: shard_priority
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        gpu=min(GPUS, 1),
        # what a job that was cut off may take when it is run again (--retries)
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        shard=lambda wildcards: PLACE.file("shard", wildcards.shard),
        code=step_digest("training.shard"),
        measured=dynamics_code,
    shell:
        "blockmaps train {params.shard:q} --data {input.data:q}"
        " --memory {resources.mem_mb}"
        " --output {output.runs:q} --groups {output.groups:q} --dynamics {output.dynamics:q}"
        " --manifest {output.manifest:q} &> {log:q}"


# The same for shards whose weights are kept: to be scored where their data set has an environment,
# and where an experiment asks for them.
use rule train as train_policies with:
    output:
        runs=FOLDER.file("shard runs", "{shard}"),
        groups=FOLDER.file("shard groups", "{shard}"),
        dynamics=FOLDER.file("shard dynamics", "{shard}"),
        manifest=FOLDER.file("shard manifest", "{shard}"),
        policies=FOLDER.file("policies", "{shard}"),
    wildcard_constraints:
        shard="|".join(PLAN.kept_shards) or "none",
    params:
        shard=lambda wildcards: PLACE.file("shard", wildcards.shard),
        code=step_digest("training.shard", "maps.weights"),
        measured=dynamics_code,


ruleorder: train_policies > train


# A checkpoint: what is compared is known when it is done.
checkpoint rates:
    input:
        shard_tables(PLAN.tuning),
    output:
        report(
            RATES,
            caption="../report/caption.rst",
            category="Tables",
            labels=table_labels("rates"),
        ),
    log:
        RESULTS / "logs/rates.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        tuned=digest(PLAN.tuned),
        code=step_digest("analysis.rates"),
    shell:
        "blockmaps rates --config {params.config:q} --output {output:q} &> {log:q}"


rule runs:
    input:
        # those that wait for no rate are trained meanwhile
        shards=shard_tables(PLAN.shards),
        decided=lambda wildcards: shard_tables(compared().shards.keys() - PLAN.shards.keys()),
        data=compared_data,
    output:
        runs=RUNS,
        groups=GROUPS,
        dynamics=DYNAMICS,
        manifests=MANIFESTS,
    log:
        RESULTS / "logs/runs.log",
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        members=lambda wildcards: digest(compared().members),
        code=step_digest("results.gathering", "results.measures"),
    shell:
        "blockmaps collect --config {params.config:q} --output {output.runs:q}"
        " --groups {output.groups:q} --dynamics {output.dynamics:q}"
        " --manifests {output.manifests:q} &> {log:q}"
