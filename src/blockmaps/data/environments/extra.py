"""What environments need beside the package: the extra `adroit`, looked up without importing it."""

from importlib import metadata

from blockmaps.core.errors import InputError

# The hammer's physics changes with mujoco 3.3.0: the expert's sampled episodes are those of the
# published data set up to 3.2.7, and better after it.
MUJOCO = "3.2.7"
# Versions that decide what an environment does: another has other models, rewards or physics.
VERSIONS = {"gymnasium-robotics": "1.4.2", "mujoco": MUJOCO}
INSTALL = "pip install -c constraints.txt -e '.[adroit]'"


def version_of(package: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def missing(*further: str) -> str | None:
    """Say what is missing of the extra, None if nothing is.

    Parameters
    ----------
    further : packages needed beside the environments'.
    """
    absent = [name for name in (*VERSIONS, *further) if not version_of(name)]
    if absent:
        return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed"
    for name, version in VERSIONS.items():
        if (found := version_of(name)) != version:
            return f"found {name} {found}"
    return None


def require(*further: str) -> None:
    """Check that environments can be made here.

    Parameters
    ----------
    further : packages needed beside the environments'.

    Raises
    ------
    InputError
        If a package is absent, or one of `VERSIONS` is another version.
    """
    if fault := missing(*further):
        needed = " and ".join(" ".join(one) for one in VERSIONS.items())
        raise InputError(f"environments need {needed}: {fault}; {INSTALL}")
