"""Prints a model of the zoo."""

from typing import Annotated

import typer

from blockmaps.cli.options import LOOK, app, importing

_SIZES = "Sizes, of what the model has; without one, that of tables/equivalence.csv"
# Beside the registry in `zoo.examples`, which imports torch; a test says if they differ.
NAMES = (
    "mlp, mlp-skip, residual, convolution, rnn, rnn-relu, rnn-output, rnn-stack, rnn-lifted, lstm, "
    "lstm-lifted, gru, gru-lifted, transformer-coarse, transformer, transformer-norm-first"
)


def _size(words: str) -> typer.models.OptionInfo:
    return typer.Option(help=words, rich_help_panel=_SIZES)


@app.command(rich_help_panel=LOOK)
def show(
    model: Annotated[str, typer.Argument(help=f"One of: {NAMES}.")],
    layers: Annotated[int | None, _size("Layers, one after another.")] = None,
    steps: Annotated[int | None, _size("Time steps.")] = None,
    inputs: Annotated[int | None, _size("|x|.")] = None,
    width: Annotated[int | None, _size("Units of a layer.")] = None,
    outputs: Annotated[int | None, _size("|y|.")] = None,
    heads: Annotated[int | None, _size("Heads of attention.")] = None,
    feedforward: Annotated[
        int | None, _size("Units between a transformer's two linear layers.")
    ] = None,
    channels: Annotated[int | None, _size("Channels of a convolution.")] = None,
    side: Annotated[int | None, _size("Side of its image, in pixels.")] = None,
) -> None:
    """Print a model's slots, what each becomes, its blocks and its iterations."""
    given = {name: size for name, size in locals().items() if name != "model" and size is not None}
    with importing():
        from blockmaps.maps.zoo.examples import MODELS, build
        from blockmaps.maps.zoo.show import describe

    example = build(model, **given)
    print(describe(model, MODELS[model].about, example))
