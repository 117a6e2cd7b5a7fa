"""Values as the messages that TensorBoard reads."""

import struct
import zlib

import numpy as np
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData


def array(value):
    """A NumPy array for a tensor, an array or a number."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def scalar(tag, value):
    """One number."""
    value = array(value).squeeze()
    if value.ndim:
        raise AssertionError(
            f"Tensor should contain one element (0 dimensions). Was given size: {value.size} and "
            f"{value.ndim} dimensions."
        )
    return Summary(value=[Summary.Value(tag=tag, simple_value=float(value))])


def histogram(tag, values, bins="tensorflow", max_bins=None):
    """Counts of values in bins: "tensorflow" for TensorBoard's own, or what numpy.histogram takes."""
    values = array(values).astype(float).reshape(-1)
    if not values.size:
        raise ValueError("The input has no element.")
    if bins == "tensorflow":
        positive = 1e-12 * 1.1 ** np.arange(776)
        bins = np.concatenate([-positive[::-1], [0.0], positive])
    counts, limits = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins + 1
        counts = np.add.reduceat(counts, np.arange(0, len(counts), step))
        limits = np.append(limits[:-1:step], limits[-1])
    used = np.flatnonzero(counts)
    first, last = max(used[0] - 1, 0), used[-1] + 2
    proto = HistogramProto(
        min=values.min(),
        max=values.max(),
        num=len(values),
        sum=values.sum(),
        sum_squares=values @ values,
        bucket_limit=limits[first + 1 : last + 1].tolist(),
        bucket=counts[first:last].tolist(),
    )
    return Summary(value=[Summary.Value(tag=tag, histo=proto)])


def _png(pixels):
    """An array of height, width, channels and bytes as a PNG file."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def image(tag, value, dataformats="CHW"):
    """One picture, or a batch as a row of pictures: floats in 0 … 1 or bytes in 0 … 255."""
    pixels, order = array(value), dataformats.upper()
    if len(order) != pixels.ndim:
        raise AssertionError(
            f"size of input tensor and input format are different. tensor shape: {pixels.shape}, "
            f"input_format: {dataformats}"
        )
    if "C" not in order:
        pixels, order = pixels[..., None], order + "C"
    if "N" in order:
        pixels = np.transpose(pixels, [order.index(axis) for axis in "NHWC"])
        pixels = np.concatenate(list(pixels), axis=1)
    else:
        pixels = np.transpose(pixels, [order.index(axis) for axis in "HWC"])
    if pixels.dtype != np.uint8:
        pixels = (pixels.astype(np.float32) * 255.0).clip(0, 255).astype(np.uint8)
    height, width, channels = pixels.shape
    message = Summary.Image(
        height=height, width=width, colorspace=channels, encoded_image_string=_png(np.ascontiguousarray(pixels))
    )
    return Summary(value=[Summary.Value(tag=tag, image=message)])


def text(tag, value):
    """A text in Markdown."""
    plugin = SummaryMetadata.PluginData(plugin_name="text", content=TextPluginData(version=0).SerializeToString())
    tensor = TensorProto(
        dtype="DT_STRING",
        string_val=[value.encode()],
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
    )
    metadata = SummaryMetadata(plugin_data=plugin)
    return Summary(value=[Summary.Value(tag=tag + "/text_summary", metadata=metadata, tensor=tensor)])
