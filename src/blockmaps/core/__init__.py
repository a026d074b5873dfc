"""What every room uses: canonical JSON, code digests, seeds, whole files, errors, CSV."""
