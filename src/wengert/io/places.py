"""Where storages go when they are read: locations such as "cpu" or "cuda:0", and `map_location`."""

import wengert as wg

_packages = []


def register_package(priority, tagger, deserializer):
    """Add a kind of location: `tagger(storage)` names it, `deserializer(storage, location)` restores from it.

    >>> register_package(5, lambda storage: None, lambda storage, location: None)
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda package: package[0])


def location_tag(storage):
    """The location written for a storage, "cpu" unless a registered package says otherwise."""
    for _, tagger, _ in _packages:
        location = tagger(storage)
        if location:
            return location
    return str(storage.device)


def default_restore_location(storage, location):
    """Put a storage where its location says; RuntimeError for a device that is not there."""
    for _, _, deserializer in _packages:
        result = deserializer(storage, location)
        if result is not None:
            return result
    if location == "cpu":
        return storage
    kind = location.partition(":")[0]
    if kind == "meta":
        return _Meta(storage.nbytes())
    if kind in ("cuda", "xpu", "hpu", "mps"):
        name = {"mps": "MPS", "hpu": "HPU", "xpu": "XPU", "cuda": "CUDA"}[kind]
        article = "a" if kind != "mps" else "an"
        available = "torch.backends.mps" if kind == "mps" else f"torch.{kind}"
        raise RuntimeError(
            f"Attempting to deserialize object on {article} {name} device but {available}.is_available() is False. "
            "If you are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') "
            "to map your storages to the CPU."
        )
    raise RuntimeError(
        f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {location})"
    )


class _Meta:
    """A storage without data."""

    device = "meta"

    def __init__(self, size):
        self.size = size

    def nbytes(self):
        """How large the data would be."""
        return self.size


def is_meta(map_location):
    """Whether everything goes to the meta device, so that no data needs reading."""
    return (
        map_location is not None
        and not callable(map_location)
        and not isinstance(map_location, dict)
        and str(map_location) == "meta"
    )


def restorer(map_location):
    """The function `(storage, location) -> storage` for torch.load's `map_location`."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, str(map_location.get(location, location)))
    if isinstance(map_location, (str, wg.device)):
        return lambda storage, location: default_restore_location(storage, str(map_location))

    def restore(storage, location):
        result = map_location(storage, location)
        return default_restore_location(storage, location) if result is None else result

    return restore
