"""A line search for the strong Wolfe conditions: bracket a good step, then zoom in by cubic interpolation.

A point on the line is a tuple ``(t, f, g, slope)``: step length, loss, flat gradient, slope along the direction.
Lengths and slopes may be 0-d tensors; arithmetic on them keeps the dtype of the parameters.
"""


def cubic_minimum(a, b, bounds=None):
    """Where the cubic through two points with their slopes is smallest, kept within ``bounds``."""
    x1, f1, _, g1 = a
    x2, f2, _, g2 = b
    if bounds is None:
        bounds = (x1, x2) if x1 <= x2 else (x2, x1)
    low, high = bounds
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square >= 0:
        d2 = square.sqrt()
        if x1 <= x2:
            position = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
        else:
            position = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
        return min(max(position, low), high)
    return (low + high) / 2.0


def strong_wolfe(evaluate, t, d, f, g, slope, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_ls=25):
    """Searches along direction ``d``.

    Args:
        evaluate: a function of a step length that returns (loss, flat gradient) there.
        t: the first step length to try.
        d: the direction.
        f, g, slope: loss, gradient and slope where the line starts.
        c1, c2: constants of the conditions of sufficient decrease and of curvature.
        tolerance_change: stop when the bracket is narrower than this.
        max_ls: the most evaluations.

    Returns:
        (loss, gradient, step length, number of evaluations)
    """
    search = _Search(evaluate, d, (0, f, g.clone(), slope), c1, c2, max_ls)
    bracket, done = search.bracket(t)
    t, f, g, _ = search.zoom(bracket, done, tolerance_change)
    return f, g, t, search.evaluations


class _Search:
    def __init__(self, evaluate, d, start, c1, c2, max_ls):
        self.evaluate = evaluate
        self.d = d
        self.start = start
        self.c1 = c1
        self.c2 = c2
        self.max_ls = max_ls
        self.evaluations = 0
        self.iterations = 0

    def point(self, t):
        f, g = self.evaluate(t)
        self.evaluations += 1
        return (t, f, g, g.dot(self.d))

    def too_high(self, point):
        return point[1] > self.start[1] + self.c1 * point[0] * self.start[3]

    def flat_enough(self, point):
        return abs(point[3]) <= -self.c2 * self.start[3]

    def bracket(self, t):
        """Walks outwards until two points enclose a good one, or one point is good: (points, found)."""
        before, point = self.start, self.point(t)
        while self.iterations < self.max_ls:
            if self.too_high(point) or (self.iterations > 1 and point[1] >= before[1]):
                return [before, point], False
            if self.flat_enough(point):
                return [point], True
            if point[3] >= 0:
                return [before, point], False
            t = point[0]
            bounds = (t + 0.01 * (t - before[0]), t * 10)
            before, point = point, self.point(cubic_minimum(before, point, bounds))
            self.iterations += 1
        return [self.start, point], False

    def zoom(self, points, done, tolerance_change):
        """Narrows the bracket and returns its best point."""
        low, high = (0, 1) if points[0][1] <= points[-1][1] else (1, 0)
        stuck = False
        extent = self.d.abs().max()
        while not done and self.iterations < self.max_ls:
            if abs(points[1][0] - points[0][0]) * extent < tolerance_change:
                break
            t, stuck = _inside(cubic_minimum(*points), points[0][0], points[1][0], stuck)
            point = self.point(t)
            self.iterations += 1
            if self.too_high(point) or point[1] >= points[low][1]:
                points[high] = point
                low, high = (0, 1) if points[0][1] <= points[1][1] else (1, 0)
            else:
                if self.flat_enough(point):
                    done = True
                elif point[3] * (points[high][0] - points[low][0]) >= 0:
                    points[high] = points[low]
                points[low] = point
        return points[low]


def _inside(t, a, b, stuck):
    """Keeps a trial step from creeping along one end of the bracket: (step, whether it was near an end)."""
    smallest, largest = min(a, b), max(a, b)
    margin = 0.1 * (largest - smallest)
    if min(largest - t, t - smallest) >= margin:
        return t, False
    if stuck or t >= largest or t <= smallest:
        return (largest - margin if abs(t - largest) < abs(t - smallest) else smallest + margin), False
    return t, True


def _cubic_interpolate(x1, f1, g1, x2, f2, g2, bounds=None):
    """cubic_minimum of points given one number after the other, as libraries call it."""
    return cubic_minimum((x1, f1, None, g1), (x2, f2, None, g2), bounds)


def _strong_wolfe(obj_func, x, t, d, f, g, gtd, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_ls=25):
    """strong_wolfe where `obj_func(x, t, d)` gives loss and gradient at x + t * d, as libraries call it."""
    return strong_wolfe(lambda step: obj_func(x, step, d), t, d, f, g, gtd, c1, c2, tolerance_change, max_ls)
