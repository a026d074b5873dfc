"""Two folders of results side by side: what was asked, what ran, and what came out otherwise."""
