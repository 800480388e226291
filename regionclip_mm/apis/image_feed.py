"""Images on their way to the network, without those that can't be used."""
import logging
import os
from itertools import islice
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

import numpy as np
from mmengine.logging import print_log

from mmdet.apis.det_inferencer import IMG_EXTENSIONS

from .image_loading import ImageError, ImageInput, describe, load_image


def list_images(folder: str) -> List[str]:
    """Paths of the images in a folder, sorted."""
    names = sorted(name for name in os.listdir(folder)
                   if name.lower().endswith(IMG_EXTENSIONS))
    if not names:
        raise ImageError(f'the folder {folder} has no images in it '
                         f'({", ".join(IMG_EXTENSIONS)})')
    return [os.path.join(folder, name) for name in names]


def source_of(item: Any) -> ImageInput:
    """The image of an input, which may be a dict with ``img`` or
    ``img_path``.

    Raises:
        ImageError: If the dict has neither.
    """
    while isinstance(item, dict):
        key = 'img' if 'img' in item else 'img_path'
        if key not in item:
            found = ', '.join(map(str, item)) or 'nothing'
            raise ImageError('an input that is a dict needs img or img_path; '
                             f'this one has {found}')
        item = item[key]
    return item


def report(skipped: List[dict], count: int) -> None:
    """Say which of ``count`` images were left out.

    Raises:
        ImageError: If all were.
    """
    if len(skipped) == count:
        raise ImageError(f'none of the {count} images can be used; the '
                         f'first: {skipped[0]["reason"]}')
    if skipped:
        reasons = '; '.join(item['reason'] for item in skipped[:5])
        more = '; ...' if len(skipped) > 5 else ''
        print_log(f'{len(skipped)} of {count} images were skipped: '
                  f'{reasons}{more}', 'current', logging.WARNING)


class ImageFeed:
    """Loads and transforms images; keeps account of those left out.

    Args:
        pipeline: The test pipeline; takes a dict with ``img`` (H, W, 3),
            uint8, BGR.
        backend: mmcv's decoder of ordinary files.

    Attributes:
        skipped: ``index``, ``file_name`` and ``reason`` of the images that
            were left out, added as they are met.
    """

    def __init__(self, pipeline: Callable, backend: str) -> None:
        self.pipeline = pipeline
        self.backend = backend
        self.skipped: List[dict] = []
        self._unnamed = 0

    def batches(self, inputs: list, size: int) -> Iterator[list]:
        """Batches of images (H, W, 3), BGR, with what the pipeline made of
        them; the only image of a call is not left out but raises.

        Args:
            inputs: Images, or dicts with ``img`` or ``img_path`` and perhaps
                ``text``.
            size: Images in a batch.
        """
        ready = (self._try(index, item, alone=len(inputs) == 1)
                 for index, item in enumerate(inputs))
        ready = (item for item in ready if item is not None)
        while batch := list(islice(ready, size)):
            yield batch

    def _try(self, index: int, item: Any,
             alone: bool) -> Optional[Tuple[np.ndarray, dict]]:
        fields, source = item if isinstance(item, dict) else {}, None
        try:
            source = source_of(item)
            image = load_image(source, self.backend)
            data = self._transform(image, source)
        except ImageError as error:
            if alone:
                raise
            self.skipped.append(dict(index=index, file_name=describe(source),
                                     reason=str(error)))
            return None
        data['data_samples'].set_metainfo(dict(
            text=fields.get('text'), img_path=self._file_name(source)))
        return image, data

    def _transform(self, image: np.ndarray, source: ImageInput) -> dict:
        try:
            return self.pipeline(dict(img=image))
        except Exception as error:  # whatever a transform may raise
            height, width = image.shape[:2]
            raise ImageError(
                f'{describe(source) or "the image"} of {width} x {height} '
                f'pixels does not pass the test pipeline: {error}') from error

    def _file_name(self, source: ImageInput) -> str:
        """The path of an image; a number for one without."""
        name = describe(source)
        if name:
            return name
        self._unnamed += 1
        return f'{self._unnamed - 1:08d}.jpg'


class Sized:
    """Batches, and how many to expect.

    Args:
        batches: The batches.
        length: Their number, or more if images are left out.
    """

    def __init__(self, batches: Iterable, length: int) -> None:
        self.batches = batches
        self.length = length

    def __iter__(self) -> Iterator:
        return iter(self.batches)

    def __length_hint__(self) -> int:
        return self.length
