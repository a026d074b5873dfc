"""Prints a model of the zoo."""

from typing import Annotated

import typer

from blockmaps.cli.options import Size, app

# Beside the registry in `zoo.examples`, which imports torch; a test says if they differ.
NAMES = (
    "mlp, mlp-skip, residual, convolution, rnn, rnn-relu, rnn-output, rnn-stack, rnn-lifted, lstm, "
    "lstm-lifted, gru, gru-lifted, transformer-coarse, transformer, transformer-norm-first"
)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help=f"One of: {NAMES}.")],
    layers: Size = None,
    steps: Size = None,
    inputs: Size = None,
    width: Size = None,
    outputs: Size = None,
    heads: Size = None,
    feedforward: Size = None,
    channels: Size = None,
    side: Size = None,
) -> None:
    """Print a model's slots, what each becomes, its blocks and its iterations."""
    given = {name: size for name, size in locals().items() if name != "model" and size is not None}
    from blockmaps.maps.zoo.examples import MODELS, build
    from blockmaps.maps.zoo.show import describe

    example = build(model, **given)
    print(describe(model, MODELS[model].about, example))
