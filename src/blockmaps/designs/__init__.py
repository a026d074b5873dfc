"""What a model is: patterns, the hidden proportion, variants, and the designs that yield them."""
