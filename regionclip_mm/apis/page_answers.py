"""What the page shows of an image and words, computed once."""
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
from mmengine.config import ConfigDict
from PIL import Image, UnidentifiedImageError

from .image_loading import ImageError, load_image
from .region_features import need_regionclip, network_input, propose
from .region_inferencer import RegionInferencer

MAX_PIXELS = 40_000_000
MAX_LETTERS = 2000
MAX_BYTES = 500_000_000  # of images that are kept
TOP = 5


@dataclass(frozen=True, eq=False)
class Seen:
    """What was found in an image; boxes are x1, y1, x2, y2 in its pixels.

    Attributes:
        image: (H, W, 3), uint8, RGB.
        boxes, scores, names: Of the N detections, best first, whatever their
            score: (N, 4), (N,) and N names.
        words: The most probable words of each, with their probabilities.
        proposals, objectness: (P, 4) and (P,), best first.
    """
    image: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    names: List[str]
    words: List[List[Tuple[str, float]]]
    proposals: np.ndarray
    objectness: np.ndarray


class PageAnswers:
    """Answers requests one at a time, and those it knows at once.

    Boxes inside of better ones are left out, whatever their words
    (``no_parts``).
    Words are part of the model while it works, so that two users at once
    would see each other's without the lock.

    Args:
        detect: A :class:`RegionCLIP`.
        keep: Number of answers that are kept, fewer of large images.

    Raises:
        ValueError: If the detector is another.
    """

    def __init__(self, detect: RegionInferencer, keep: int = 32) -> None:
        need_regionclip(detect.model, 'the page, which shows proposals and '
                        'words (tools/image_demo.py takes others)')
        self.detect = detect
        self.keep = keep
        self._lock = threading.Lock()  # of the model
        self._memory = threading.Lock()  # of what is known, always short
        self._known: 'OrderedDict[tuple, Seen]' = OrderedDict()

    @property
    def iou(self) -> float:
        """The config's threshold of NMS, if it has one."""
        return self.detect.model.roi_head.test_cfg.nms.get(
            'iou_threshold', 0.5)

    def look(self, path: str, text: str, iou: float) -> Seen:
        """What is to be seen of words in an image.

        Args:
            path: Of an image file.
            text: Names separated by ' . ' or line ends.
            iou: Boxes of a name that overlap more are one, 0 to 1; also
                where the config's NMS is another (soft-NMS).

        Raises:
            ValueError: If there is no image, or no words, or too much of
                either.
        """
        check_image(path)
        text = check_text(text)
        if not isinstance(iou, (int, float)):
            raise ValueError(f'NMS: give a number from 0 to 1, not {iou!r}')
        key = (path, text, round(iou, 4))
        seen = self._recall(key)
        if seen is None:
            with self._lock:  # another request may have been the same
                seen = self._recall(key) or self._look(path, text, iou)
                self._remember(key, seen)
        return seen

    def _recall(self, key: tuple) -> Optional[Seen]:
        with self._memory:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def _remember(self, key: tuple, seen: Seen) -> None:
        with self._memory:
            self._known[key] = seen
            self._forget()

    def _forget(self) -> None:
        """Keep the last answers only."""
        size = sum(seen.image.nbytes for seen in self._known.values())
        while len(self._known) > 1 and (len(self._known) > self.keep
                                        or size > MAX_BYTES):
            size -= self._known.popitem(last=False)[1].image.nbytes

    def _look(self, path: str, text: str, iou: float) -> Seen:
        image, test_cfg = _load(path), self.detect.model.roi_head.test_cfg
        before = test_cfg.nms
        test_cfg.nms = ConfigDict(type='nms', iou_threshold=iou)
        try:
            [found] = self.detect(image, texts=text,
                                  no_parts=True)['predictions']
        finally:
            test_cfg.nms = before
        boxes = np.array(found['bboxes'], np.float32).reshape(-1, 4)
        # without what has no area
        kept = (boxes[:, 2:] - boxes[:, :2] > 0.01).all(1)
        regions = self.detect.region_features(image, boxes[kept], texts=text)
        proposals = propose(self.detect.model,
                            network_input(self.detect, image))
        order = proposals.scores.argsort(descending=True)
        return Seen(
            image[..., ::-1], boxes[kept], np.array(found['scores'])[kept],
            [name for name, k in zip(found['label_names'], kept) if k],
            regions.top(TOP), proposals.bboxes[order].numpy(),
            proposals.scores[order].numpy())


def _load(path: str) -> np.ndarray:
    """The image; its folder on the server is nobody's business."""
    try:
        return load_image(path)
    except ImageError as error:
        raise ImageError(str(error).replace(path, Path(path).name)) from None


def check_image(path: str) -> None:
    """Raise unless a file is an image of a size that memory has room for;
    only its header is read."""
    if not path:
        raise ValueError('give an image first')
    name = Path(path).name
    try:
        with Image.open(path) as image:
            width, height = image.size
    except UnidentifiedImageError:
        raise ImageError(f'{name} is no image that can be read: give a PNG, '
                         'JPEG, WebP, BMP, TIFF or GIF') from None
    except Image.DecompressionBombError:
        width = height = MAX_PIXELS
    except OSError as error:
        raise ImageError(f'{name} cannot be read: {error}') from None
    if width * height > MAX_PIXELS:
        raise ImageError(f'{name} has too many pixels: scale it down to at '
                         f'most {MAX_PIXELS // 1_000_000} megapixels')


def check_text(text: str) -> str:
    """The words of a request in one line."""
    if not isinstance(text or '', str):
        raise ValueError('give the words as one text')
    text = ' . '.join(line.strip() for line in (text or '').splitlines()
                      if line.strip(' .'))
    if not text:
        raise ValueError("say what to look for, as in 'cat . traffic cone'")
    if len(text) > MAX_LETTERS:
        raise ValueError(f'the words are {len(text)} letters long: give at '
                         f'most {MAX_LETTERS}')
    return text
