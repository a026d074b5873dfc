"""Where results are from: a manifest of every training job, and a research object of the whole."""
