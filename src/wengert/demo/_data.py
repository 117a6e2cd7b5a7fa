"""Load the handwritten digits that come with the package."""

import os
import zlib

COUNT = 1797


def digits():
    """The UCI handwritten digits: float32 images of shape (1797, 8, 8) from 0 to 1, and int64 labels of shape (1797,).

    >>> from wengert.demo import digits
    >>> images, labels = digits()
    >>> tuple(images.shape), labels[:5].tolist()
    ((1797, 8, 8), [0, 1, 2, 3, 4])
    """
    import wengert as wg

    with open(os.path.join(os.path.dirname(__file__), "digits.z"), "rb") as file:
        data = wg.frombuffer(bytearray(zlib.decompress(file.read())), dtype=wg.uint8)
    images = data[: COUNT * 64].reshape(COUNT, 8, 8).to(wg.float32) / 16
    return images, data[COUNT * 64 :].to(wg.int64)
