"""Training jobs: which shards each takes, what it writes, and how many run at once."""

# A training job takes a GPU for itself, or with as many others as are asked for; as many run at once
# as the devices have such places.
GPUS = count_gpus(CONFIG.compute.accelerator) * CONFIG.compute.jobs_per_gpu
if GPUS and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", GPUS)


# What training a shard writes; and where its weights are kept.
WRITES = ("shard runs", "shard groups", "shard dynamics", "shard manifest")
KEEPS = (*WRITES, "policies")
TRAINS = {
    WRITES: step_digest("training.shard"),
    KEEPS: step_digest("training.shard", "maps.weights"),
}


KEPT = set(PLAN.kept_shards)
# By name: a shard's own `id` is reckoned anew whenever it is asked for.
KNOWN = PLAN.tuning | PLAN.shards


def written_by(name):
    """Return what training a shard writes."""
    return KEEPS if name in KEPT else WRITES


@cache
def data_code(experiment):
    """Return the digest of the code that makes an experiment's data."""
    return plan.data_code(CONFIG.datasets[CONFIG.experiments[experiment].dataset])


def is_done(name):
    """Return whether all that a shard's training writes is there, by the code that there is now."""
    if not all(PLACE.has(part, name) for part in written_by(name)):
        return False
    try:
        job = PLACE.mapping("shard manifest", name)
    except InputError:
        return False
    known = job.get("code"), job.get("data_code"), precision_of(job)
    return known == (
        TRAINS[WRITES],
        data_code(KNOWN[name].experiment),
        CONFIG.compute.precision,
    )


def batched(names):
    """Return what is missing or out of date of shards, in batches of more than one."""
    asked = workflow.resource_settings
    found = batches.batches(
        CONFIG,
        {name: KNOWN[name] for name in names if not is_done(name)},
        lambda name: (
            KNOWN[name].dataset,
            KNOWN[name].dynamics,
            written_by(name),
            priority_of([KNOWN[name]]),
        ),
        GPUS or asked.nodes or asked.cores,
    )
    return [batch for batch in found if len(batch) > 1]


def first_batches():
    """Return the batches of the shards that are known now, by their names.

    Jobs on other machines plan by themselves, when some of it has been trained: they take the
    batches that Snakemake itself has written down.
    """
    if workflow.is_main_process:
        return batched(KNOWN)
    found = PLACE.json("batches") if PLACE.has("batches") else []
    # one of shards that wait for rates is another job's, where the rates are not seen yet
    return [batch for batch in found if KNOWN.keys() >= set(batch)]


def train_late(names):
    """Make rules for batches of shards that are known only when others have been trained.

    Snakemake looks for rules among those that it has read, and is told of these. A module's are
    not named as it wants them by now, and are trained one by one.
    """
    if IMPORTED or not workflow.is_main_process:
        return
    late = batched(names)
    if not late:
        return
    make_training([training_batch(batch) for batch in late])
    for batch in late:
        workflow.dag.specialize_rule(None, workflow.get_rule(seen.rule_of_batch(batch)))
    BATCHES.extend(late)
    if not workflow.dryrun:
        PLACE.write_batches(BATCHES)


class Training(NamedTuple):
    """What makes one of training's rules, which is for any shard, or for a batch."""

    name: str
    data: Any
    outputs: dict[str, Path]
    log: Path
    shard: str
    priority: Any
    code: str
    measured: Any


def training_alone(name, writes, which):
    """Return what the rule for a shard by itself is made of."""
    return Training(
        name,
        lambda wildcards: data_file(shard_of(wildcards).dataset),
        {part.rpartition(" ")[2]: FOLDER.file(part, "{shard}") for part in writes},
        RESULTS / "logs/train/{shard}.log",
        which,
        shard_priority,
        TRAINS[writes],
        dynamics_code,
    )


def training_batch(names):
    """Return what the rule of a batch is made of."""
    shards = [KNOWN[name] for name in names]
    writes = written_by(names[0])
    return Training(
        seen.rule_of_batch(names),
        data_file(shards[0].dataset),
        {
            f"{part.rpartition(' ')[2]}_{name}": FOLDER.file(part, name)
            for name in names
            for part in writes
        },
        RESULTS / f"logs/train/{names[0]}.log",
        "",
        urgency_of(shards),
        TRAINS[writes],
        measured(shards[0]),
    )


def shards_of_outputs(wildcards, output):
    """Return the files of the shards whose tables a job writes."""
    names = dict.fromkeys(Path(path).name.partition(".")[0] for path in output)
    return [str(PLACE.file("shard", name)) for name in names]


def ask_as_train(batch):
    """Have a batch's rule ask for what a profile has set for the rule that trains one shard."""
    named = workflow.modifier.modify_rulename
    alone = named("train_policies" if batch.code == TRAINS[KEEPS] else "train")
    if workflow.is_rule(named(batch.name)):  # of a module it need not be one
        asked = workflow.resource_settings._parsed_overwrite_resources.get(alone, {})
        workflow.get_rule(named(batch.name)).resources.update(asked)


BATCHES = first_batches()
TRAINING = [
    training_alone("train", WRITES, "[0-9a-f]{12}"),
    training_alone("train_policies", KEEPS, "|".join(PLAN.kept_shards) or "none"),
    *map(training_batch, BATCHES),
]
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
