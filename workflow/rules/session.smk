"""Before the first job of a session and after its last: what is written down, and what is said."""

# Held as long as this process works on the results folder, and the system's, so that a process that
# is killed holds none. Snakemake's own lock is of the folder in which it was started: two of them
# may write to one place, through a link or a prefix.
HELD = FileLock(PLACE.file("log", "workflow.lock").absolute())


def hold():
    """Take the results folder for this workflow alone; return whether no other has it."""
    with told(Path(HELD.lock_file)):
        Path(HELD.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            HELD.acquire(timeout=0)
        except Timeout:
            return False
    return True


def prepare():
    """Write what the jobs read, and remove what killed ones of an earlier run have left."""
    gc.enable()
    try:
        if not hold():
            raise InputError(OTHER)
        for folder in (PLACE.path, placed(REDRAWN)):
            sweep(folder)
        PLACE.write_asked(PLAN)
        PLACE.write_batches(BATCHES)
    except InputError as fault:
        print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
        sys.exit(2)
    for note in PLAN.notes:
        logger.info(f"Note: {note}")


OTHER = f"{PLACE.path}: another workflow works on it; wait until that has ended"


@atexit.register
def say_locked():
    """Say what Snakemake's lock means where it was in the way: it does not know of killed ones."""
    asked, known = workflow.execution_settings, workflow.persistence
    if not asked or not asked.lock or workflow.dryrun or workflow.scheduler or not known:
        return
    if workflow.is_main_process and known.locked:
        unlock = " ".join(["snakemake --cores 1 --unlock", *GIVEN])
        killed = (
            f"{PLACE.path}: one that was killed left Snakemake's lock, and none works on it now"
        )
        said = f"{killed}: `{unlock}`, then the same command goes on" if hold() else OTHER
        print("blockmaps:", said, file=sys.stderr)


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
