# %% [markdown]
# # A sparse RNN in your own loop
#
# A sequence of sixteen noisy steps is a wave. It has one of four frequencies. Which one? We train
# three networks with as many unknowns on it, in a plain loop. They differ in where their unknowns
# lie.
#
# This page is a script that is run when the site is built. `jupytext --to ipynb docs/sparse_rnn.py`
# makes a notebook of it.

# %%
import math

import torch
from torch.nn.functional import cross_entropy

import blockmaps

torch.manual_seed(0)
FREQUENCIES = torch.tensor([0.4, 0.9, 1.4, 1.9])  # radians a step


def waves(sequences):
    """Return (time, batch, inputs) and classes: eight sensors, each at a phase of its own."""
    classes = torch.randint(4, (sequences,))
    phases = 2 * math.pi * torch.rand(1, sequences, 8)
    angles = FREQUENCIES[classes][None, :, None] * torch.arange(16.0)[:, None, None] + phases
    return angles.sin() + 0.3 * torch.randn_like(angles), classes


x, classes = waves(1000)
test_x, test_classes = waves(500)
print(tuple(x.shape))

# %% [markdown]
# ## One pattern each
#
# Every network has about 1,000 *unknowns*, trainable weights. Dense has them everywhere, so it has
# few hidden units. Uniform has one density everywhere. The recommended pattern follows a rule that
# knows the sizes alone. [Words](words.md) has the others.

# %%
dense = dict.fromkeys(("hx", "hh", "hy", "yx", "yh", "yy"), 1.0)
networks = {
    "dense": blockmaps.SparseRNN(8, 4, unknowns=1000, densities=dense),
    "uniform": blockmaps.SparseRNN(8, 4, unknowns=1000, densities=dict.fromkeys(dense, 0.2)),
    "recommended": blockmaps.SparseRNN(8, 4, unknowns=1000),
}
print(networks["recommended"])

# %% [markdown]
# Where are they? Each dot is an unknown. Rows say what a slot becomes, columns what is read.

# %%
networks["recommended"].plot()

# %% [markdown]
# ## Train
#
# The output reads the state of the step before. So the answer to the last input is there one step
# later: `blank_steps=1` adds it, and `y[-1]` is the answer.


# %%
def accuracy(network):
    """Return the share of right answers on the test sequences."""
    with torch.no_grad():
        y, _ = network(test_x, blank_steps=1)
    return (y[-1].argmax(1) == test_classes).float().mean().item()


for name, network in networks.items():
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(300):
        batch = torch.randint(len(classes), (32,))
        y, _ = network(x[:, batch], blank_steps=1)
        loss = cross_entropy(y[-1], classes[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(f"{name:12} {accuracy(network):.1%} right, chance is 25 %")

# %% [markdown]
# One run each says little: seeds differ. `snakemake` compares arms over seeds, with intervals.
# [Your own task](own-task.md) shows how. The parameters are the unknowns, and one bias for every
# state unit:

# %%
for name, value in networks["recommended"].named_parameters():
    print(name, tuple(value.shape))
