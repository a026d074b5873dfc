"""From a config to data files, variants, shards, tables and figures; without torch."""
