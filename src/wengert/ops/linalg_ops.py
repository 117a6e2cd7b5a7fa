"""Products of many tensors: einsum, multi_dot, chain_matmul, vecdot."""

from functools import cache
from math import prod

from . import norms, unique  # noqa: F401  (their declarations)
from ._declare import composite
from ._notices import notice
from .arithmetic import conj, mul
from .matmul import bmm, matmul

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _refuse(message):
    raise RuntimeError(f"einsum(): {message}")


def _refuse_nothing():
    raise ValueError(
        "einsum(): must specify the equation string and at least one operand, "
        "or at least one operand and its subscripts list"
    )


def _from_lists(operands):
    """einsum(a, [0, 1], b, [1, 2], [0, 2]) as an equation and tensors."""

    def text(subscripts):
        out = []
        for s in subscripts:
            if s is Ellipsis:
                out.append("...")
            elif not 0 <= s < 52:
                raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
            else:
                out.append(_LETTERS[s])
        return "".join(out)

    tensors = list(operands[: len(operands) // 2 * 2 : 2])
    equation = ",".join(text(s) for s in operands[1::2][: len(tensors)])
    if len(operands) % 2:
        equation += "->" + text(operands[-1])
    return equation, tensors


def _labels(text, whole, operand=None):
    """The subscripts of one operand (None: of the output), "..." for an ellipsis."""
    labels, i = [], 0
    offset = whole.index(text) if text in whole else 0
    while i < len(text):
        ch = text[i]
        if ch == " ":
            i += 1
        elif ch == ".":
            where = "output" if operand is None else f"operand {operand}"
            if "..." in labels:
                again = "but an ellipsis (...)" if operand is None else "for which an ellipsis"
                _refuse(f"found '.' for {where} {again} was already found")
            if text[i : i + 3] != "...":
                shown = " (...)" if operand is None else ""
                _refuse(f"found '.' for {where} that is not part of any ellipsis{shown}")
            labels.append("...")
            i += 3
        elif ch.isascii() and ch.isalpha():
            labels.append(ch)
            i += 1
        else:
            where = f"given at index {offset + i} in the equation string"
            _refuse(f"invalid subscript {where}, subscripts must be in [a-zA-Z]")
    return labels


def _parse(equation, ndims):
    """Subscripts of each operand and of the output, ellipses spelt out as numbers from the right."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) > len(ndims):
        _refuse("fewer operands were provided than specified in the equation")
    if len(terms) < len(ndims):
        _refuse("more operands were provided than specified in the equation")
    inputs, dots = [], 0
    for k, (term, ndim) in enumerate(zip(terms, ndims)):
        labels = _labels(term, equation, k)
        named = sum(x != "..." for x in labels)
        hidden = ndim - named
        if hidden < 0 or (hidden and "..." not in labels):
            spread = "..." in labels
            _refuse(
                f"the number of subscripts in the equation ({named}) {'is more than' if spread else 'does not match'} the "
                f"number of dimensions ({ndim}) for operand {k}{'' if spread else ' and no ellipsis was given'}"
            )
        spelt = []
        for x in labels:
            spelt.extend(range(hidden, 0, -1) if x == "..." else [x])
        dots = max(dots, hidden if "..." in labels else 0)
        inputs.append(spelt)
    seen = [x for labels in inputs for x in labels]
    hidden = list(range(dots, 0, -1))
    if not arrow:
        once = sorted({x for x in seen if not isinstance(x, int) and seen.count(x) == 1})
        return inputs, hidden + once
    output = []
    for x in _labels(right, equation):
        if x != "..." and x not in seen:
            _refuse(f"output subscript {x} does not appear in the equation for any input operand")
        if x in output:
            _refuse(f"output subscript {x} appears more than once in the output")
        output.extend(hidden if x == "..." else [x])
    return inputs, output


def _with_sizes(inputs, operands):
    """The size of every subscript; repeated subscripts of one operand become its diagonal."""
    sizes = {}
    for k, (labels, operand) in enumerate(zip(inputs, operands)):
        for x in dict.fromkeys(labels):
            while labels.count(x) > 1:
                i = labels.index(x)
                j = labels.index(x, i + 1)
                if operand.shape[i] != operand.shape[j]:
                    _refuse(
                        f"subscript {x} is repeated for operand {k} but the sizes don't match, "
                        f"{operand.shape[j]} != {operand.shape[i]}"
                    )
                operand = operand.diagonal(0, i, j)
                labels.pop(j), labels.pop(i)
                labels.append(x)
        operands[k] = operand
        for x, n in zip(labels, operand.shape):
            if sizes.get(x, 1) == 1:
                sizes[x] = n
            elif n not in (1, sizes[x]):
                _refuse(
                    f"subscript {x} has size {n} for operand {k} which does not broadcast "
                    f"with previously seen size {sizes[x]}"
                )
    return sizes


def _arranged(operand, labels, order):
    """operand with a dim for each subscript in order, of size 1 where it has none."""
    operand = operand.permute([labels.index(x) for x in order if x in labels])
    own = iter(operand.shape)
    return operand.reshape([next(own) if x in labels else 1 for x in order])


def _without(operand, labels, x, summed):
    """operand without the dim of subscript x, which is summed or of size 1."""
    i = labels.index(x)
    return operand.sum(i) if summed else operand.squeeze(i), labels[:i] + labels[i + 1 :]


def _pair(a, a_labels, b, b_labels, keep):
    """The product of two operands, summed over what neither the output nor a later operand needs."""
    for x in [x for x in a_labels if x in b_labels]:
        n, m = a.shape[a_labels.index(x)], b.shape[b_labels.index(x)]
        if n == 1 and m != 1:  # broadcast: leave it out
            a, a_labels = _without(a, a_labels, x, False)
        elif m == 1 and n != 1:
            b, b_labels = _without(b, b_labels, x, False)
    for x in [x for x in a_labels if x not in keep and x not in b_labels]:
        a, a_labels = _without(a, a_labels, x, True)
    for x in [x for x in b_labels if x not in keep and x not in a_labels]:
        b, b_labels = _without(b, b_labels, x, True)
    batch = [x for x in a_labels if x in b_labels and x in keep]
    summed = [x for x in a_labels if x in b_labels and x not in keep]
    rows = [x for x in a_labels if x not in b_labels]
    columns = [x for x in b_labels if x not in a_labels]
    labels = batch + rows + columns
    if not summed:
        return mul(_arranged(a, a_labels, labels), _arranged(b, b_labels, labels)), labels
    size = {**dict(zip(b_labels, b.shape)), **dict(zip(a_labels, a.shape))}

    def many(group):
        n = 1
        for x in group:
            n *= size[x]
        return n

    left = _arranged(a, a_labels, batch + rows + summed).reshape(many(batch), many(rows), many(summed))
    right = _arranged(b, b_labels, batch + summed + columns).reshape(many(batch), many(summed), many(columns))
    return bmm(left, right).reshape([size[x] for x in labels]), labels


@cache
def _recipe(equation, *shapes):
    """How an equation of two operands is one product of matrices: the order of dims and the shape for each operand, the
    shape and the order of the product's dims. None: something is broadcast, a diagonal, summed in one operand alone."""
    (a, b), output = _parse(equation, [len(shape) for shape in shapes])
    size = dict(zip(a, shapes[0]))
    same = all(size.setdefault(x, n) == n for x, n in zip(b, shapes[1]))
    lonely = any(x not in output and (x in a) != (x in b) for x in size)
    summed = [x for x in a if x in b and x not in output]
    if not same or lonely or not summed or len(set(a)) < len(a) or len(set(b)) < len(b):
        return None
    batch = [x for x in a if x in b and x in output]
    rows, columns = [x for x in a if x not in b], [x for x in b if x not in a]
    labels = batch + rows + columns

    def arranged(own, *groups):
        order = [own.index(x) for group in groups for x in group]
        shape = tuple(prod(size[x] for x in group) for group in groups)
        plain = order == list(range(len(own)))
        return None if plain else order, None if plain and shape == tuple(size[x] for x in own) else shape

    made = [labels.index(x) for x in output]
    return (
        *arranged(a, batch, rows, summed),
        *arranged(b, batch, summed, columns),
        [size[x] for x in labels],
        made,
    )


def _by_recipe(a_order, a_shape, b_order, b_shape, shape, order, a, b):
    a, b = a if a_order is None else a.permute(a_order), b if b_order is None else b.permute(b_order)
    product = bmm(a if a_shape is None else a.reshape(a_shape), b if b_shape is None else b.reshape(b_shape))
    return product.reshape(shape).permute(order)


@composite("einsum(any equation, any operands)", method=False)
def einsum(*args):
    """Sums of products named by an equation such as "ij,jk->ik".

    >>> wengert.einsum("ij,jk->ik", wengert.ones(2, 3), wengert.ones(3, 4)).shape
    torch.Size([2, 4])
    """
    if len(args) < 2:
        _refuse_nothing()
    equation, operands = (args[0], list(args[1:])) if isinstance(args[0], str) else _from_lists(args)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    if not operands:
        _refuse_nothing()
    if len(operands) == 2:
        recipe = _recipe(equation, *(operand.shape for operand in operands))
        if recipe is not None:
            return _by_recipe(*recipe, *operands)
    inputs, output = _parse(equation, [operand.ndim for operand in operands])
    _with_sizes(inputs, operands)
    result, labels = operands[0], inputs[0]
    for k in range(1, len(operands)):
        later = {x for rest in inputs[k + 1 :] for x in rest}
        result, labels = _pair(result, labels, operands[k], inputs[k], later | set(output))
    for x in [x for x in labels if x not in output]:
        result, labels = _without(result, labels, x, True)
    return result.permute([labels.index(x) for x in output])


def _cost(sizes):
    """Matrix-chain order: splits[i][j] is where the product of i … j is cut."""
    n = len(sizes) - 1
    cost = [[0] * n for _ in range(n)]
    splits = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            options = [(cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i][j], splits[i][j] = min(options)
    return splits


_NAMES = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}


def _check_chain(tensors):
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    ends = (("first", tensors[0]), ("last", tensors[-1]))
    for name, t in ends:
        if t.ndim not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {name} tensor must be 1D or 2D but got {t.ndim}D")
    for k, t in enumerate(tensors):
        if 0 < k < len(tensors) - 1 and t.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {k} must be 2D but got {t.ndim}D")
        if t.dtype != tensors[0].dtype:
            first, other = (str(d.dtype).rpartition(".")[2] for d in (tensors[0], t))
            raise RuntimeError(
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{_NAMES.get(first, first)} and tensor {k} {_NAMES.get(other, other)}"
            )


@composite("linalg_multi_dot(Tensor[] tensors)", method=False, function=False, aliases=("linalg.multi_dot",), out=True)
def linalg_multi_dot(tensors):
    """The product of two or more matrices in the cheapest order; the ends may be vectors."""
    _check_chain(tensors)
    chain = list(tensors)
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = chain[0].unsqueeze(0)
    if column:
        chain[-1] = chain[-1].unsqueeze(1)
    for k in range(len(chain) - 1):
        if chain[k].shape[1] != chain[k + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {k} and {k + 1} with shapes {list(chain[k].shape)} and "
                f"{list(chain[k + 1].shape)} cannot be multiplied"
            )
    splits = _cost([chain[0].shape[0]] + [t.shape[1] for t in chain])

    def product(i, j):
        return chain[i] if i == j else matmul(product(i, splits[i][j]), product(splits[i][j] + 1, j))

    result = product(0, len(chain) - 1)
    if row:
        result = result.squeeze(0)
    return result.squeeze(-1) if column else result


@composite("chain_matmul(any matrices)", method=False, out=True)
def chain_matmul(*matrices):
    """The product of matrices in the cheapest order: linalg.multi_dot of them."""
    notice("chain_matmul", 5)
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for t in matrices:
        if not isinstance(t, (list, tuple)) and t.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {t.ndim}, expected 2 instead.")
    if len(matrices) == 1 and not isinstance(matrices[0], (list, tuple)):
        return matrices[0]
    return linalg_multi_dot(list(matrices))


@composite(
    "linalg_vecdot(Tensor x, Tensor y, *, int dim=-1)",
    method=False,
    function=False,
    aliases=("linalg.vecdot",),
    out=True,
)
def linalg_vecdot(x, y, *, dim=-1):
    """Sums of conj(x) * y along a dim, broadcast."""
    return mul(conj(x), y).sum(dim)
