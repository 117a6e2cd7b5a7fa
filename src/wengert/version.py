"""The version of torch that wengert follows, and what it was built without."""

import wengert as _wg

__version__ = _wg.__version__
cuda = None
hip = None
rocm = None
xpu = None
debug = False
git_version = "unknown"
