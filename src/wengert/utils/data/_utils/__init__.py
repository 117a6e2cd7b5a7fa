"""The parts of the DataLoader: collating, fetching, and the worker processes."""

from . import collate as collate
from . import fetch as fetch
