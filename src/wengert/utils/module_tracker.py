"""ModuleTracker: which modules are being computed, forward or backward, at any moment."""

import weakref

from .. import _C
from ._pytree import tree_leaves

__all__ = ["ModuleTracker"]


class ModuleTracker:
    """Within its block, ``parents`` holds the names of the modules whose forward or backward is going on.

    A name is the class of the outermost module followed by the path of attributes; ``"Global"`` is always there.
    ``is_bw`` says whether a backward is running. The backward of a module lasts from the gradients of all its results
    to those of all its arguments.

    >>> import wengert
    >>> model = wengert.nn.Sequential(wengert.nn.Tanh())
    >>> with ModuleTracker() as tracker:
    ...     _ = model[0].register_forward_pre_hook(lambda *a: print(sorted(tracker.parents), tracker.is_bw))
    ...     _ = model(wengert.ones(2))
    ['Global', 'Sequential', 'Sequential.0'] False
    """

    def __init__(self):
        self.parents = {"Global"}
        self._names = weakref.WeakKeyDictionary()
        self._handles = []
        self._at_the_end = False

    @property
    def is_bw(self):
        return _C._current_graph_task_id() != -1

    def _name(self, module):
        if module not in self._names:
            self._name_tree(module, type(module).__name__)
        return self._names[module]

    def _name_tree(self, root, name):
        waiting = [(root, name)]
        while waiting:
            module, name = waiting.pop()
            self._names[module] = name
            waiting += (
                (child, f"{name}.{part}") for part, child in module.named_children() if child not in self._names
            )

    def _reset(self):
        self.parents = {"Global"}
        self._at_the_end = False

    def _when_graded(self, values, do, name):
        """Calls do(name) in a backward, once the gradients of all tensors among values are there."""
        from ..autograd.graph import register_multi_grad_hook

        tensors = [leaf for leaf in tree_leaves(values) if getattr(leaf, "requires_grad", False)]
        if tensors:
            self._handles.append(register_multi_grad_hook(tensors, lambda _: do(name)))

    def _enter_backward(self, name):
        from ..autograd import Variable

        if not self._at_the_end:  # a module whose arguments need no gradient is left with the backward
            Variable._execution_engine.queue_callback(self._reset)
            self._at_the_end = True
        self.parents.add(name)

    def _leave_backward(self, name):
        self.parents.discard(name)

    def _before(self, module, args):
        name = self._name(module)
        self.parents.add(name)
        self._when_graded(args, self._leave_backward, name)

    def _after(self, module, args, output):
        name = self._name(module)
        self.parents.discard(name)
        self._when_graded(output, self._enter_backward, name)

    def __enter__(self):
        from ..nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

        self._handles += register_module_forward_pre_hook(self._before), register_module_forward_hook(self._after)
        return self

    def __exit__(self, *error):
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
