"""The formulas of ``explain``: per operation how its value is made, and what each input receives in reverse."""

# The node's name without "Backward0": its value, then the gradient of the first input, of the second, …
# a, b, c are the inputs in order, y is the value, d the gradient that arrives at it.
RULES = {
    "Add": ("{a} + {b}", "{d}", "{d}"),
    "Sub": ("{a} - {b}", "{d}", "-{d}"),
    "Rsub": ("{b} - {a}", "-{d}", "{d}"),
    "Mul": ("{a} · {b}", "{d} · {b}", "{d} · {a}"),
    "Div": ("{a} / {b}", "{d} / {b}", "-{d} · {a} / {b}²"),
    "Neg": ("-{a}", "-{d}"),
    "Pow": ("{a}^{b}", "{d} · {b} · {a}^({b} - 1)", "{d} · {y} · ln {a}"),
    "Sqrt": ("√{a}", "{d} / (2 {y})"),
    "Rsqrt": ("1 / √{a}", "-{d} · {y}³ / 2"),
    "Reciprocal": ("1 / {a}", "-{d} · {y}²"),
    "Abs": ("|{a}|", "{d} · sign {a}"),
    "Exp": ("exp {a}", "{d} · {y}"),
    "Log": ("ln {a}", "{d} / {a}"),
    "Log1P": ("ln(1 + {a})", "{d} / (1 + {a})"),
    "Sin": ("sin {a}", "{d} · cos {a}"),
    "Cos": ("cos {a}", "-{d} · sin {a}"),
    "Tan": ("tan {a}", "{d} · (1 + {y}²)"),
    "Tanh": ("tanh {a}", "{d} · (1 - {y}²)"),
    "Sigmoid": ("σ({a})", "{d} · {y} · (1 - {y})"),
    "Relu": ("max({a}, 0)", "{d} where {a} > 0, else 0"),
    "Softplus": ("ln(1 + exp {a})", "{d} · σ({a})"),
    "Gelu": ("{a} · Φ({a})", "{d} · (Φ({a}) + {a} · φ({a}))"),
    "Silu": ("{a} · σ({a})", "{d} · σ({a}) · (1 + {a} · (1 - σ({a})))"),
    "Clamp": ("clamp({a})", "{d} inside the bounds, else 0"),
    "Maximum": ("max({a}, {b})", "{d} where {a} is larger, else 0", "{d} where {b} is larger, else 0"),
    "Minimum": ("min({a}, {b})", "{d} where {a} is smaller, else 0", "{d} where {b} is smaller, else 0"),
    "Sum": ("Σ {a}", "{d}, to every element"),
    "Mean": ("Σ {a} / n", "{d} / n, to every element"),
    "Mm": ("{a} @ {b}", "{d} @ {b}ᵀ", "{a}ᵀ @ {d}"),
    "Bmm": ("{a} @ {b}", "{d} @ {b}ᵀ", "{a}ᵀ @ {d}"),
    "Mv": ("{a} @ {b}", "{d} ⊗ {b}", "{a}ᵀ @ {d}"),
    "Dot": ("Σ {a} · {b}", "{d} · {b}", "{d} · {a}"),
    "Addmm": ("{a} + {b} @ {c}", "{d}, summed over rows", "{d} @ {c}ᵀ", "{b}ᵀ @ {d}"),
    "MseLoss": ("Σ ({a} - {b})² / n", "{d} · 2 ({a} - {b}) / n", "-{d} · 2 ({a} - {b}) / n"),
    "LogSoftmax": ("{a} - ln Σ exp {a}", "{d} - softmax({a}) · Σ {d}"),
    "Softmax": ("exp {a} / Σ exp {a}", "{y} · ({d} - Σ {y} · {d})"),
    "NllLoss": ("-Σ {a}[target] / n", "-{d} / n at each target, else 0"),
    "T": ("{a}ᵀ", "{d}ᵀ"),
    "Transpose": ("{a}, transposed", "{d}, transposed back"),
    "Permute": ("{a}, permuted", "{d}, permuted back"),
    "View": ("{a}, in another shape", "{d}, in the shape before"),
    "Unsqueeze": ("{a}, one dimension more", "{d}, in the shape before"),
    "Squeeze": ("{a}, fewer dimensions", "{d}, in the shape before"),
    "Expand": ("{a}, repeated", "{d}, summed to the shape before"),
    "Select": ("a slice of {a}", "{d} into that slice, 0 elsewhere"),
    "Slice": ("a part of {a}", "{d} into that part, 0 elsewhere"),
    "Index": ("elements of {a}", "{d} added at their places"),
    "Clone": ("a copy of {a}", "{d}"),
}

BROADCASTING = {"Add", "Sub", "Rsub", "Mul", "Div", "Pow", "Maximum", "Minimum"}

# Which input a node keeps under which name.
SAVED_INPUT = {"self": 0, "other": 1, "mat1": 1, "mat2": 2, "exponent": 1}
