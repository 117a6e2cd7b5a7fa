"""A progress bar: rich's where it is installed, else one line of our own; plain lines where nobody is watching."""

import sys


class Bar:
    """The bar that needs nothing: redrawn in place on a terminal, a line now and then in a file."""

    WIDTH = 32

    def __init__(self, total):
        self.total = total
        self.live = sys.stdout.isatty()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.live:
            print()

    def update(self, done, text):
        """Show that ``done`` of ``total`` are done, with a text beside the bar."""
        if not self.live:
            if done in (1, self.total) or done % max(1, self.total // 5) == 0:
                print(f"  epoch {done:>3}/{self.total}   {text}")
            return
        eighths = done * self.WIDTH * 8 // self.total
        bar = "█" * (eighths // 8) + ("▏▎▍▌▋▊▉"[eighths % 8 - 1] if eighths % 8 else "")
        print(f"\r  epoch {done:>3}/{self.total} │{bar:<{self.WIDTH}}│ {text}", end="", flush=True)


class RichBar:
    """The same through rich."""

    def __init__(self, total):
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("  epoch {task.completed:>3.0f}/{task.total:.0f}"), BarColumn(32))
        self.progress = Progress(*columns, TextColumn("{task.description}"), TimeElapsedColumn())
        self.task = self.progress.add_task("", total=total)

    def __enter__(self):
        self.progress.start()
        return self

    def __exit__(self, *_):
        self.progress.stop()

    def update(self, done, text):
        """Show that ``done`` of the epochs are done, with a text beside the bar."""
        self.progress.update(self.task, completed=done, description=text)


class Silent(Bar):
    """Shows nothing."""

    live = False

    def __init__(self, total):
        pass

    def update(self, done, text):
        """Ignore the news."""


def progress(total, quiet=False):
    """The bar that suits the terminal."""
    if quiet:
        return Silent(total)
    if sys.stdout.isatty():
        try:
            return RichBar(total)
        except ImportError:
            pass
    return Bar(total)
