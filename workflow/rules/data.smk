rule data:
    output:
        data_file("{data}"),
    log:
        RESULTS / "logs/data/{data}.log",
    wildcard_constraints:
        data="|".join(PLAN.data_files),
    cache: CACHED
    priority: data_priority
    conda:
        ENVIRONMENT
    threads: data_threads
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        config=str(ASKED),  # as text, which Snakemake's cache takes (--cache)
        source=data_source,
        made_from=data_made_from,
    shell:
        "blockmaps data {params.source:q} --config {params.config:q} --output {output:q}"
        " --threads {threads} &> {log:q}"
