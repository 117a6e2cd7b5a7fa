"""`SummaryWriter`: writes numbers, histograms, pictures and texts for TensorBoard."""

import os
import time

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from ..._facade.refusal import refuse
from . import encode


class SummaryWriter:
    """Writes to an event file in `log_dir`, by default runs/<date>_<host><comment>."""

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        if not log_dir:
            import datetime
            import socket

            now = datetime.datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self._options = (max_queue, flush_secs, filename_suffix)
        self._writers = {}
        self._writer(self.log_dir)

    def _writer(self, folder):
        if folder not in self._writers:
            self._writers[folder] = EventFileWriter(folder, *self._options)
        return self._writers[folder]

    def _add(self, summary, step, walltime, folder=None):
        event = event_pb2.Event(summary=summary, wall_time=time.time() if walltime is None else walltime)
        if step is not None:
            event.step = int(step)
        self._writer(folder or self.log_dir).add_event(event)

    def get_logdir(self):
        """The folder that is written to."""
        return self.log_dir

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False):
        """A number at a step."""
        self._add(encode.scalar(tag, scalar_value), global_step, walltime)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Several numbers in one chart, each in a folder of its own."""
        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            self._add(encode.scalar(main_tag, value), global_step, walltime, folder)

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None):
        """How values are distributed at a step."""
        self._add(encode.histogram(tag, values, bins, max_bins), global_step, walltime)

    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW"):
        """A picture."""
        self._add(encode.image(tag, img_tensor, dataformats), global_step, walltime)

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW"):
        """A batch of pictures, side by side."""
        self._add(encode.image(tag, img_tensor, dataformats), global_step, walltime)

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None):
        """A Matplotlib figure, or a list of them."""
        import numpy as np
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        for one in figure if isinstance(figure, list) else [figure]:
            canvas = FigureCanvasAgg(one)
            canvas.draw()
            self.add_image(tag, np.asarray(canvas.buffer_rgba())[..., :3], global_step, walltime, dataformats="HWC")
            if close:
                from matplotlib import pyplot

                pyplot.close(one)

    def add_text(self, tag, text_string, global_step=None, walltime=None):
        """A text in Markdown."""
        self._add(encode.text(tag, text_string), global_step, walltime)

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None):
        """Settings of a run with what they led to."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        folder = os.path.join(self.log_dir, run_name or str(time.time()))
        values = {
            name: value if isinstance(value, (bool, int, float, str)) else str(value)
            for name, value in hparam_dict.items()
        }
        self._add(hparams_pb(values), global_step, None, folder)
        for name, value in metric_dict.items():
            self._add(encode.scalar(name, value), global_step, None, folder)

    def add_graph(self, model, input_to_model=None, verbose=False, use_strict_trace=True):
        """The graph of a module: a node for every innermost module, joined as a run on the input joins them.

        The module runs in evaluation mode, three times as in torch, and is left in the mode it was in.
        """
        from .graph import graph

        training = model.training
        model.eval()
        try:
            drawn = graph(model, input_to_model)
            for _ in range(2):
                model(*(input_to_model if isinstance(input_to_model, (list, tuple)) else (input_to_model,)))
        except RuntimeError as error:
            print(error)
            print("Error occurs, No graph saved")
            raise
        finally:
            if training:
                model.train()
        if verbose:
            print(drawn)
        event = event_pb2.Event(graph_def=drawn.SerializeToString(), wall_time=time.time())
        self._writer(self.log_dir).add_event(event)

    _reason = "numbers, histograms, pictures, figures, texts, hyperparameters and graphs are written, nothing else"
    add_embedding = refuse("SummaryWriter.add_embedding", _reason)
    add_pr_curve = refuse("SummaryWriter.add_pr_curve", _reason)
    add_video = refuse("SummaryWriter.add_video", _reason)
    add_audio = refuse("SummaryWriter.add_audio", _reason)
    add_mesh = refuse("SummaryWriter.add_mesh", _reason)

    def flush(self):
        """Write what is waiting."""
        for writer in self._writers.values():
            writer.flush()

    def close(self):
        """Write what is waiting and close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
        return False
