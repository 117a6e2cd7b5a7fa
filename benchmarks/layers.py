"""Single layers at the sizes of common training scripts: forward without a graph, and forward with backward."""

# name: the layer as an expression over nn, and the sizes of its input
LAYERS = {
    "conv 3->32 3x3 of 32x32, batch 32": ("Conv2d(3, 32, 3, padding=1)", (32, 3, 32, 32)),
    "conv 3->64 7x7 stride 2 of 64x64, batch 16": ("Conv2d(3, 64, 7, 2, 3)", (16, 3, 64, 64)),
    "conv 1->6 5x5 of 28x28, batch 64": ("Conv2d(1, 6, 5)", (64, 1, 28, 28)),
    "conv 6->16 5x5 of 12x12, batch 64": ("Conv2d(6, 16, 5)", (64, 6, 12, 12)),
    "conv 16->16 3x3 of 32x32, batch 32": ("Conv2d(16, 16, 3, padding=1)", (32, 16, 32, 32)),
    "conv 64->64 3x3 of 16x16, batch 32": ("Conv2d(64, 64, 3, padding=1)", (32, 64, 16, 16)),
    "conv 128->128 3x3 of 8x8, batch 32": ("Conv2d(128, 128, 3, padding=1)", (32, 128, 8, 8)),
    "conv 64->128 3x3 stride 2 of 16x16, batch 32": ("Conv2d(64, 128, 3, 2, 1)", (32, 64, 16, 16)),
    "conv 64->128 1x1 of 16x16, batch 32": ("Conv2d(64, 128, 1)", (32, 64, 16, 16)),
    "depthwise 32 3x3 of 32x32, batch 32": ("Conv2d(32, 32, 3, padding=1, groups=32)", (32, 32, 32, 32)),
    "depthwise 64 3x3 stride 2 of 32x32, batch 16": ("Conv2d(64, 64, 3, 2, 1, groups=64)", (16, 64, 32, 32)),
    "depthwise 128 3x3 of 8x8, batch 32": ("Conv2d(128, 128, 3, padding=1, groups=128)", (32, 128, 8, 8)),
    "depthwise 96 7x7 of 14x14, batch 16": ("Conv2d(96, 96, 7, padding=3, groups=96)", (16, 96, 14, 14)),
    "grouped 64->64 by 8 3x3 of 16x16, batch 32": ("Conv2d(64, 64, 3, padding=1, groups=8)", (32, 64, 16, 16)),
    "grouped 128->128 by 32 3x3 of 16x16, batch 16": ("Conv2d(128, 128, 3, padding=1, groups=32)", (16, 128, 16, 16)),
    "dilated 32->32 3x3 of 32x32, batch 16": ("Conv2d(32, 32, 3, padding=2, dilation=2)", (16, 32, 32, 32)),
    "dilated 64->64 3x3 of 28x28, batch 16": ("Conv2d(64, 64, 3, padding=4, dilation=4)", (16, 64, 28, 28)),
    "transposed 100->256 4x4 of 1x1, batch 64": ("ConvTranspose2d(100, 256, 4, bias=False)", (64, 100, 1, 1)),
    "transposed 128->64 4x4 stride 2 of 8x8, batch 32": (
        "ConvTranspose2d(128, 64, 4, 2, 1, bias=False)",
        (32, 128, 8, 8),
    ),
    "transposed 64->3 4x4 stride 2 of 32x32, batch 32": (
        "ConvTranspose2d(64, 3, 4, 2, 1, bias=False)",
        (32, 64, 32, 32),
    ),
    "transposed 128->64 2x2 stride 2 of 16x16, batch 16": ("ConvTranspose2d(128, 64, 2, 2)", (16, 128, 16, 16)),
    "transposed 16->1 3x3 stride 2 of 14x14, batch 64": (
        "ConvTranspose2d(16, 1, 3, 2, 1, output_padding=1)",
        (64, 16, 14, 14),
    ),
    "conv3d 1->8 3x3x3 of 16x32x32, batch 8": ("Conv3d(1, 8, 3, padding=1)", (8, 1, 16, 32, 32)),
    "conv3d 8->16 3x3x3 of 16x16x16, batch 16": ("Conv3d(8, 16, 3, padding=1)", (16, 8, 16, 16, 16)),
    "conv3d 16->32 3x3x3 of 8x16x16, batch 8": ("Conv3d(16, 32, 3, padding=1)", (8, 16, 8, 16, 16)),
    "conv1d 1->16 5 of 1000, batch 32": ("Conv1d(1, 16, 5, padding=2)", (32, 1, 1000)),
    "conv1d 32->64 3 of 256, batch 32": ("Conv1d(32, 64, 3, padding=1)", (32, 32, 256)),
    "conv1d 64->64 15 of 256, batch 16": ("Conv1d(64, 64, 15, padding=7)", (16, 64, 256)),
    "conv1d 64->64 3 dilation 4 of 512, batch 16": ("Conv1d(64, 64, 3, padding=4, dilation=4)", (16, 64, 512)),
    "conv1d 128->128 3 of 64, batch 32": ("Conv1d(128, 128, 3, padding=1)", (32, 128, 64)),
    "max_pool1d 2 of 1000, batch 32x16": ("MaxPool1d(2)", (32, 16, 1000)),
    "max_pool1d 3 stride 2 of 512, batch 32x64": ("MaxPool1d(3, 2, 1)", (32, 64, 512)),
    "max_pool2d 2 of 32x32, batch 32x32": ("MaxPool2d(2)", (32, 32, 32, 32)),
    "max_pool2d 3 stride 2 of 32x32, batch 16x64": ("MaxPool2d(3, 2, 1)", (16, 64, 32, 32)),
    "avg_pool1d 4 of 512, batch 32x64": ("AvgPool1d(4)", (32, 64, 512)),
    "avg_pool2d 2 of 32x32, batch 32x32": ("AvgPool2d(2)", (32, 32, 32, 32)),
    "avg_pool2d 3 stride 1 of 32x32, batch 16x64": ("AvgPool2d(3, 1, 1)", (16, 64, 32, 32)),
    "adaptive_avg_pool2d to 1 of 16x16, batch 32x128": ("AdaptiveAvgPool2d(1)", (32, 128, 16, 16)),
    "adaptive_avg_pool2d to 6 of 16x16, batch 32x64": ("AdaptiveAvgPool2d(6)", (32, 64, 16, 16)),
    "adaptive_max_pool2d to 7 of 28x28, batch 16x64": ("AdaptiveMaxPool2d(7)", (16, 64, 28, 28)),
    "upsample nearest 2 of 16x16, batch 32x64": ("Upsample(scale_factor=2)", (32, 64, 16, 16)),
    "upsample bilinear 2 of 16x16, batch 32x64": ("Upsample(scale_factor=2, mode='bilinear')", (32, 64, 16, 16)),
    "upsample bicubic 2 of 16x16, batch 16x16": ("Upsample(scale_factor=2, mode='bicubic')", (16, 16, 16, 16)),
    "LSTM 128->128, 50 steps, batch 32": ("LSTM(128, 128, batch_first=True)", (32, 50, 128)),
    "LSTM 28->128, 28 steps, batch 64": ("LSTM(28, 128, batch_first=True)", (64, 28, 28)),
    "LSTM 64->256, 2 layers, 35 steps, batch 20": ("LSTM(64, 256, 2)", (35, 20, 64)),
    "LSTM 1->32, 100 steps, batch 16": ("LSTM(1, 32, batch_first=True)", (16, 100, 1)),
    "GRU 128->128, 50 steps, batch 32": ("GRU(128, 128, batch_first=True)", (32, 50, 128)),
    "GRU 64->64 both ways, 30 steps, batch 16": ("GRU(64, 64, bidirectional=True)", (30, 16, 64)),
}


def _prepared(torch, layer, sizes):
    """The module, its input and a gradient of its result."""
    torch.manual_seed(0)
    module = eval(f"nn.{layer}", {"nn": torch.nn})
    x = torch.randn(*sizes, requires_grad=True)
    first = module(x)
    return module, x, torch.randn_like(first[0] if isinstance(first, tuple) else first)


def forward(torch, layer, sizes):
    """The layer without a graph."""
    module, x, _ = _prepared(torch, layer, sizes)

    def step():
        with torch.no_grad():
            y = module(x)
        return y[0] if isinstance(y, tuple) else y

    return step


def forward_backward(torch, layer, sizes):
    """The layer, and the gradients of its input and parameters for a dense gradient of its result."""
    module, x, g = _prepared(torch, layer, sizes)

    def step():
        x.grad = None
        module.zero_grad()
        y = module(x)
        (y[0] if isinstance(y, tuple) else y).backward(g)
        return x.grad

    return step


def cases():
    """Name and preparation of every case."""
    for name, (layer, sizes) in LAYERS.items():
        for part in (forward, forward_backward):
            label = f"{name}, {'forward' if part is forward else 'forward + backward'}"
            yield label, lambda torch, a=part, b=layer, c=sizes: a(torch, b, c)
