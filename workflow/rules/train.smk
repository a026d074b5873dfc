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
