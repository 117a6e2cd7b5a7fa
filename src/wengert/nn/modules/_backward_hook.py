"""The brackets around one forward call that let backward hooks see the module's own gradients."""

import warnings

import wengert as wg


class BackwardHookFunction(wg.autograd.Function):
    """The identity, as a node of its own where a module's gradients can be seen."""

    @staticmethod
    def forward(ctx, *args):
        ctx.mark_non_differentiable(*[arg for arg in args if not arg.requires_grad])
        return args

    @staticmethod
    def backward(ctx, *args):
        return args


class BackwardHook:
    """Brackets one forward call with identity nodes and runs the user's hooks on their gradients."""

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs = None
        self.n_inputs = self.n_outputs = -1
        self.input_index = self.output_index = None

    def _spread(self, indices, values, size):
        out = [None] * size
        for index, value in zip(indices, values):
            out[index] = value
        return tuple(out)

    def _checked(self, old, new):
        if new is None:
            return old
        if len(new) != len(old):
            raise RuntimeError(
                f"Backward hook returned an invalid number of grad_input, got {len(new)}, but expected {len(old)}"
            )
        return new

    def _mark(self, args, on_node):
        """Pass the tensors of `args` through one identity node; returns (args, indices of the tensors or None)."""
        indices = [i for i, arg in enumerate(args) if isinstance(arg, wg.Tensor)]
        if not (wg.is_grad_enabled() and any(args[i].requires_grad for i in indices)):
            return args, None
        marked = BackwardHookFunction.apply(*[args[i] for i in indices])
        nodes = [t.grad_fn for t in marked if t.grad_fn is not None]
        nodes = [n for n in nodes if n.name() == "BackwardHookFunctionBackward"]
        if not nodes:
            raise RuntimeError("Error while setting up backward hooks. Please open an issue with a code sample.")
        on_node(nodes[0])
        out = list(args)
        for index, tensor in zip(indices, marked):
            out[index] = tensor
        cls = type(args)
        return (cls(*out) if hasattr(args, "_fields") else cls(out)), indices

    def _run(self, grad_inputs):
        for hook in self.user_hooks:
            grad_inputs = self._checked(grad_inputs, hook(self.module, grad_inputs, self.grad_outputs))
        self.grad_outputs = None
        return grad_inputs

    def setup_input_hook(self, args):
        """Watch the gradients that leave through the inputs `args`."""

        def on_node(node):
            def hook(grad_input, _):
                if self.grad_outputs is None:
                    return None  # the outputs were not part of this backward
                spread = self._spread(self.input_index, grad_input, self.n_inputs)
                result = self._run(spread)
                return tuple(result[i] for i in self.input_index)

            node.register_hook(hook)

        args, self.input_index = self._mark(args, on_node)
        self.n_inputs = len(args)
        return args

    def _run_pre_hooks(self):
        for hook in self.user_pre_hooks:
            got = hook(self.module, self.grad_outputs)
            if got is None:
                continue
            got = got if isinstance(got, tuple) else (got,)
            if len(got) != len(self.grad_outputs):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(got)}, but expected {len(self.grad_outputs)}"
                )
            self.grad_outputs = got

    def _run_without_inputs(self):
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs"
            " require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        grad_inputs = (None,) * self.n_inputs
        for hook in self.user_hooks:
            res = hook(self.module, grad_inputs, self.grad_outputs)
            if res is not None and not (isinstance(res, tuple) and all(el is None for el in res)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for"
                    " all gradients."
                )
        self.grad_outputs = None

    def setup_output_hook(self, outputs):
        """Watch the gradients that arrive at the outputs (a tensor or a tuple)."""

        def on_node(node):
            def hook(_, grad_output):
                self.grad_outputs = self._spread(self.output_index, grad_output, self.n_outputs)
                self._run_pre_hooks()
                grads = self.grad_outputs
                if self.input_index is None and self.user_hooks:
                    self._run_without_inputs()
                return tuple(grads[i] for i in self.output_index)

            node.register_hook(hook)

        single = not isinstance(outputs, tuple)
        args, self.output_index = self._mark((outputs,) if single else outputs, on_node)
        self.n_outputs = len(args)
        return args[0] if single else args
