"""From the detector's normalised batch back to the pixels of each image."""
from typing import List

from mmengine.model import ImgDataPreprocessor
from torch import Tensor


def to_pixels(inputs: Tensor, img_shapes: List[tuple],
              preprocessor: ImgDataPreprocessor) -> List[Tensor]:
    """Undo normalisation, channel order and padding.

    Args:
        inputs: Normalised, padded batch (N, 3, H, W).
        img_shapes: (height, width) of the valid area of each image.
        preprocessor: The one that made ``inputs``.

    Returns:
        One image (3, h, w) each, values 0 to 255, channels as loaded from
        file (BGR in mmdet).
    """
    if hasattr(preprocessor, 'mean'):  # otherwise it does not normalise
        inputs = inputs * preprocessor.std + preprocessor.mean
    if preprocessor._channel_conversion:
        inputs = inputs[:, [2, 1, 0]]
    return [x[:, :h, :w] for x, (h, w) in zip(inputs, img_shapes)]
