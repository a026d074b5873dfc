"""Whether the runs that two tables share are the same: to the last bit, to rounding, or not."""

import numpy as np
import pandas as pd

# Of the largest loss: what float32 may lose over a training whose sums are taken in another order.
ROUNDING = 1e-5
POINT = 0.01  # of accuracy: rounding may turn an answer that is a tie
RUN = ["experiment", "key"]
KINDS = ("identical", "rounding", "different")


def curves(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Compare the learning curves of the runs that both tables have.

    Parameters
    ----------
    first, second : runs tables, columns experiment, key, split, epoch, loss, accuracy.

    Returns
    -------
    A row a run, by experiment and key:

    - `deviation`: the largest |difference| of losses, over all splits and the epochs that both
      have, in units of the largest loss; infinite where one loss is finite and the other not
    - `kind`, one of `KINDS`: every loss and accuracy equal; the deviation at most `ROUNDING` and
      accuracies at most a `POINT` apart; or neither, or other epochs or splits
    - `start`: whether the losses before training are equal to rounding
    - `longer`: whether one has epochs that the other has not
    """
    at = [*RUN, "split", "epoch"]
    pair = (table[[*at, "loss", "accuracy"]] for table in (first, second))
    both = pd.merge(*pair, on=at, how="outer", suffixes=("_a", "_b"), indicator=True)
    shared = both.groupby(RUN)["_merge"].transform(lambda sides: (sides == "both").any())
    both = both[shared.astype(bool)]
    alone = (both["_merge"] != "both").to_numpy()
    losses = both[["loss_a", "loss_b"]].to_numpy(float)
    losses[alone] = 0.0
    same = _equal(losses)
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(losses[:, 0] - losses[:, 1]))
    apart[~np.isfinite(apart)] = np.inf
    right = both[["accuracy_a", "accuracy_b"]].to_numpy(float)
    right[alone] = 0.0
    rows = both[RUN].assign(
        apart=apart,
        largest=np.where(np.isfinite(losses), np.abs(losses), 0).max(axis=1),
        equal=same & _equal(right) & ~alone,
        near=(_equal(right) | (np.abs(right[:, 0] - right[:, 1]) <= POINT)) & ~alone,
        start=(both["epoch"] != 0).to_numpy() | ~alone,
    )
    rows["start"] &= (both["epoch"] != 0).to_numpy() | (apart <= ROUNDING * rows["largest"])
    grouped = rows.groupby(RUN)
    deviation = grouped["apart"].max() / grouped["largest"].max().clip(lower=np.finfo(float).tiny)
    near = (deviation <= ROUNDING) & grouped["near"].all()
    kind = np.where(grouped["equal"].all(), KINDS[0], np.where(near, KINDS[1], KINDS[2]))
    ends = both.assign(epoch_a=both["epoch"].where(both["_merge"] != "right_only"))
    ends["epoch_b"] = both["epoch"].where(both["_merge"] != "left_only")
    last = ends.groupby(RUN)[["epoch_a", "epoch_b"]].max()
    return pd.DataFrame(
        {
            "deviation": deviation,
            "kind": kind,
            "start": grouped["start"].all(),
            "longer": last["epoch_a"] != last["epoch_b"],
        }
    )


def _equal(pair: np.ndarray) -> np.ndarray:
    """Return where two columns, (rows, 2), are equal; NaN is equal to NaN here."""
    return (pair[:, 0] == pair[:, 1]) | np.isnan(pair).all(axis=1)
