"""torch.fx.annotate: the type of a traced value, said in the program."""

from .proxy import Proxy


def annotate(val, type):
    """Have the node of a proxy show a type in the code; other values come back as they are.

    RuntimeError when the node has another type already.

    >>> annotate(3, int)
    3
    """
    if not isinstance(val, Proxy):
        return val
    if val.node.type:
        raise RuntimeError(
            f"Tried to annotate a value that already had a type on it! Existing type is {val.node.type} and new type "
            f"is {type}. This could happen if you tried to annotate a function parameter value (in which case you "
            "should use the type slot on the function signature) or you called annotate on the same value twice"
        )
    val.node.type = type
    return val
