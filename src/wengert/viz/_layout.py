"""Place a directed graph in layers: rank, order against crossings, and straighten (the steps of Sugiyama's method)."""

import itertools
from bisect import bisect_right, insort

BEND = 6.0  # the room that a passing edge takes in a layer


class Layout:
    """Where everything is: ``centre[i]`` of each node, ``routes`` as a list of points for each edge, and the size."""

    __slots__ = ("centre", "height", "routes", "width")


def ranks(count, edges):
    """The length of the longest path from each node down to a sink; nodes are numbered sinks first."""
    below = [[] for _ in range(count)]
    for tail, head in edges:
        below[tail].append(head)
    rank = [0] * count
    for node in range(count):
        rank[node] = 1 + max((rank[head] for head in below[node]), default=-1)
    return rank


def _with_bends(count, edges, rank):
    """Split edges that pass through layers: ``(layers, up, down, chains)``, with a bend for each layer passed."""
    layers = [[] for _ in range(max(rank) + 1)]
    for node in range(count):
        layers[rank[node]].append(node)
    down, chains, total = [[] for _ in range(count)], [], count
    for tail, head in edges:
        chain = [tail]
        for level in range(rank[tail] - 1, rank[head], -1):
            layers[level].append(total)
            down.append([])
            chain.append(total)
            total += 1
        chain.append(head)
        chains.append(chain)
        for a, b in itertools.pairwise(chain):
            down[a].append(b)
    up = [[] for _ in range(total)]
    for a, heads in enumerate(down):
        for b in heads:
            up[b].append(a)
    return layers, up, down, chains


def _crossings(layers, up):
    """How many pairs of edges cross, over all layers."""
    crossings = 0
    for lower, upper in itertools.pairwise(layers):
        place = {node: k for k, node in enumerate(upper)}
        seen = []
        for node in lower:
            ends = sorted(place[a] for a in up[node])
            crossings += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return crossings


def _order(layers, up, down, sweeps=12):
    """Order each layer by the mean place of the neighbours, sweeping up and down; the best order seen is returned."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, up)
    for sweep in range(sweeps):
        upward = sweep % 2 == 0
        neighbours = down if upward else up
        levels = range(1, len(layers)) if upward else range(len(layers) - 2, -1, -1)
        for level in levels:
            fixed = layers[level - 1 if upward else level + 1]
            place = {node: k for k, node in enumerate(fixed)}
            keys = {}
            for k, node in enumerate(layers[level]):
                near = [place[m] for m in neighbours[node]]
                keys[node] = sum(near) / len(near) if near else k
            layers[level].sort(key=keys.get)
        now = _crossings(layers, up)
        if now < fewest:
            best, fewest = [list(layer) for layer in layers], now
    return best


def _spread(wishes, weights, gaps):
    """The places nearest to ``wishes`` (weighted squares) that keep the order and the ``gaps`` between neighbours.

    Less the running sum of the gaps this is isotonic regression, which pooling adjacent violators solves exactly.
    """
    shift, blocks = 0.0, []
    for k, wish in enumerate(wishes):
        shift += gaps[k - 1] if k else 0.0
        blocks.append([wish - shift, weights[k], 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            value, weight, size = blocks.pop()
            before = blocks[-1]
            before[0] = (before[0] * before[1] + value * weight) / (before[1] + weight)
            before[1] += weight
            before[2] += size
    places, shift, k = [], 0.0, 0
    for value, _, size in blocks:
        for _ in range(size):
            shift += gaps[k - 1] if k else 0.0
            places.append(value + shift)
            k += 1
    return places


def _settle(x, layer, near, widths, gap, firm):
    """Move the nodes of a layer towards the mean of their neighbours; those without any, and ``firm`` ones, resist."""
    wishes, weights = [], []
    for node in layer:
        places = [] if node in firm else [x[m] for m in near[node]]
        wishes.append(sum(places) / len(places) if places else x[node])
        weights.append(1e3 if node in firm else 8.0 if widths[node] == BEND else 1.0 if places else 0.1)
    gaps = [(widths[a] + widths[b]) / 2 + gap for a, b in itertools.pairwise(layer)]
    x.update(zip(layer, _spread(wishes, weights, gaps)))


def _straighten(layers, up, down, widths, gap, sweeps=16):
    """Horizontal places: sweeps up and down, of which the last goes down, so that chains and long edges stand upright.

    Nodes without inputs do not pull at those that use them; in the end they are put near them.
    """
    x = {}
    for layer in layers:
        at = -sum(widths[n] + gap for n in layer) / 2
        for node in layer:
            x[node] = at + widths[node] / 2
            at += widths[node] + gap
    spine = [[m for m in near if up[m]] or near for near in up]
    for sweep in range(sweeps):
        upward = sweep % 2 == 0
        for layer in layers if upward else layers[::-1]:
            _settle(x, layer, down if upward else spine, widths, gap, ())
    for layer in layers:
        _settle(x, layer, down, widths, gap, {n for n in layer if up[n]})
    return x


def layout(sizes, edges, gap=22, between=34):
    """Place nodes of ``sizes`` (width, height) so that each edge ``(tail, head)`` runs downwards.

    Nodes are numbered so that an edge leads from a larger number to a smaller one.
    """
    rank = ranks(len(sizes), edges)
    layers, up, down, chains = _with_bends(len(sizes), edges, rank)
    layers = _order(layers, up, down)
    widths = [w for w, _ in sizes] + [BEND] * (len(up) - len(sizes))
    x = _straighten(layers, up, down, widths, gap)
    left = min(x[n] - widths[n] / 2 for n in x)
    step = max(h for _, h in sizes) + between
    level_of = {node: level for level, layer in enumerate(layers) for node in layer}
    top = len(layers) - 1

    def point(node):
        return x[node] - left, (top - level_of[node]) * step + step / 2

    result = Layout()
    result.centre = [point(n) for n in range(len(sizes))]
    result.width = max(x[n] + widths[n] / 2 for n in x) - left
    result.height = len(layers) * step
    result.routes = [[point(n) for n in chain] for chain in chains]
    return result
