"""Small programs of autograd, run under torch and under wengert by test_autograd_parity.py: errors, facts, special points.

Each is the text of a function body with `torch` in scope; what it returns, raises and warns of is compared. The groups
are those of the feature list: errors a user meets, in-place rules, facts about graphs, gradients at special points.
"""

R = "x = torch.ones(3, requires_grad=True)\n"

ERRORS = {
    "second backward": R + "y = x.exp().sum(); y.backward(); y.backward()",
    "saved after free": R + "y = x.exp(); y.sum().backward(); y.grad_fn._saved_result",
    "second backward without saved": R + "y = (x + 1).sum(); y.backward(); y.backward(); return x.grad",
    "no graph": "torch.ones(3).sum().backward()",
    "no_grad result": R + "with torch.no_grad(): y = x.sum()\ny.backward()",
    "inference result": R + "with torch.inference_mode(): y = x.sum()\ny.backward()",
    "not a scalar": R + "(x * 2).backward()",
    "gradient shape": R + "(x * 2).backward(torch.ones(4))",
    "gradient integer": R + "(x * 2).backward(torch.ones(3).long()); return x.grad",
    "gradient complex": R + "(x * 2).backward(torch.ones(3, dtype=torch.complex64))",
    "gradient float": R + "(x * 2).sum().backward(1.0)",
    "unused input": R + "w = torch.ones(1, requires_grad=True); torch.autograd.grad(x.sum(), [x, w])",
    "input without grad": R + "torch.autograd.grad(x.sum(), torch.ones(1))",
    "allow_unused and materialize": R + "torch.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)",
    "output without grad": R + "torch.autograd.grad(torch.ones(1), x)",
    "no inputs": R + "torch.autograd.grad(x.sum(), [])",
    "backward no inputs": R + "x.sum().backward(inputs=[])",
    "only_inputs": R + "return torch.autograd.grad(x.sum(), x, only_inputs=False)",
    "inputs non-leaf": R + "y = x * 2; y.sum().backward(inputs=[y]); return x.grad",
    "double without create_graph": R + "g, = torch.autograd.grad((x ** 2).sum(), x); g.sum().backward()",
    "in-place leaf": R + "x.add_(1)",
    "in-place leaf item": R + "x[0] = 5",
    "in-place view of leaf": R + "x[:2].mul_(2)",
    "saved overwritten": R + "y = x.exp(); y.add_(1); y.sum().backward()",
    "saved overwritten by a view": R + "y = x.exp(); y[0].add_(1); y.sum().backward()",
    "step between": "m = torch.nn.Linear(2, 2); n = torch.nn.Linear(2, 1)\n"
    "o = torch.optim.SGD([*m.parameters(), *n.parameters()], lr=0.1)\n"
    "l = n(m(torch.ones(1, 2))).sum(); l.backward(retain_graph=True); o.step(); l.backward()",
    "split in place": R + "(x * 1).split(1)[0].mul_(2)",
    "unbind in place": R + "(x * 1).unbind()[0].mul_(2)",
    "iterated in place": R + "for row in x * 1: row.mul_(2)",
    "no_grad view": R + "y = x * 1\nwith torch.no_grad(): v = y[:2]\nv.mul_(2)",
    "no_grad view of leaf": R + "with torch.no_grad(): v = x[:2]\nv.mul_(2)",
    "expanded in place": "torch.ones(1).expand(3).add_(1)",
    "in-place shape": "torch.ones(3).add_(torch.ones(2, 3))",
    "in-place dtype": "torch.ones(3).long().add_(torch.ones(3))",
    "overlap in place": "b = torch.arange(4.0); b[1:].add_(b[:-1])",
    "integer requires grad": "torch.tensor([1, 2], requires_grad=True)",
    "integer requires_grad_": "torch.tensor([1, 2]).requires_grad_()",
    "integer zeros": "torch.zeros(2, dtype=torch.int64, requires_grad=True)",
    "integer Parameter": "torch.nn.Parameter(torch.tensor([1, 2]))",
    "requires_grad set on integer": "t = torch.tensor([1]); t.requires_grad = True",
    "requires_grad off": R + "y = x * 2; y.requires_grad = False",
    "requires_grad_ off": R + "(x * 2).requires_grad_(False)",
    "numpy": R + "x.numpy()",
    "item of many": "torch.ones(3).item()",
    "bool of many": "bool(torch.ones(3))",
    "bool of none": "bool(torch.ones(0))",
    "float of grad": R + "return float(x.sum())",
    "grad of non-leaf": R + "y = x * 2; y.sum().backward(); return y.grad",
    "grad size": R + "x.grad = torch.ones(4)",
    "grad dtype": R + "x.grad = torch.ones(3).double()",
    "grad type": R + "x.grad = 1",
    "retain_grad": "torch.ones(1).retain_grad()",
    "hook": "torch.ones(1).register_hook(print)",
    "post hook non-leaf": R + "(x * 2).register_post_accumulate_grad_hook(print)",
    "post hook": "torch.ones(1).register_post_accumulate_grad_hook(print)",
    "hook size": R + "x.register_hook(lambda g: torch.ones(2)); x.sum().backward()",
    "hook type": R + "x.register_hook(lambda g: 1); x.sum().backward()",
    "detach_ view": R + "(x * 1)[:2].detach_()",
    "deepcopy": R + "import copy; copy.deepcopy(x * 2)",
    "grad_fn set": R + "x.grad_fn = None",
    "tensor of tensor": R + "return torch.tensor(x)",
    "inference saved": R + "with torch.inference_mode(): i = torch.ones(3)\nx * i",
    "inference in place": "with torch.inference_mode(): i = torch.ones(3)\ni.add_(1)",
    "inference requires_grad_": "with torch.inference_mode(): i = torch.ones(3)\ni.requires_grad_()",
    "inference version": "with torch.inference_mode(): i = torch.ones(3)\ni._version",
    "complex backward": "torch.ones(1, dtype=torch.complex64, requires_grad=True).sum().backward()",
    "root list gradients": R + "torch.autograd.backward([x.sum(), x * 2])",
    "nested gradient shape": R + "torch.autograd.grad([x.sum()], x, [torch.ones(2)])",
    "next_functions of None": R + "x.detach().grad_fn.next_functions",
    "anomaly nan": "x = torch.zeros(2, requires_grad=True)\n"
    "with torch.autograd.detect_anomaly(): (torch.sqrt(x) * 0).sum().backward()",
    "save a string": R + "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): ctx.save_for_backward('a'); return x * 1\nF.apply(x)",
    "no backward": R + "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): return x * 1\nF.apply(x).sum().backward()",
    "too few": R + "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x, y): return x * y\n"
    "    @staticmethod\n    def backward(ctx, g): return g\nF.apply(x, x).sum().backward()",
    "too many": R + "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x * 1\n"
    "    @staticmethod\n    def backward(ctx, g): return g, g\nF.apply(x).sum().backward()",
    "wrong shape": R + "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x * 1\n"
    "    @staticmethod\n    def backward(ctx, g): return torch.ones(5)\nF.apply(x).sum().backward()",
    "dirty not returned": R + "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): ctx.mark_dirty(x); return x * 1\nF.apply(x * 1)",
    "dirty leaf": R + "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): ctx.mark_dirty(x); return x.add_(1)\nF.apply(x)",
    "old Function": R + "class F(torch.autograd.Function):\n    def forward(self, x): return x * 1\nF()(x)",
    "once differentiable": R + "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): return x * x\n    @staticmethod\n    @torch.autograd.function.once_differentiable\n"
    "    def backward(ctx, g): return g * 2\n"
    "g, = torch.autograd.grad(F.apply(x).sum(), x, create_graph=True); g.sum().backward()",
    "make_dual outside": "torch.autograd.forward_ad.make_dual(torch.ones(1), torch.ones(1))",
    "jacobian of int": "torch.autograd.functional.jacobian(lambda x: 1, torch.ones(2))",
    "hessian not a scalar": "torch.autograd.functional.hessian(lambda x: x, torch.ones(2))",
    "vjp without v": "torch.autograd.functional.vjp(lambda x: x * 2, torch.ones(2))",
    "jacobian strict": "torch.autograd.functional.jacobian(lambda x: torch.ones(2), torch.ones(2), strict=True)",
    "hooks disabled": R + "with torch.autograd.graph.disable_saved_tensors_hooks('nope'):\n"
    "    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t): x * x",
    "checkpoint without flag": R + "return torch.utils.checkpoint.checkpoint(torch.sin, x).sum()",
    "checkpoint no grad inputs": "return torch.utils.checkpoint.checkpoint(torch.sin, torch.ones(2), use_reentrant=True).requires_grad",
    "checkpoint reentrant grad": R
    + "torch.autograd.grad(torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=True).sum(), x)",
    "checkpoint reentrant inputs": R
    + "torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=True).sum().backward(inputs=[x])",
    "checkpoint unknown keyword": R + "torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=True, foo=1)",
    "gradcheck without grad": "torch.autograd.gradcheck(torch.sin, torch.ones(2))",
    "out with grad": R + "torch.mul(x, 2, out=torch.empty(3))",
    "manual SGD": R + "x.sum().backward(); x -= 0.1 * x.grad",
    "manual SGD rebound": R + "for _ in range(2): x.sum().backward(); x = x - 0.1 * x.grad",
    "data of another dtype": R + "x.data = torch.ones(3).long()",
    "set_ of grad_dtype": R + "x.grad_dtype = torch.float64; x.grad = torch.ones(3).double(); return x.grad",
}

FACTS = {
    "versions": "a = torch.zeros(3); b = a[:2]; v0 = a._version, b._version; b.add_(1); return v0, a._version, b._version",
    "detach shares": R + "y = x * 1; d = y.detach(); d.add_(1); y.add_(1); return y._version, d._version",
    "data does not share": R + "y = x * 1; d = y.data; d.add_(1); return y._version, d._version",
    "no_grad write to leaf": R + "with torch.no_grad(): x.add_(1)\nreturn x._version",
    "base written": R + "y = x * 1; v = y[:2]; y.mul_(3); return y.grad_fn.name(), v.grad_fn.name()",
    "view written": R + "y = x * 1; v = y[:2]; v.mul_(3); return type(y.grad_fn).__name__, type(v.grad_fn).__name__",
    "item written": R + "y = x * 1; y[1] = 0; return type(y.grad_fn).__name__",
    "plain receives": R
    + "p = torch.zeros(3); p[1] = x[0]; return p.is_leaf, p.requires_grad, type(p.grad_fn).__name__",
    "leaves": R + "return torch.ones(1).is_leaf, x.is_leaf, (x * 2).is_leaf, x.detach().is_leaf",
    "accumulates in place": R + "x.sum().backward(); g = x.grad; x.sum().backward(); return g is x.grad, g",
    "create_graph replaces": R + "(x ** 2).sum().backward(create_graph=True); return x.grad.grad_fn is not None",
    "strides of grad": "p = torch.zeros(2, 3).t().requires_grad_(); (p * torch.ones(3, 2)).sum().backward(); return p.grad.stride()",
    "retains": R + "y = x * 2; y.retain_grad(); y.sum().backward(); return y.retains_grad, x.retains_grad, y.grad",
    "hook order": "log = []; " + R + "y = x * 2\ny.register_hook(lambda g: log.append('tensor'))\n"
    "y.grad_fn.register_prehook(lambda g: log.append('pre'))\ny.grad_fn.register_hook(lambda i, o: log.append('post'))\n"
    "x.register_hook(lambda g: log.append('leaf'))\n"
    "x.register_post_accumulate_grad_hook(lambda t: log.append('accumulated'))\ny.sum().backward(); return log",
    "node order": "log = []; " + R + "a = x * 2; b = x * 3; c = a + b\n"
    "for n, t in zip('abc', (a, b, c)): t.grad_fn.register_hook(lambda i, o, n=n: log.append(n))\nc.sum().backward(); return log",
    "next_functions": R + "f = (x + 1).grad_fn.next_functions; return [(type(n).__name__, k) for n, k in f]",
    "number first": R + "y = x * 1\n"
    "return [[type(n).__name__ for n, _ in z.grad_fn.next_functions] for z in (2 * y, 2 + y, y * 2, torch.mul(2, y))]",
    "order of saving": R + "log = []; y = x * 2\n"
    "with torch.autograd.graph.saved_tensors_hooks(lambda t: log.append(('in', t)) or t, lambda t: log.append(('out', t)) or t):\n"
    "    (x * y).sum().backward()\nreturn log",
    "recurrent outputs": "names = []; x = torch.ones(4, 3, 5)\n"
    "for kind in 'LSTM', 'GRU', 'RNN':\n"
    "    for how in {}, {'bidirectional': True}, {'num_layers': 2, 'bias': False}:\n"
    "        net = getattr(torch.nn, kind)(5, 2, **how)\n"
    "        packed = torch.nn.utils.rnn.pack_padded_sequence(x, [4, 2, 1])\n"
    "        for given in x, x[:, 0], packed: names.append([t.grad_fn.name() for t in net(given)[0][:1]])\n"
    "        names.append(net.double()(x.double())[0].grad_fn.name())\nreturn names",
    "jvp frees what forward kept": "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): ctx.r = x.exp(); return ctx.r.clone()\n    @staticmethod\n"
    "    def jvp(ctx, g): r = ctx.r; del ctx.r; return g * r\n"
    "f = torch.autograd.forward_ad\n"
    "with f.dual_level(): return f.unpack_dual(F.apply(f.make_dual(torch.ones(2), torch.ones(2)))).tangent",
    "parameter of a subclass": "class S(torch.Tensor): pass\n"
    "s = torch.ones(2).as_subclass(S); p = torch.nn.Parameter(s); m = torch.nn.Module(); m.w = p\n"
    "m.double(); (m.w * 2).sum().backward(); P = torch.nn.Parameter\n"
    "return type(p).__name__, isinstance(p, P), isinstance(s, P), len(list(m.parameters())), repr(p), type(p.grad).__name__",
    "new of data": "import numpy; x = torch.ones(2, dtype=torch.int64)\n"
    "return [x.new(a) for a in ([1], (1, 2), range(3), numpy.array([1.5, 2.0]), x)], x.new(2, 3).shape, x.new(x.shape).shape, x.new()",
    "new of another dtype": "torch.ones(2).half().new(torch.ones(2).long())",
    "new of a number": "torch.ones(2).new(1.5)",
    "parameter of a list": "torch.nn.Parameter([1.0])",
    "grad_fn is stable": R + "y = x * 2; return y.grad_fn is y.grad_fn",
    "constants": R + "return (x > 0).requires_grad, x.argmax().requires_grad",
    "repr": R + "return repr(x), repr(x * 2), repr(torch.nn.Parameter(torch.ones(1))), repr(x.sum())",
    "repr dual": "f = torch.autograd.forward_ad\n"
    "with f.dual_level(): return repr(f.make_dual(torch.ones(2), torch.zeros(2)))",
    "repr dual grad": R
    + "f = torch.autograd.forward_ad\nwith f.dual_level(): return repr(f.make_dual(x, torch.zeros(3)))",
    "no_grad factory": "with torch.no_grad(): return torch.ones(1, requires_grad=True).requires_grad, torch.nn.Linear(1, 1).weight.requires_grad",
    "materialize": R
    + "w = torch.ones(2, requires_grad=True); return torch.autograd.grad(x.sum(), [x, w], materialize_grads=True)",
    "batched": R + "return torch.autograd.grad(x * 2, x, torch.eye(3), is_grads_batched=True)",
    "grad_dtype": R + "return x.grad_dtype, torch.ones(1).grad_dtype",
    "grad_dtype any": R + "x.grad_dtype = None; x.grad = torch.ones(3).double(); return x.grad_dtype, x.grad",
    "anomaly questions": "a = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()\n"
    "torch.set_anomaly_enabled(True, False); b = torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()\n"
    "torch.set_anomaly_enabled(False); return a, b, torch.is_anomaly_enabled()",
    "multithreading": "g = torch.autograd\nwith g.set_multithreading_enabled(False): a = g.is_multithreading_enabled()\nreturn a",
    "raw saved": R + "y = x.exp(); s = y.grad_fn._raw_saved_result; s.register_hooks(lambda t: t * 2, lambda t: t)\n"
    "y.sum().backward(); return type(s).__name__, x.grad",
    "raw saved of an input": R
    + "y = x * x; y.grad_fn._raw_saved_self.register_hooks(lambda t: 3.0, lambda v: torch.full((3,), v))\n"
    "y.sum().backward(); return x.grad",
    "raw saved twice": R + "s = (x * x).grad_fn._raw_saved_self\n"
    "s.register_hooks(lambda t: t, lambda t: t); s.register_hooks(lambda t: t, lambda t: t)",
    "raw saved freed": R
    + "y = x.exp(); s = y.grad_fn._raw_saved_result; y.sum().backward(); s.register_hooks(lambda t: t, lambda t: t)",
    "raw saved arity": R + "(x * x).grad_fn._raw_saved_self.register_hooks(lambda: 1, lambda t: t)",
    "raw saved tensor made": "torch.autograd.SavedTensor()",
    "Function raw saved": R + "class F(torch.autograd.Function):\n    @staticmethod\n"
    "    def forward(ctx, x): ctx.save_for_backward(x); return x * 1\n    @staticmethod\n"
    "    def backward(ctx, g): return g * ctx.saved_tensors[0]\n"
    "y = F.apply(x); y.grad_fn._raw_saved_tensors[0].register_hooks(lambda t: t * 4, lambda t: t)\n"
    "y.sum().backward(); return len(y.grad_fn.next_functions), x.grad",
    "layout policy": R
    + "with torch.autograd.enforce_grad_layout_policy(False): x.sum().backward()\nreturn x.grad, torch.autograd.is_view_replay_enabled()",
}

POINTS = {
    "relu": "torch.relu(x)|[0.]",
    "abs": "x.abs()|[0.]",
    "relu6": "F.relu6(x)|[6., 0.]",
    "leaky_relu": "F.leaky_relu(x)|[0.]",
    "hardtanh": "F.hardtanh(x)|[1., -1.]",
    "clamp": "x.clamp(0, 1)|[0., 1., 2., nan]",
    "clamp min": "x.clamp(min=0)|[0.]",
    "sign": "x.sign()|[0.]",
    "round": "x.round()|[0.5]",
    "floor": "x.floor()|[1.]",
    "sqrt": "x.sqrt()|[0.]",
    "log": "x.log()|[0.]",
    "norm": "x.norm()|[0., 0.]",
    "norm 1": "x.norm(1)|[0., 0.]",
    "max ties": "x.max()|[1., 1., 0.]",
    "max dim ties": "x.max(0)[0]|[1., 1., 0.]",
    "amax ties": "x.amax()|[1., 1., 0.]",
    "min ties": "x.min()|[0., 0., 1.]",
    "maximum ties": "torch.maximum(x[0], x[1])|[1., 1.]",
    "sort ties": "x.sort()[0][0]|[1., 1.]",
    "median ties": "x.median()|[1., 1., 1.]",
    "pow 0": "x ** 0|[0.]",
    "pow 2": "x ** 2|[0.]",
    "pow 0 0": "x[0] ** x[1]|[0., 0.]",
    "pow 0 2": "x[0] ** x[1]|[0., 2.]",
    "pow half": "x ** 0.5|[0.]",
    "prod one zero": "x.prod()|[0., 2., 3.]",
    "prod two zeros": "x.prod()|[0., 0., 3.]",
    "std equal": "x.std()|[1., 1.]",
    "where nan": "torch.where(x > 0, x.sqrt(), torch.zeros(2))|[0., -1.]",
    "atan2": "torch.atan2(x[0], x[1])|[0., 0.]",
    "softplus": "F.softplus(x)|[30.]",
    "mse": "F.mse_loss(x, torch.ones(1))|[1.]",
    "l1": "F.l1_loss(x, torch.ones(1))|[1.]",
    "huber": "F.huber_loss(x, torch.zeros(1))|[1.]",
    "max_pool": "F.max_pool1d(x[None], 2)|[1., 1.]",
    "cosine": "F.cosine_similarity(x, torch.ones(2), 0)|[0., 0.]",
    "x / x": "x / x|[0.]",
    "logsumexp": "x.logsumexp(0)|[-inf, -inf]",
    "softmax": "x.softmax(0)[0]|[-inf, -inf]",
    "elu": "F.elu(x)|[0.]",
    "hardsigmoid": "F.hardsigmoid(x)|[3.]",
    "softshrink": "F.softshrink(x)|[0.5]",
    "fmod": "x.fmod(2)|[2.]",
    "xlogy": "torch.xlogy(x[0], x[1])|[0., 0.]",
    "cummax": "x.cummax(0)[0]|[1., 1.]",
}
