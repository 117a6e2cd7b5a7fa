"""The command ``wengert demo``: train on the digits, show how it went, and write the pictures."""

import argparse
from pathlib import Path


def _arguments(argv):
    parser = argparse.ArgumentParser(prog="wengert demo", description="Learn to read handwritten digits in seconds.")
    parser.add_argument("name", nargs="?", default="digits", choices=["digits"], help="which demonstration")
    parser.add_argument("--epochs", type=int, default=25, help="passes over the 1,437 training images (default 25)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of everything random (default 0)")
    parser.add_argument("--out", type=Path, default=Path("wengert-demo"), help="where the pictures go")
    parser.add_argument("--quiet", action="store_true", help="only write the pictures")
    args = parser.parse_args(argv)
    if args.epochs < 1:
        parser.error("--epochs must be at least 1")
    return args


def _write_pictures(result, folder):
    """The loss, the held-out digits, and the graph of one step; returns the paths."""
    from wengert import viz
    from wengert.demo._plot import digits_svg, loss_svg
    from wengert.demo._train import one_step

    folder.mkdir(parents=True, exist_ok=True)
    accuracy = f"held-out accuracy {result.accuracies[-1]:.1%}"
    wrong = (result.predictions != result.labels).nonzero().reshape(-1).tolist()
    rows = (wrong + [k for k in range(40) if k not in wrong])[:30]
    pictures = {
        "loss.svg": loss_svg(result.losses, f"Loss of each step, {accuracy}"),
        "digits.svg": digits_svg(
            result.images[rows].tolist(),
            result.predictions[rows].tolist(),
            result.labels[rows].tolist(),
            f"{len(wrong)} of {len(result.labels)} held-out digits misread, and some that were not",
        ),
    }
    for name, text in pictures.items():
        (folder / name).write_text(text, encoding="utf-8")
    graph = viz.graph(one_step(result.model, result.images[:48], result.labels[:48]), result.model)
    return [folder / name for name in pictures] + [graph.save(folder / "graph.svg"), graph.save(folder / "graph.html")]


def main(argv):
    """Run the command with its arguments; returns the exit status."""
    args = _arguments(argv)
    from wengert.demo._plot import braille, smooth
    from wengert.demo._progress import progress
    from wengert.demo._train import HELD_OUT, build_model, train

    say = (lambda *_: None) if args.quiet else print
    say("\nHandwritten digits, 8x8 pixels: 1,437 to learn from,", HELD_OUT, "held out.\n")
    say(f"{build_model()}\n")
    with progress(args.epochs, args.quiet) as bar:
        result = train(
            args.epochs, args.seed, lambda k, loss, right: bar.update(k, f"loss {loss:.4f}  held-out {right:.1%}")
        )
    steps = len(result.losses)
    say(
        f"\n  {steps} steps in {result.seconds:.2f} s, {1e6 * result.seconds / steps:.0f} us each. Loss, logarithmic:\n"
    )
    say("\n".join(braille(smooth(result.losses))))
    say(f"{'':<10}{'0':<28}{'step':<28}{steps:>4}")
    say(f"\n  held-out accuracy {result.accuracies[-1]:.1%}\n")
    for path in _write_pictures(result, args.out):
        say(f"  wrote {path}")
    return 0
