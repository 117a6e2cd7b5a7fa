"""What is timed: small programs written once against torch's names, and run by either library.

A case is a function of the library that prepares its data and returns one step to time. The step returns a tensor or
number of which the first value is compared between the libraries, so that nothing is timed that is not the same.
"""

import layers

CASES: dict = dict(layers.cases())


def case(name):
    """Register the decorated function as the benchmark ``name``."""

    def register(prepare):
        CASES[name] = prepare
        return prepare

    return register


@case("chain of 100 small ops, no grad")
def chain_forward(torch):
    """Nothing but call overhead: 50 multiplications and 50 additions of one element."""
    x, a, b = torch.tensor([1.5]), torch.tensor([1.01]), torch.tensor([0.01])

    def step():
        y = x
        for _ in range(50):
            y = y * a + b
        return y

    return step


@case("chain of 100 small ops, forward + backward")
def chain_backward(torch):
    """The same chain, recorded and swept."""
    x, a, b = torch.tensor([1.5], requires_grad=True), torch.tensor([1.01]), torch.tensor([0.01])

    def step():
        x.grad = None
        y = x
        for _ in range(50):
            y = y * a + b
        y.backward()
        return x.grad

    return step


@case("linear-regression step")
def linear_regression(torch):
    """The tutorial's step: a line through ten points, by hand."""
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 10)
    t = 3 * x + 0.5
    w, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)

    def step():
        loss = ((x * w + b - t) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w.sub_(w.grad, alpha=0.1)
            b.sub_(b.grad, alpha=0.1)
            w.grad.zero_()
            b.grad.zero_()
        return loss

    return step


def _training_step(torch, model, optimizer, loss_of):
    """The usual five lines around a loss."""

    def step():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss

    return step


@case("tiny MLP 2-16-16-1, Adam step")
def tiny_mlp(torch):
    """A network of toy size, where only overhead counts."""
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    x, t = torch.randn(8, 2), torch.randn(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return _training_step(torch, model, optimizer, lambda: nn.functional.mse_loss(model(x), t))


@case("MLP 784-128-10, batch 64, SGD step")
def mnist_mlp(torch):
    """The first network of every course."""
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    x, t = torch.randn(64, 784), torch.randint(0, 10, (64,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return _training_step(torch, model, optimizer, lambda: nn.functional.cross_entropy(model(x), t))


@case("sigmoid(x)*tanh(x)+x**2 on 4M floats, forward + backward")
def elementwise(torch):
    """Bound by memory: how few passes are made."""
    torch.manual_seed(0)
    x = torch.randn(4_000_000, requires_grad=True)

    def step():
        x.grad = None
        y = (torch.sigmoid(x) * torch.tanh(x) + x**2).sum()
        y.backward()
        return y

    return step


@case("matmul 1024x1024, forward + backward")
def matmul(torch):
    """Bound by GEMM: one product, and two with the expanded gradient of a sum."""
    torch.manual_seed(0)
    a, b = torch.randn(1024, 1024, requires_grad=True), torch.randn(1024, 1024, requires_grad=True)

    def step():
        a.grad = b.grad = None
        y = (a @ b).sum()
        y.backward()
        return a.grad.sum()

    return step


@case("matmul 1024x1024, forward + backward of a dense gradient")
def matmul_dense(torch):
    """Bound by GEMM: three full products (an expanded gradient, as sum() gives it, needs only one)."""
    torch.manual_seed(0)
    a, b = torch.randn(1024, 1024, requires_grad=True), torch.randn(1024, 1024, requires_grad=True)
    g = torch.randn(1024, 1024)

    def step():
        a.grad = b.grad = None
        (a @ b).backward(g)
        return a.grad.sum()

    return step


@case("LSTM by hand, 40 steps, width 64, batch 16")
def lstm(torch):
    """A cell of small operations, unrolled: a graph of some 800 nodes."""
    torch.manual_seed(0)
    width, batch = 64, 16
    w = (torch.randn(2 * width, 4 * width) * 0.1).requires_grad_()
    b = torch.zeros(4 * width, requires_grad=True)
    xs = torch.randn(40, batch, width)

    def step():
        w.grad = b.grad = None
        h, c = torch.zeros(batch, width), torch.zeros(batch, width)
        for x in xs:
            i, f, g, o = (torch.cat([x, h], 1) @ w + b).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        loss = h.pow(2).mean()
        loss.backward()
        return loss

    return step


def _block_class(torch, width, heads):
    """A GPT block of that width: causal attention and a GELU network, each behind a layer norm."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            batch, length, _ = x.shape
            q, k, v = self.qkv(self.norm1(x)).split(width, dim=2)
            q, k, v = (t.view(batch, length, heads, width // heads).transpose(1, 2) for t in (q, k, v))
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.proj(y.transpose(1, 2).reshape(batch, length, width))
            return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))

    return Block


@case("GPT stack, 4 layers, width 128, batch 12x64, AdamW step")
def gpt(torch):
    """A character model of the size people train on laptops."""
    torch.manual_seed(0)
    nn = torch.nn
    width, length, vocabulary = 128, 64, 65
    block = _block_class(torch, width, 4)
    model = nn.Sequential(
        nn.Embedding(vocabulary, width), *(block() for _ in range(4)), nn.LayerNorm(width), nn.Linear(width, vocabulary)
    )
    x, t = torch.randint(0, vocabulary, (12, length)), torch.randint(0, vocabulary, (12 * length,))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return _training_step(
        torch, model, optimizer, lambda: nn.functional.cross_entropy(model(x).view(-1, vocabulary), t)
    )


@case("CNN for 28x28, batch 64, SGD step")
def cnn(torch):
    """Two convolutions, two poolings, two linear layers."""
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    x, t = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return _training_step(torch, model, optimizer, lambda: nn.functional.cross_entropy(model(x), t))


@case("Adam step over 200 parameters of 64x64")
def adam(torch):
    """The optimizer alone."""
    torch.manual_seed(0)
    params = [torch.randn(64, 64).requires_grad_() for _ in range(200)]
    for p in params:
        p.grad = torch.randn(64, 64)
    optimizer = torch.optim.Adam(params, lr=1e-4)

    def step():
        optimizer.step()
        return params[0].sum()

    return step


@case("layer_norm 1024x512, forward + backward")
def layer_norm(torch):
    """A fused pair with a reduction over rows."""
    torch.manual_seed(0)
    x = torch.randn(1024, 512, requires_grad=True)
    norm = torch.nn.LayerNorm(512)
    g = torch.randn(1024, 512)

    def step():
        x.grad = None
        norm.zero_grad()
        norm(x).backward(g)
        return x.grad.abs().sum()

    return step


@case("cross_entropy 1024x1000, forward + backward")
def cross_entropy(torch):
    """Softmax, logarithm and choice in one."""
    torch.manual_seed(0)
    x = torch.randn(1024, 1000, requires_grad=True)
    t = torch.randint(0, 1000, (1024,))

    def step():
        x.grad = None
        loss = torch.nn.functional.cross_entropy(x, t)
        loss.backward()
        return loss

    return step


@case("embedding 10000x128, batch 64x64, forward + backward")
def embedding(torch):
    """Gather rows, and add their gradients back."""
    torch.manual_seed(0)
    table = torch.nn.Embedding(10_000, 128)
    rows = torch.randint(0, 10_000, (64, 64))

    def step():
        table.weight.grad = None
        y = table(rows).pow(2).sum()
        y.backward()
        return y

    return step


def _one_million(torch, step_of):
    """A step over 256x4096 floats: forward, and backward of a dense gradient."""
    torch.manual_seed(0)
    x = torch.randn(256, 4096, requires_grad=True)
    g = torch.ones_like(x)

    def step():
        x.grad = None
        step_of(x).backward(g)
        return x.grad.sum()

    return step


@case("gelu, 1 M floats, forward + backward")
def gelu(torch):
    """The activation of transformers."""
    return _one_million(torch, torch.nn.functional.gelu)


@case("silu, hardswish and leaky_relu, 1 M floats, forward + backward")
def activations(torch):
    """Three activations of convolutional networks, one after the other."""
    F = torch.nn.functional
    return _one_million(torch, lambda x: F.leaky_relu(F.hardswish(F.silu(x)), 0.1))


@case("rows scaled by a column, 1 M floats, forward + backward")
def scaled_rows(torch):
    """Broadcasting along the last dim."""
    column = torch.linspace(0.5, 1.5, 256).unsqueeze(1)
    return _one_million(torch, lambda x: x * column)


@case("cumsum over rows, 1 M floats, forward + backward")
def running_sums(torch):
    """Sums that wait for each other along a row."""
    return _one_million(torch, lambda x: x.cumsum(-1))


@case("cdist 256x256 of 64, forward + backward")
def distances(torch):
    """Distances of all rows to all others, by one product of matrices."""
    torch.manual_seed(0)
    a, b = torch.randn(256, 64, requires_grad=True), torch.randn(256, 64)

    def step():
        a.grad = None
        y = torch.cdist(a, b).sum()
        y.backward()
        return y

    return step


@case("grid_sample 8x32x32x32, forward + backward")
def sampled_grid(torch):
    """Images at the points of a grid, with the gradients of both."""
    torch.manual_seed(0)
    leaves = torch.randn(8, 32, 32, 32).requires_grad_(), (torch.rand(8, 32, 32, 2) * 2 - 1).requires_grad_()

    def step():
        y = torch.nn.functional.grid_sample(*leaves, align_corners=False).sum()
        torch.autograd.grad(y, leaves)
        return y

    return step


@case("CTC loss of 32 samples, forward + backward")
def alignments(torch):
    """The recursion over 100 steps and 20 labels each."""
    torch.manual_seed(0)
    scores = torch.randn(100, 32, 60, requires_grad=True)
    labels, steps, length = torch.randint(1, 60, (32, 20)), torch.full((32,), 100), torch.full((32,), 20)

    def step():
        scores.grad = None
        loss = torch.nn.functional.ctc_loss(scores.log_softmax(-1), labels, steps, length)
        loss.backward()
        return loss

    return step


@case("trunc_normal_, then remainder, 1 M floats")
def inverse_functions(torch):
    """Functions that are slow one number at a time."""
    x = torch.empty(1 << 20)
    return lambda: torch.nn.init.trunc_normal_(x, generator=torch.Generator().manual_seed(0)).remainder(0.25)


@case("unique of 100 k integers, with inverse")
def distinct(torch):
    """What gives classes their numbers."""
    x = torch.arange(100_000) * 7919 % 1000

    return lambda: torch.unique(x, return_inverse=True)[1]
