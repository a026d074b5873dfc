"""What every figure and table shows, in words: one source for the page and Snakemake's report.

A caption says what is drawn. What is found, n and scale stand in the figure itself, since they
follow from its table: its title is the finding, the lines at its foot the facts.
"""

FIGURES = {
    "proportion": (
        "Test accuracy against the realised hidden proportion, a point a run, one panel a budget. "
        "The curve is the local mean of the even design, in which unknowns and |h| are fixed (of "
        "all patterns where that design is small or absent), its band a bootstrap over patterns."
    ),
    "structures": (
        "Test accuracy of the 64 structures of low and high density, ordered, with 95 % intervals. "
        "Below each, its six blocks: filled where the density is high."
    ),
    "curves": "Test accuracy against optimiser steps, a line an arm, with 95 % bands.",
    "optimum": (
        "Test accuracy against the realised hidden proportion, a panel an experiment and budget, "
        "with the local mean of one design and the place where it is highest, with its 95 % "
        "interval."
    ),
    "densities": "Mean test accuracy, and mean hidden proportion, by the densities of hx and hh.",
    "explained": (
        "Cross-validated R² of test accuracy's logit by explanation and form, patterns left out "
        "whole, with 95 % intervals."
    ),
    "regret": (
        "The best of N random patterns less the recommended one, by size, with 95 % intervals."
    ),
    "pairs": (
        "Test accuracy by pair of transforms: of the one image that differs, and of the others. "
        "Some pairs can hardly be told apart, which is the ceiling of every accuracy."
    ),
    "path": (
        "Test accuracy against the share of an MLP's unknowns that are moved to any place of the "
        "map's rows, with 95 % intervals."
    ),
    "iterations": "Test accuracy against the number of iterations of a map, with 95 % intervals.",
    "spectra": "Singular values of W by arm, before and after training.",
    "gradients": (
        "Norm of the loss's gradient with respect to the state some steps back, before and after "
        "training."
    ),
    "trainability": (
        "Share of runs that diverge or stay at chance against the steps that a gradient goes "
        "through, with 95 % intervals."
    ),
    "zoo": (
        "The block pattern of every network of the zoo: what each slot reads in one iteration."
    ),
    "impulse": (
        "How far the states of a lifted RNN move, iteration by iteration, when its start or an "
        "input is moved: with an identity at (h₀, h₀) and without."
    ),
    "returns": (
        "Mean return and success rate in the simulator against the realised hidden proportion, a "
        "point a structure, with 95 % intervals over seeds, and the expert's."
    ),
    "tasks": (
        "Accuracy of recognition and return of control on one axis of the hidden proportion, with "
        "arrows from dense to uniform."
    ),
    "frames": (
        "One episode as the expert, the best and the worst model play it, from the same start "
        "state."
    ),
}

TABLES = {
    "summary": "Mean, 95 % interval and n of every arm and budget.",
    "structures": "Mean, 95 % interval and n of every structure and budget.",
    "differences": "Differences between arms, paired by seed index.",
    "pairs": (
        "Test accuracy of every arm by pair of transforms, with 95 % intervals over seed indices."
    ),
    "continuum": (
        "Accuracy of every arm between an MLP and a map with random places, at exactly as many "
        "unknowns, with 95 % intervals, n and FLOPs a sample."
    ),
    "continuum_differences": (
        "Every arm less the MLP, paired by seed, with 90 and 95 % intervals; and the MLP as a map "
        "less torch's own layers."
    ),
    "spectra": "Singular values of W by arm, before and after training.",
    "trainability": (
        "Shares of runs that diverge or stay at chance, with 95 % intervals, by arm and number of "
        "steps."
    ),
    "trainability_differences": "Differences of these shares between arms, with 95 % intervals.",
    "gradients": "Norm of the loss's gradient with respect to the state some steps back, by arm.",
    "returns": (
        "Mean return and success rate of every structure, with 95 % intervals over seeds, n, and "
        "the expert's."
    ),
    "return_differences": (
        "Differences in return between arms, paired by seed index, also as shares of the expert's "
        "mean return (claim A3)."
    ),
    "detectable": (
        "The difference in return that the planned seeds and episodes can detect, from the "
        "expert's own spread."
    ),
    "equivalence": (
        "Every network of the zoo as an iterative map: slots, iterations, unknowns, and the "
        "largest normwise difference from torch's module in outputs and in gradients. Claim B1 "
        "allows 1e-12 in float64 and 1e-5 in float32."
    ),
    "slots": "The slots of the zoo's networks, at the sizes that are drawn.",
    "places": "Every place of the zoo's matrices that is not zero.",
    "impulse": "The influence of a start and of inputs on a lifted RNN, iteration by iteration.",
    "learning": (
        "Whole learning curves of a forced map against those of the nn.RNN that it is made from, "
        "and what rounding alone does (claim B2)."
    ),
    "explained": "How much of accuracy the hidden proportion and its rivals explain.",
    "partial": "What the hidden proportion adds to the others.",
    "optimum": "Where accuracy is highest on the hidden proportion.",
    "uniform": "The density at which uniform patterns do best (claim E1a).",
    "comparisons": "Differences of claims A1 and E1b, and of the recommended pattern.",
    "initialisations": "The differences of claim A1 under two initialisations.",
    "robust": "Interquartile means by arm.",
    "profiles": "The share of runs above every accuracy, by arm.",
    "steps": "Steps to half way from chance to 100 %, with runs that never get there.",
    "curve": "Accuracy by hidden proportion over all grid designs, from which ranks are predicted.",
    "response": "Accuracy by hidden proportion and density of hh, from which the rule was made.",
    "regret": "The best of N random patterns against the recommended one (claim A4).",
    "apriori": "What is known before training, on sizes not used to make the rule (A4, A5).",
}
