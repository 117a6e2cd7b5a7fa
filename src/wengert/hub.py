"""torch.hub: weights can be downloaded; models cannot, as that would run code from the network."""

import os
import re
from urllib.parse import urlparse

from ._facade.refusal import refuse

_REASON = "it downloads and runs code; install the model's package instead"
load = refuse("torch.hub.load", _REASON)
list = refuse("torch.hub.list", _REASON)
help = refuse("torch.hub.help", _REASON)
_folder = []
HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")


def _get_torch_home():
    """$TORCH_HOME, else ~/.cache/torch."""
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch")
    return os.path.expanduser(os.environ.get("TORCH_HOME", cache))


def get_dir():
    """The folder for downloads: what set_dir set, else $TORCH_HOME/hub, else ~/.cache/torch/hub.

    >>> get_dir().endswith("hub")
    True
    """
    return _folder[0] if _folder else os.path.join(_get_torch_home(), "hub")


def set_dir(d):
    """Set the folder for downloads."""
    _folder[:] = [os.path.expanduser(d)]


def download_url_to_file(url, dst, hash_prefix=None, progress=True):
    """Download to a path, which appears when complete; RuntimeError if its SHA-256 does not begin as given."""
    import hashlib
    import urllib.request

    temporary, digest = f"{dst}.{os.getpid()}.partial", hashlib.sha256()
    try:
        with urllib.request.urlopen(url) as source, open(temporary, "wb") as target:
            while chunk := source.read(1 << 16):
                digest.update(chunk)
                target.write(chunk)
        if hash_prefix is not None and not digest.hexdigest().startswith(hash_prefix):
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")')
        os.replace(temporary, dst)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def load_state_dict_from_url(
    url, model_dir=None, map_location=None, progress=True, check_hash=False, file_name=None, weights_only=True
):
    """Load a checkpoint from a URL, downloaded once to `model_dir` (default: `get_dir()/checkpoints`)."""

    from . import serialization

    model_dir = model_dir or os.path.join(get_dir(), "checkpoints")
    os.makedirs(model_dir, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(model_dir, name)
    if not os.path.exists(path):
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, found.group(1) if found else None, progress)
    return serialization.load(path, map_location=map_location, weights_only=weights_only)
