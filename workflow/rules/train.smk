# A job reads its shards' files and plans nothing. A file's name is the hash of its content, and that
# of the shard's outputs. Files of shards and checkpoints lie beside the outputs, not among them:
# Snakemake removes outputs before a job runs again, and when it fails, and what they hold must
# survive. A shard has a job to itself, or one together with others of its batch: then a rule of its
# own, since all that it writes is declared, and Snakemake prefers rules without wildcards. Command
# and parameters are the same either way, so that a shard that was trained in a batch is not trained
# again alone; which shards a job has follows from its outputs, which Snakemake does not compare.
# fmt: off
def make_training(several, here=workflow.included_stack[-1]):
    """Make a rule of each, also when this file has been read."""
    workflow.included_stack.append(here)
    for one in several:

        rule:
            name:
                one.name
            input:
                data=one.data,
            output:
                **one.outputs,
            log:
                one.log,
            wildcard_constraints:
                shard=one.shard,
            cache: CACHED
            priority: one.priority
            conda:
                ENVIRONMENT
            threads: 1
            resources:
                gpu=min(GPUS, 1),
                # what a job that was cut off may take when it is run again (--retries)
                mem_mb=lambda wildcards, attempt: 3000 * attempt,
                runtime=lambda wildcards, attempt: 240 * attempt,
            params:
                shards=shards_of_outputs,
                code=one.code,
                measured=one.measured,
                precision=CONFIG.compute.precision,
            shell:
                "blockmaps train {params.shards:q} --data {input.data:q}"
                " --memory {resources.mem_mb} &> {log:q}"

        ask_as_train(one)
    workflow.included_stack.pop()
# fmt: on
make_training(TRAINING)


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


rule gather:
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
    resources:
        mem_mb=lambda wildcards, attempt: gathered_mb(PLAN.members, attempt),
    params:
        config=ASKED,
        members=lambda wildcards: digest(compared().members),
        code=step_digest("results.gathering", "results.measures"),
    shell:
        "blockmaps collect --config {params.config:q} --output {output.runs:q}"
        " --groups {output.groups:q} --dynamics {output.dynamics:q}"
        " --manifests {output.manifests:q} &> {log:q}"


rule runs:
    input:
        rules.gather.output,
        UNDECIDED,


# The same of one study, for the tables that are made of it alone.
rule study:
    input:
        shards=study_shards,
        data=study_data,
    output:
        runs=FOLDER.file("study runs", "{study}"),
        groups=FOLDER.file("study groups", "{study}"),
        dynamics=FOLDER.file("study dynamics", "{study}"),
    log:
        RESULTS / "logs/studies/{study}.log",
    wildcard_constraints:
        study="|".join(STUDIES) or "none",
    priority: lambda wildcards: RANKS[wildcards.study]
    conda:
        ENVIRONMENT
    params:
        config=ASKED,
        members=lambda wildcards: digest([m for m in PLAN.members if m.study == wildcards.study]),
        code=step_digest("results.gathering", "results.measures"),
    shell:
        "blockmaps collect --config {params.config:q} --study {wildcards.study:q}"
        " --output {output.runs:q} --groups {output.groups:q} --dynamics {output.dynamics:q}"
        " &> {log:q}"
