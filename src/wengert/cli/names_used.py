"""Finds the torch names in a script's source: imports, dotted names, and the methods of what may be tensors."""

import ast

from . import torch_names

# Methods that strings, lists, dicts, files and arrays have too: without types they say nothing about tensors.
_COMMON = frozenset(name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind)) | {
    "close",
    "read",
    "write",
    "names",
    "name",
    "data",
    "resize",
    "mode",
    "fill",
    "item",
    "flatten",
    "next",
    "run",
    "start",
}


def scan(source, filename="<script>"):
    """The names a script uses, each with its lines: `{"torch.ones": [3, 8], "Tensor.backward": [9]}`.

    >>> scan(b"from torch import nn\\nnn.Linear(1, 2)(x).backward()")
    {'torch.nn': [1], 'torch.nn.Linear': [2], 'Tensor.backward': [2]}
    """
    tree = ast.parse(source, filename)
    scanner = _Scanner()
    scanner.own = {
        node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    scanner.visit(tree)
    return scanner.used


class _Scanner(ast.NodeVisitor):
    """Walks the source in order; `aliases` maps the script's names to torch's."""

    def __init__(self):
        self.aliases, self.others, self.used, self.own = {}, {"self", "cls"}, {}, set()

    def use(self, name, node):
        """Note that a name is used on the node's line."""
        lines = self.used.setdefault(name, [])
        if node.lineno not in lines:
            lines.append(node.lineno)

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name == "torch" or alias.name.startswith("torch."):
                self.aliases[alias.asname or "torch"] = alias.name if alias.asname else "torch"
                if alias.name != "torch":
                    self.use(alias.name, node)
            else:
                self.others.add(alias.asname or alias.name.split(".")[0])

    def visit_ImportFrom(self, node):
        module = node.module or ""
        if node.level or not (module == "torch" or module.startswith("torch.")):
            self.others.update(alias.asname or alias.name for alias in node.names)
            return
        for alias in node.names:
            if alias.name == "*":
                for name in torch_names.names(module):
                    self.aliases.setdefault(name, f"{module}.{name}")
                self.use(module, node)
            else:
                self.aliases[alias.asname or alias.name] = f"{module}.{alias.name}"
                self.use(f"{module}.{alias.name}", node)

    def visit_Assign(self, node):
        self.visit(node.value)
        name, target = self.dotted(node.value), node.targets[0]
        for one in node.targets:
            self.visit(one)
        if len(node.targets) == 1 and isinstance(target, ast.Name) and name is not None:
            self.aliases[target.id] = name  # F = torch.nn.functional

    def visit_FunctionDef(self, node):
        """What a function binds, its arguments and the targets of its loops, is its own: outside the names mean torch's."""
        for part in (*node.decorator_list, node.args, *([node.returns] if node.returns else ())):
            self.visit(part)
        outside = dict(self.aliases)
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                self.aliases.pop(argument.arg, None)
        for statement in node.body:
            self.visit(statement)
        self.aliases = outside

    visit_AsyncFunctionDef = visit_FunctionDef

    def dotted(self, node):
        """The torch name that an expression spells, or None."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return None if base is None else f"{base}.{node.attr}"
        return None

    def visit_Attribute(self, node):
        name = self.dotted(node)
        if name is not None:
            self.use(name, node)
            return
        self.visit(node.value)
        if self._may_be_tensors(node):
            self.use(f"Tensor.{node.attr}", node)

    def _may_be_tensors(self, node):
        """Whether an attribute is one of tensors' and its owner may be a tensor."""
        if node.attr.startswith("_") or node.attr in _COMMON or node.attr in self.own:
            return False
        if node.attr not in torch_names.names("torch.Tensor") or isinstance(node.ctx, ast.Store):
            return False
        if node.attr in torch_names.names("torch.nn.Module") or node.attr in torch_names.names("torch.optim.Optimizer"):
            return False
        root = node.value
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(node.value, ast.Constant):
            return False
        return not (isinstance(root, ast.Name) and root is node.value and root.id in self.others)

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.aliases.pop(node.id, None)
        elif self.aliases.get(node.id, "torch") != "torch":
            self.use(self.aliases[node.id], node)

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) >= 2:
            base, attribute = self.dotted(node.args[0]), node.args[1]
            if base is not None and isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
                self.use(f"{base}.{attribute.value}", node)
        self.generic_visit(node)
