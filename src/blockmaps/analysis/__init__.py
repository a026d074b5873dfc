"""What the runs table says of the claims: explanations, comparisons, and what is known a priori."""
