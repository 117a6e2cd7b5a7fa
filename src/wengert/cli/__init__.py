"""The commands of `python -m wengert`."""
