rule data:
    output:
        data_file("{data}"),
    wildcard_constraints:
        data="|".join(PLAN.data_files),
    params:
        source=data_source,
        made_from=data_made_from,
    log:
        RESULTS / "logs/data/{data}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime=30,
    shell:
        "{BLOCKMAPS} data {params.source} --config {ASKED} --output {output} &> {log}"
