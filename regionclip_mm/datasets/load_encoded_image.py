"""Decodes an image from a file or from the bytes of a shard."""
import io
import warnings
from typing import Optional

import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from PIL import Image, UnidentifiedImageError

from mmdet.registry import TRANSFORMS

from ..io.skipped_data import BAD_IMAGE, BadSampleError, reason_of

BACKENDS = ('pillow', 'cv2')
NO_IMAGE = 'it is no image, or of a kind that PIL does not know'
WIDE = ('I', 'F')  # how PIL calls images with more than 8 bits


@TRANSFORMS.register_module()
class LoadEncodedImage(LoadImageFromFile):
    """mmcv's :class:`LoadImageFromFile`, also for images in shards.

    Decodes ``img_bytes`` or, without it, the file ``img_path`` to ``img``,
    (H, W, 3), uint8, BGR, turned as its EXIF data say. Animations give their
    first frame. Also sets ``img_shape`` and ``ori_shape``.

    Args:
        imdecode_backend: 'pillow' or 'cv2'.
        max_pixels: Larger images are not decoded; by default PIL's limit
            against decompression bombs, 89 million.
        max_aspect: Images longer than this times their shorter side are
            left out: resizing would leave nothing of it.
        backend_args: Of the file backend, see :class:`LoadImageFromFile`.

    Raises:
        BadSampleError: If an image cannot be read or is out of these limits.
        ValueError: If there is no such backend.
    """

    def __init__(self,
                 imdecode_backend: str = 'pillow',
                 max_pixels: int = Image.MAX_IMAGE_PIXELS or 89_478_485,
                 max_aspect: float = 50,
                 backend_args: Optional[dict] = None) -> None:
        if imdecode_backend not in BACKENDS:
            raise ValueError(f'LoadEncodedImage.imdecode_backend='
                             f'{imdecode_backend!r}: take one of {BACKENDS}')
        super().__init__(imdecode_backend=imdecode_backend,
                         backend_args=backend_args)
        self.max_pixels, self.max_aspect = max_pixels, max_aspect

    def transform(self, results: dict) -> dict:
        """Load it."""
        data = results.pop('img_bytes', None)
        path = results['img_path'] if data is None else ''
        try:
            if data is None:
                data = fileio.get(path, backend_args=self.backend_args)
            image = self._decode(data)
        except Exception as error:  # files and decoders raise anything
            why = NO_IMAGE if isinstance(
                error, UnidentifiedImageError) else reason_of(error)
            raise BadSampleError(
                BAD_IMAGE, f'{place_of(results)}: {why}') from error
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _decode(self, data: bytes) -> np.ndarray:
        if not data:
            raise ValueError('it is empty')
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as header:
                (width, height), mode = header.size, header.mode
        if width * height > self.max_pixels:
            raise ValueError(f'{width}x{height} pixels, at most '
                             f'{self.max_pixels} are decoded')
        if max(width, height) > self.max_aspect * min(width, height):
            raise ValueError(f'{width}x{height} pixels: longer than '
                             f'{self.max_aspect} times its other side')
        # PIL would cut off, not scale, what is brighter than 255
        backend = 'cv2' if mode.startswith(WIDE) else self.imdecode_backend
        image = mmcv.imfrombytes(data, self.color_type, backend=backend)
        if image is None:
            raise ValueError(f'OpenCV cannot decode it ({mode})')
        return image


def place_of(results: dict) -> str:
    """Where a sample comes from: its file, or shard and key."""
    if 'shard' in results:
        return f'{results["shard"]}, {results["img_id"]}'
    return str(results.get('img_path', results.get('img_id')))
