"""The page: one file with verdicts, figures, runs and where they ran, that needs no network."""
