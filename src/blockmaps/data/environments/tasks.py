"""Tasks of control by name: the environment, its sizes, and the expert that plays it.

Nothing here imports an environment's package: planning reads sizes from it.
"""

from typing import NamedTuple

from blockmaps.core.errors import InputError


class PolicyFile(NamedTuple):
    """A file that holds an expert's policy, and the sha256 of its content (see `expert`)."""

    name: str
    sha256: str


class Task(NamedTuple):
    """A task of control.

    Attributes
    ----------
    name : what configs and tables call it.
    environment : its name in Gymnasium's registry.
    inputs : |x|, numbers of an observation.
    outputs : |y|, numbers of an action.
    steps : of an episode.
    megabytes : of memory that an environment takes.
    options : of the environment, beside its name.
    policy : the expert's, where there is one.
    """

    name: str
    environment: str
    inputs: int
    outputs: int
    steps: int
    megabytes: int
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    policy: PolicyFile | None = None


TASKS = {
    task.name: task
    for task in (
        Task(
            "hammer",
            "AdroitHandHammer-v1",
            inputs=46,
            outputs=26,
            steps=200,
            megabytes=10,
            policy=PolicyFile(
                "dapg_hammer_v0_policy.npz",
                "b4e728d0ea9feec3048bdc16c090f35e75b596e9b1bad64bf8f9c1987dee3ee4",
            ),
        ),
        Task(
            "door",
            "AdroitHandDoor-v1",
            inputs=39,
            outputs=28,
            steps=200,
            megabytes=10,
            policy=PolicyFile(
                "dapg_door_v0_policy.npz",
                "9a3b4f1e08bfe47493c5db101c16cb5b34052091fdce6a1eaba5696cbcb93137",
            ),
        ),
        # what D4RL/kitchen/complete-v2 has people do: 59 numbers of the robot and the kitchen, 11
        # that these four have achieved and 11 that they shall
        Task(
            "kitchen",
            "FrankaKitchen-v1",
            inputs=81,
            outputs=9,
            steps=280,
            megabytes=72,
            options=(
                ("tasks_to_complete", ("microwave", "kettle", "light switch", "slide cabinet")),
            ),
        ),
    )
}


def task_of(name: str) -> Task:
    """Return a task by its name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in TASKS:
        raise InputError(f"task {name!r}: takes one of: {', '.join(TASKS)}")
    return TASKS[name]
