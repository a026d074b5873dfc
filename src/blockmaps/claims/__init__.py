"""From tables of results to verdicts on the papers' claims, by the tests of config/claims.yaml."""
