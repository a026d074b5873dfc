"""What environments need beside the package: the extra `adroit`, looked up without importing it."""

from importlib import metadata

from blockmaps.errors import InputError

# The hammer's physics changes with mujoco 3.3.0: the expert's sampled episodes are those of the
# published data set up to 3.2.7, and better after it.
MUJOCO = "3.2.7"
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
    absent = [name for name in ("gymnasium-robotics", "mujoco", *further) if not version_of(name)]
    if absent:
        return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed"
    found = version_of("mujoco")
    if found != MUJOCO:
        return f"found mujoco {found}, and the hammer's physics is another from 3.3.0 on"
    return None


def require(*further: str) -> None:
    """Check that environments can be made here.

    Parameters
    ----------
    further : packages needed beside the environments'.

    Raises
    ------
    InputError
        If a package is absent, or mujoco is another version than `MUJOCO`.
    """
    if fault := missing(*further):
        raise InputError(
            f"environments need gymnasium-robotics and mujoco {MUJOCO}: {fault}; {INSTALL}"
        )
