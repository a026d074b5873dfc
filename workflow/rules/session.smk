"""Before the first job of a session and after its last: what is written down, and what is said."""

# The locks of what this process writes, held as long as it works. Snakemake's own, which profiles/default
# switches off, stays after a kill, and is of the folder in which it was started: two of them may write to
# one place, through a link or a prefix.
HELD = []


def hold():
    """Take for this workflow alone what it writes to: the results folder, and what is kept, if drawn again."""
    redrawn = placed(REDRAWN)  # one place for all presets
    written = [Path(file) for job in workflow.dag.needrun_jobs() for file in job.output]
    drawn = any(redrawn in file.parents for file in written)
    for place in [PLACE.path, *[redrawn] * drawn][len(HELD) :]:
        path = Folder(place).file("log", "workflow.lock")
        HELD.append(lock(path))
        if not HELD[-1]:
            raise InputError(f"{place}: another workflow works on it; wait until that has ended")
        if not HELD[-1].is_locked:
            logger.warning(
                f"{path}: no locks on this disk; no other workflow is to work on {place}"
            )


def prepare():
    """Write what the jobs read, and remove what killed ones of an earlier run have left."""
    gc.enable()
    try:
        hold()
        for folder in (PLACE.path, placed(REDRAWN)):
            sweep(folder)
        PLACE.write_asked(PLAN)
        PLACE.write_batches(BATCHES)
    except InputError as fault:
        print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
        sys.exit(2)
    for note in PLAN.notes:
        logger.info(f"Note: {note}")


def prepared(own):
    """Return a workflow's own `onstart` with what is to be prepared before it."""

    def both(log):
        prepare()
        own(log)

    return both


# An importing workflow runs no module's `onstart` but its own, which it may name before or after.
if IMPORTED:
    workflow._onstart = prepared(workflow._onstart)
    _register = workflow.onstart
    workflow.onstart = lambda own: _register(prepared(own))


def say_page():
    """Print where the page is, if there is one."""
    if PLACE.has("page"):
        print(f"The page: {PLACE.file('page')}", file=sys.stderr)


@atexit.register
def say_page_of_before():
    """Say it, too, where nothing is to be done: Snakemake then calls no handler."""
    if workflow.is_main_process and workflow.scheduler is not None and not len(workflow.dag):
        say_page()


def say_errors(logs):
    """Print the last line of the log of every job that failed, as Snakemake's own logs name them."""
    text = "\n".join(Path(path).read_text(encoding="utf-8") for path in logs)
    named = re.findall(r"^ +log: (.+?) \(check log file", text, flags=re.MULTILINE)
    # on a cluster a job has the scheduler's log beside its own
    for path in map(Path, dict.fromkeys(one for several in named for one in several.split(", "))):
        lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
        last = next((line for line in reversed(lines) if line.strip()), "it left no log")
        print(f"Failed: {path}: {last}", file=sys.stderr)
