"""Nested lists, tuples and dicts of tensors: flattened, and put together again."""


class Spec:
    """The structure of a tree: its kind, what else is needed to make it, and the structures inside. A leaf has kind None."""

    __slots__ = ("children", "context", "count", "kind")

    def __init__(self, kind=None, context=None, children=()):
        self.kind, self.context, self.children = kind, context, children
        self.count = sum(c.count for c in children) if kind is not None else 1

    def __eq__(self, other):
        return (self.kind, self.context, self.children) == (other.kind, other.context, other.children)

    __hash__ = None

    def __repr__(self):
        return self._text(0)

    def _text(self, indent):
        if self.kind is None:
            return "*"
        inner = ",\n".join(" " * (indent + 2) * bool(k) + c._text(indent + 2) for k, c in enumerate(self.children))
        return f"TreeSpec({self.kind.__name__}, {self.context}, [{inner}])"


def _is_named(tree):
    return isinstance(tree, tuple) and hasattr(tree, "_fields")


def _parts(tree):
    """(kind, context, children) of a node, or None of a leaf."""
    kind = type(tree)
    if kind in (list, tuple):
        return kind, None, list(tree)
    if kind is dict or kind.__name__ in ("OrderedDict", "defaultdict") and isinstance(tree, dict):
        keys = list(tree)
        return (
            kind,
            (keys, getattr(tree, "default_factory", None)) if kind.__name__ == "defaultdict" else keys,
            [tree[k] for k in keys],
        )
    if _is_named(tree) or isinstance(tree, tuple):
        return kind, None, list(tree)
    return None


def _flatten(tree, leaves):
    parts = _parts(tree)
    if parts is None:
        leaves.append(tree)
        return Spec()
    kind, context, children = parts
    return Spec(kind, context, tuple(_flatten(c, leaves) for c in children))


def flatten(tree):
    """(leaves, structure)."""
    leaves = []
    spec = _flatten(tree, leaves)
    return leaves, spec


def _build(spec, leaves):
    if spec.kind is None:
        return next(leaves)
    children = [_build(c, leaves) for c in spec.children]
    if spec.kind in (list, tuple):
        return spec.kind(children)
    if issubclass(spec.kind, dict):
        if spec.kind.__name__ == "defaultdict":
            made = spec.kind(spec.context[1])
            made.update(zip(spec.context[0], children))
            return made
        return spec.kind(zip(spec.context, children))
    return (
        spec.kind(*children)
        if hasattr(spec.kind, "_make") and not hasattr(spec.kind, "n_fields")
        else spec.kind(children)
    )


def unflatten(leaves, spec):
    """The tree of a structure with these leaves."""
    return _build(spec, iter(leaves))


def tree_map(f, tree):
    """The tree with f of every leaf."""
    leaves, spec = flatten(tree)
    return unflatten([f(leaf) for leaf in leaves], spec)


def _spread(prefix, spec, out):
    parts = _parts(prefix)
    if parts is None:
        out.extend([prefix] * spec.count)
        return True
    kind, context, children = parts
    if spec.kind is None or not _same_kind(kind, spec.kind) or len(children) != len(spec.children):
        return False
    if isinstance(prefix, dict) and context != spec.context:
        return False
    return all(_spread(c, t, out) for c, t in zip(children, spec.children))


def broadcast(prefix, spec):
    """The leaves of a tree of ints (or None) that may stop short of the leaves of spec, repeated to fit it; None if it can't."""
    out = []
    return out if _spread(prefix, spec, out) else None


def _same_kind(a, b):
    return a is b or (a in (list, tuple) and issubclass(b, (list, tuple)))
