"""Memory formats: the strides of torch, the values of row-major tensors, in calls and in gradients."""

import pytest

import wengert as wg

CONVERSIONS = """
m.empty(2, 0, 3, 4, memory_format=CL)
m.empty(0, 3, 4, 5, memory_format=CL)
m.empty(2, 3, memory_format=CL)
m.empty(2, 3, memory_format=PF)
m.empty(2, 3, memory_format=3)
m.empty(2, 0, 3, 4).is_contiguous(memory_format=CL)
m.empty(1, 1, 4, 5).is_contiguous(memory_format=CL)
x.is_contiguous(memory_format=CL), c.is_contiguous(memory_format=CL), c.is_contiguous(), z.is_contiguous(memory_format=C3)
x.is_contiguous(memory_format=3)
x.is_contiguous(3)
x[0].is_contiguous(memory_format=CL)
x.contiguous(memory_format=PF)
c.contiguous()
x[0].contiguous(memory_format=CL)
x.clone(memory_format=CL)
x.clone(memory_format=C3)
c.clone()
c.clone(memory_format=CF)
x[:, ::2].permute(0, 2, 3, 1).clone()
x[:, ::2].permute(0, 2, 3, 1).double()
x[:, :1].expand(2, 3, 4, 5).clone()
x.to(memory_format=CL)
x[0].to(memory_format=CL)
c.to(memory_format=CL) is c
c.to(memory_format=PF) is c
c.to(memory_format=CF)
c.to(m.float64)
c.to(m.float64, memory_format=CF)
x.to(c.double(), memory_format=CL)
c.to("cpu", copy=True)
c.to("cpu", copy=True, memory_format=CF)
x.to(m.float32, True, True, memory_format=CL)
x.to(m.float64, "cpu")
x.to("cpu", True)
x.to([1])
x.to(m.float64, dtype=m.float32)
x.to(m.float64, copy=None)
x.to("cpu", m.float64, True, True, 1)
x.half(memory_format=CL), c.bool(memory_format=CF), x.float(memory_format=CL), x.cpu(memory_format=CL)
m.zeros_like(c), m.zeros_like(c, memory_format=CF), m.ones_like(x, memory_format=CL)
m.full_like(x, 3, memory_format=CL), m.rand_like(x, memory_format=CL), m.randint_like(x, 1, 3, memory_format=CL)
m.empty_like(x[0], memory_format=CL)
m.empty(0).resize_(2, 3, 4, 5, memory_format=CL)
m.empty(0).resize_(2, 3, 4, 5, memory_format=PF)
m.empty(0).resize_as_(c), m.empty(0).resize_as_(c, memory_format=PF)
m.empty(4, 1, 5, 5).to(memory_format=CL), m.empty(4, 1, 5, 5).contiguous(memory_format=CL)
m.empty(4, 3, 1, 1).to(memory_format=CL), m.empty(4, 3, 1, 1, memory_format=CL).contiguous()
m.nn.Conv2d(3, 4, 3).to(memory_format=CL).weight.detach()
m.empty(2, 3, 4).dim_order(ambiguity_check=3)
m.empty(2, 1, 4).dim_order(ambiguity_check=True)
m.empty(2, 3).expand(4, 2, 3).dim_order(ambiguity_check=True)
m.empty(2, 3, 4, 4).permute(3, 1, 2, 0).dim_order(ambiguity_check=[CF, CL])
m.empty(2, 1, 4, 4).dim_order(ambiguity_check=[CF])
m.empty(2, 3, 1, 7).dim_order(ambiguity_check=[CF, CL]), m.empty(2, 3, 1, 7).dim_order(ambiguity_check=[CF])
m.empty(2, 1, 5, 7, memory_format=CL).dim_order(ambiguity_check=[CL])
m.empty(2, 3, 1, 7).dim_order(ambiguity_check=True)
c.dim_order(), m.empty(2, 1, 4, 1).dim_order(), m.empty(2, 3).expand(4, 2, 3).dim_order()
m.empty(2, 1, 4, 4, memory_format=CL).double(), m.empty_like(m.empty(2, 1, 4, 4, memory_format=CL))
m.empty(0, 3, 4, 4, memory_format=CL).clone()
F.batch_norm(c[:0], m.zeros(3), m.ones(3)), F.batch_norm(c[:, :1], m.zeros(1), m.ones(1))
m.nn.Conv2d(3, 4, 1).to(memory_format=CL)(c[:0]).detach()
F.max_pool3d(z[0], 2), F.max_pool3d(z[0], 2, return_indices=True)[1], F.avg_pool3d(z[0], 2)
attend(m.rand(2, 3, 5, 4)), attend(m.rand(2, 5, 3, 4).transpose(1, 2)), attend(m.rand(5, 2, 3, 4).permute(1, 2, 0, 3))
attend(m.rand(2, 3, 4, 5).transpose(2, 3)), attend(m.rand(2, 1, 5, 4).expand(2, 3, 5, 4))
attend(m.rand(2, 5, 24)[..., :12].view(2, 5, 3, 4).transpose(1, 2))
gradient(m.rand(2, 5, 24)[..., :12].view(2, 5, 3, 4).transpose(1, 2))
""".strip().splitlines()

# of c (channels last), z (volumes, channels last) and w (a kernel of images)
OPS = """
F.conv2d(c, w, padding=1)
F.conv2d(c, w, groups=1, stride=2)
F.conv2d(c, w.to(memory_format=CL))
F.conv2d(c.contiguous(), w.to(memory_format=CL))
F.conv2d(c, m.ones(6, 3, 4, 5))
F.conv_transpose2d(c, w.transpose(0, 1))
F.max_pool2d(c, 2)
F.avg_pool2d(c, 2)
F.adaptive_avg_pool2d(c, 2)
F.adaptive_avg_pool2d(c, 1)
F.adaptive_max_pool2d(c, 2)
F.max_pool3d(z, (1, 2, 2))
F.avg_pool3d(z, (1, 2, 2))
F.adaptive_avg_pool3d(z, 1)
F.batch_norm(c, None, None, training=True)
F.batch_norm(z, m.zeros(3), m.ones(3), training=False)
F.group_norm(c, 3)
F.interpolate(c, scale_factor=2)
F.interpolate(c, scale_factor=2, mode="bilinear")
F.interpolate(c, size=(4, 5))
F.interpolate(z, scale_factor=2, mode="trilinear")
F.pad(c, (1, 1))
F.pad(c, (1, 1, 1, 1), mode="reflect")
F.pad(c, (1, 1, 1, 1), mode="replicate")
F.pixel_unshuffle(m.cat([c, c], 2)[..., :4].contiguous(memory_format=CL), 2)
F.channel_shuffle(m.cat([c, c], 1), 2)
F.relu(c) + c.mean((2, 3), keepdim=True)
F.rms_norm(c, (5,))
F.pad(c, (1, 2, -1, 2), mode="circular")
F.max_unpool2d(*F.max_pool2d(c, 2, return_indices=True), 2, output_size=(4, 5))
F.softmax(c, 1)
m.cat([c, c], 1)
m.cat([c, c.contiguous()], 1)
m.cat([c, c], -1)
m.stack([c, c])
m.stack([c, c], 1)
m.stack([c, c], -1)
m.stack([z, z], 2)
c.flip(1)
c.permute(3, 0, 1, 2).flip(0)
c.roll(1, 1)
c.roll((1, 2), (0, 1))
c.rot90(1, [2, 3])
c.sort(1)[0]
x[:, :, ::2].permute(0, 2, 1, 3).sort()[0]
m.complex(c, c)
c.topk(2, 1)[0]
""".strip().splitlines()


def shown(value, kind):
    if isinstance(value, tuple):
        return tuple(shown(v, kind) for v in value)
    return (tuple(value.shape), value.stride(), str(value.dtype)) if isinstance(value, kind) else str(value)


def run(m, line, **names):
    scope = {"m": m, "F": m.nn.functional, "CL": m.channels_last, "C3": m.channels_last_3d}

    def attend(q):
        return m.nn.functional.scaled_dot_product_attention(q, q, q)

    def gradient(q):
        attend(q.requires_grad_()).sum().backward()
        return q.grad

    scope |= {"attend": attend, "gradient": gradient}
    scope |= {"PF": m.preserve_format, "CF": m.contiguous_format}
    x = m.arange(120.0).reshape(2, 3, 4, 5).sin()
    z = m.arange(480.0).reshape(2, 3, 4, 4, 5).cos()
    scope |= {"x": x, "w": m.arange(162.0).reshape(6, 3, 3, 3).cos()}
    scope |= {"c": x.to(memory_format=m.channels_last), "z": z.to(memory_format=m.channels_last_3d)} | names
    try:
        return eval(line, scope)
    except (RuntimeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("line", CONVERSIONS + OPS)
def test_strides_are_torch_s(line):
    torch = pytest.importorskip("torch")
    assert shown(run(wg, line), wg.Tensor) == shown(run(torch, line), torch.Tensor)


@pytest.mark.parametrize("line", OPS)
def test_values_and_gradients_are_those_of_row_major_tensors(line):
    results = []
    for formats in ((wg.channels_last, wg.channels_last_3d), (wg.contiguous_format, wg.contiguous_format)):
        c = wg.arange(120.0).reshape(2, 3, 4, 5).sin().to(memory_format=formats[0]).requires_grad_()
        z = wg.arange(480.0).reshape(2, 3, 4, 4, 5).cos().to(memory_format=formats[1]).requires_grad_()
        w = wg.arange(162.0).reshape(6, 3, 3, 3).cos().requires_grad_()
        y = run(wg, line, c=c, z=z, w=w, x=c)
        (y.abs() * wg.arange(float(y.numel())).reshape(y.shape)).sum().backward()
        for t in (c, z):
            assert t.grad is None or t.grad.stride() == t.stride()
        results.append([y.detach(), *(t.grad for t in (c, z, w))])
    for a, b in zip(*results):
        assert (a is None) == (b is None)
        if a is not None:
            wg.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
