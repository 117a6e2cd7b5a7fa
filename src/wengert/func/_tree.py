"""Nested lists, tuples and dicts of tensors: flattened, and put together again."""


class Spec:
    """The structure of a tree: its kind, what else is needed to make it, and the structures inside. A leaf has kind None."""

    __slots__ = ("kind", "context", "children", "count")

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
        return kind, (keys, getattr(tree, "default_factory", None)) if kind.__name__ == "defaultdict" else keys, [tree[k] for k in keys]
    if _is_named(tree) or isinstance(tree, tuple):
        return kind, None, list(tree)
    return None


def flatten(tree):
    """(leaves, structure)."""
    leaves = []

    def walk(t):
        parts = _parts(t)
        if parts is None:
            leaves.append(t)
            return Spec()
        kind, context, children = parts
        return Spec(kind, context, tuple(walk(c) for c in children))

    spec = walk(tree)
    return leaves, spec


def unflatten(leaves, spec):
    """The tree of a structure with these leaves."""
    it = iter(leaves)

    def build(s):
        if s.kind is None:
            return next(it)
        children = [build(c) for c in s.children]
        if s.kind in (list, tuple):
            return s.kind(children)
        if issubclass(s.kind, dict):
            if s.kind.__name__ == "defaultdict":
                made = s.kind(s.context[1])
                made.update(zip(s.context[0], children))
                return made
            return s.kind(zip(s.context, children))
        return s.kind(*children) if hasattr(s.kind, "_make") and not hasattr(s.kind, "n_fields") else s.kind(children)

    return build(spec)


def tree_map(f, tree):
    """The tree with f of every leaf."""
    leaves, spec = flatten(tree)
    return unflatten([f(leaf) for leaf in leaves], spec)


def broadcast(prefix, spec):
    """The leaves of a tree of ints (or None) that may stop short of the leaves of spec, repeated to fit it; None if it can't."""
    out = []

    def walk(p, s):
        parts = _parts(p)
        if parts is None:
            out.extend([p] * s.count)
            return True
        kind, context, children = parts
        if s.kind is None or not _same_kind(kind, s.kind) or len(children) != len(s.children) or (isinstance(p, dict) and context != s.context):
            return False
        return all(walk(c, t) for c, t in zip(children, s.children))

    return out if walk(prefix, spec) else None


def _same_kind(a, b):
    return a is b or (a in (list, tuple) and issubclass(b, (list, tuple)))
