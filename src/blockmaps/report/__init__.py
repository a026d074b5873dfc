"""What is shown and kept: figures, the page, published folders, the research object."""
