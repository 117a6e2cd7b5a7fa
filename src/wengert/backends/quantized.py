"""Engines for quantised models: none."""

engine = "none"
supported_engines = ()
