"""An expert of any numbers in the place of Adroit's, whose files are not in the repository."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from experts import arrays

from blockmaps.data.environments import expert

expert.load = lambda task, *_: expert.Expert(arrays(task))
