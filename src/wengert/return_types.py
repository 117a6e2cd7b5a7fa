"""The named tuples in which ops return several tensors, as torch.return_types."""

_types = {}


def named(op, fields):
    """The named tuple class of an op with these fields."""
    if (op, fields) in _types:
        return _types[op, fields]

    def body(self):
        lines = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self))
        return f"torch.return_types.{op}(\n{lines})"

    members = {
        "__slots__": (),
        "__repr__": body,
        "__module__": __name__,
        "_fields": fields,
        "n_fields": len(fields),
        "n_sequence_fields": len(fields),
        "__reduce__": lambda self: (_rebuild, (op, fields, tuple(self))),
    }
    for position, field in enumerate(fields):
        members[field] = property(lambda self, k=position: self[k])
    _types[op, fields] = cls = type(op, (tuple,), members)
    globals()[op] = cls
    return cls


def _rebuild(op, fields, values):
    return named(op, fields)(values)
