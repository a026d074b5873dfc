# The workflow is in workflow/Snakefile. An include alone names no default target, so `snakemake`
# would end well having done nothing: the default target is named here.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
