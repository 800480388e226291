"""What mmdet's visualizer needs to draw any names on any image."""
import os
import sys
import warnings
from contextlib import contextmanager
from typing import Iterator, List, Optional, Set, Tuple, Union

import cv2
import numpy as np
from mmengine.structures import InstanceData
from mmengine.visualization import Visualizer

from mmdet.registry import VISUALIZERS
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmdet.visualization.palette import get_palette

Palette = Union[str, List[tuple], None]

LETTERS = 12  # points; mmdet's go down to 6 on small boxes
# Longer side from which these letters leave the picture to be seen.
READABLE = 768
# Extensions with which OpenCV writes colour; others become PNG.
WRITABLE = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


@VISUALIZERS.register_module()
class LegibleVisualizer(DetLocalVisualizer):
    """mmdet's, with letters of one size: that of the image, not of each box.
    """

    def draw_texts(self, texts: Union[str, List[str]], positions: np.ndarray,
                   font_sizes: Optional[int] = None, **options) -> Visualizer:
        """As mmengine's.

        Args:
            texts, positions: See there.
            font_sizes: Not used.
            options: See there.
        """
        size = max(LETTERS, LETTERS * max(self.width, self.height) // 1333)
        return super().draw_texts(texts, positions, int(size), **options)


def has_display() -> bool:
    """Whether a window can be opened; matplotlib would wait for ever."""
    return sys.platform != 'linux' or any(
        os.environ.get(name) for name in ('DISPLAY', 'WAYLAND_DISPLAY'))


def drawable(sample: DetDataSample) -> DetDataSample:
    """A copy whose names are plain text to matplotlib: it would typeset, or
    fail to, what stands between two dollar signs."""
    fields = {key: value for key, value in sample.pred_instances.items()
              if key in ('bboxes', 'labels', 'scores', 'masks')}
    fields['label_names'] = [name.replace('$', r'\$') for name in
                             sample.pred_instances.label_names]
    return DetDataSample(pred_instances=InstanceData(**fields))


def magnified(image: np.ndarray, sample: DetDataSample, wanted: bool = True
              ) -> Tuple[np.ndarray, DetDataSample]:
    """A small image and its boxes, enlarged until labels can be read.

    Letters and lines do not shrink with the image.

    Args:
        image: (H, W, 3).
        sample: As of :func:`drawable`, boxes in the pixels of ``image``;
            changed. With masks, nothing is enlarged.
        wanted: False where the picture must keep the image's size.

    Returns:
        The image, ``zoom`` times as large (a whole number, 1 for images of at
        least ``READABLE`` pixels), and the sample in its pixels.
    """
    zoom = -(-READABLE // max(image.shape[:2]))
    if not wanted or zoom == 1 or 'masks' in sample.pred_instances:
        return image, sample
    instances = sample.pred_instances
    instances.bboxes = instances.bboxes * zoom
    size = (image.shape[1] * zoom, image.shape[0] * zoom)
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), sample


def long_palette(palette: Palette, count: int) -> List[Tuple[int, ...]]:
    """At least ``count`` colours; those of a dataset are repeated if these
    words are more than its classes."""
    if palette in (None, 'random'):
        return get_palette('random', count)
    colours = get_palette(palette, 0)
    return colours * -(-count // len(colours))


def picture_name(path: str, used: Set[str]) -> str:
    """A file name for the picture of an image, different from those used."""
    stem, extension = os.path.splitext(os.path.basename(path))
    if extension.lower() not in WRITABLE:
        extension = '.png'
    name, number = stem + extension, 1
    while name in used:
        number += 1
        name = f'{stem}_{number}{extension}'
    used.add(name)
    return name


@contextmanager
def without_bounds_warnings() -> Iterator[None]:
    """MMEngine warns of boxes that touch the edge of the image."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', '.* is out of bounds')
        yield
