"""What a graph's code says besides the code, when it is printed for people: shapes, dtypes, where a call was."""

import re

import wengert as wg

_COLORS = {"red": "\033[31m", "blue": "\033[34m", "dim": "\033[2m"}
_COLORS |= {"dim_blue": "\033[2m\033[34m", "dim_green": "\033[2m\033[32m"}


class Notes:
    """The code alone."""

    def paint(self, color, text):
        """The text in a color, where there are colors."""
        return text

    def before(self, node):
        """Lines above a node's."""
        return ()

    def annotation(self, node):
        """What is known of the value, in place of the node's type; None for nothing."""

    def comment(self, node):
        """What stands behind an argument of the function."""
        return ""


class VerboseNotes(Notes):
    """The code with each node's place in the program, and its value's dtype and shape where a pass has noted them."""

    def __init__(self, include_stride=False, include_device=False, colored=False, expanded_def=False, keys=None):
        self.stride, self.device, self.colored = include_stride, include_device, colored
        self.expanded, self.keys, self._last = expanded_def, keys or (), None

    def paint(self, color, text):
        return f"{_COLORS[color]}{text}\033[0m" if self.colored else text

    def comment(self, node):
        described = self.expanded and node.meta.get("desc") is not None
        return f"  # {node.meta['desc']}" if described else ""

    def before(self, node):
        if node.op in ("placeholder", "output"):
            return ()
        known = ", ".join(f"{key}: {node.meta[key]}" for key in self.keys if key in node.meta)
        note = (
            f"{f'# {known} ' if known else ''}# {_place(node.stack_trace) or 'No stacktrace found for following nodes'}"
        )
        line = f"\n{self.paint('dim', note)}\n"
        if line == self._last:
            return ()
        self._last = line
        return (line,)

    def annotation(self, node):
        from ..utils._dtype_abbrs import dtype_abbrs

        meta = node.meta
        value = meta.get("val", meta.get("tensor_meta", meta.get("example_value")))
        if isinstance(value, wg.Tensor):
            text = self.paint("red", dtype_abbrs[value.dtype]) + self.paint("blue", _sizes(value.shape))
            text += self.paint("dim_blue", _sizes(value.stride()) if self.stride else "")
            return f': "{text}{self.paint("dim_green", str(value.device) if self.device else "")}"'
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            return f': "{dtype_abbrs[value.dtype]}{_sizes(value.shape)}"'
        return None


def _sizes(sizes):
    return f"[{', '.join(map(str, sizes))}]"


def _place(trace):
    """The innermost place of a stack's text, as `File: F:3 in forward, code: x + 1`; None without one."""
    places = re.findall(r'File "(.+)", line (\d+), in (.+)\n\s*(.+)', trace or "")
    return "File: {}:{} in {}, code: {}".format(*places[-1]) if places else None
