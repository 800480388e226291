"""Pictures of every kind as the 8-bit BGR arrays that pipelines take."""
import io
import os
from typing import Union

import mmcv
import numpy as np
from mmengine import fileio
from PIL import Image, ImageOps, UnidentifiedImageError

ImageInput = Union[str, os.PathLike, np.ndarray, Image.Image]

# Modes that mmcv decodes as one expects, when nothing in them is transparent.
ORDINARY_MODES = ('1', 'L', 'P', 'RGB', 'CMYK', 'YCbCr')


class ImageError(ValueError):
    """An image cannot be used; the message names it and says why."""


def describe(image: ImageInput) -> str:
    """The path of an image, empty for one without."""
    if isinstance(image, (str, os.PathLike)):
        return os.fspath(image)
    return str(getattr(image, 'filename', ''))


def load_image(image: ImageInput, backend: str = 'pillow') -> np.ndarray:
    """Load a picture.

    Grey becomes three equal channels, 16 bits are reduced to 8, transparent
    pixels are put on white, EXIF orientation is applied.

    Args:
        image: A path or URL, a PIL image, or an array (H, W), (H, W, 1),
            (H, W, 3) in BGR or (H, W, 4) in BGRA, of uint8, uint16, or
            floating point from 0 to 255.
        backend: mmcv's decoder of ordinary files.

    Returns:
        Array (H, W, 3), uint8, BGR.

    Raises:
        ImageError: Naming the image.
    """
    try:
        if isinstance(image, np.ndarray):
            loaded = _from_array(image)
        elif isinstance(image, Image.Image):
            loaded = _from_pil(image)
        elif isinstance(image, (str, os.PathLike)):
            loaded = _from_bytes(_read(os.fspath(image)), backend)
        else:
            raise ImageError('is neither a path, an array nor a PIL image')
    except ImageError as error:
        name = describe(image) or f'the {type(image).__name__}'
        raise ImageError(f'{name} {error}') from None
    return np.ascontiguousarray(loaded)


def _read(path: str) -> bytes:
    try:
        content = fileio.get(path)
    except FileNotFoundError:
        raise ImageError('does not exist') from None
    except IsADirectoryError:
        raise ImageError('is a folder') from None
    except Exception as error:  # each file backend has its own errors
        reason = getattr(error, 'strerror', None) or error  # without the path
        raise ImageError(f'cannot be read: {reason}') from None
    if not content:
        raise ImageError('is an empty file')
    return content


def _from_bytes(content: bytes, backend: str) -> np.ndarray:
    """Decode a file; PIL sees all of it first, because other decoders fill
    what is missing of a truncated file with grey. With mmcv's backend
    'pillow' it would be decoded in the same way once more."""
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except UnidentifiedImageError:
        decoded = mmcv.imfrombytes(content, backend='cv2')
        if decoded is None:
            raise ImageError('is not an image, or damaged') from None
        return decoded
    except Exception as error:  # damaged files raise almost anything
        raise ImageError(f'is damaged: {error}') from None
    if (backend != 'pillow' and image.mode in ORDINARY_MODES
            and 'transparency' not in image.info):
        decoded = mmcv.imfrombytes(content, flag='color', backend=backend)
        if decoded is not None:
            return decoded
    return _from_pil(image)


def _from_pil(image: Image.Image) -> np.ndarray:
    try:
        return _pixels(image)
    except ImageError:
        raise
    except Exception as error:  # cut-off, closed, or of an odd mode
        raise ImageError(f'of mode {image.mode} cannot be decoded: {error}'
                         ) from None


def _pixels(image: Image.Image) -> np.ndarray:
    """(H, W, 3), uint8, BGR; raises whatever PIL does."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith('I') or image.mode == 'F':
        return _from_array(np.asarray(image))
    if image.has_transparency_data:
        return _on_white(np.asarray(image.convert('RGBA'))[..., [2, 1, 0, 3]])
    return np.asarray(image.convert('RGB'))[..., ::-1]


def _from_array(image: np.ndarray) -> np.ndarray:
    if image.size == 0:
        raise ImageError(f'of shape {image.shape} has no pixels')
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise ImageError(f'of shape {image.shape} is no image: give (H, W), '
                         '(H, W, 3) or (H, W, 4)')
    image = _to_8_bits(image)
    if image.shape[2] == 4:
        return _on_white(image)
    return np.broadcast_to(image, (*image.shape[:2], 3))


def _to_8_bits(image: np.ndarray) -> np.ndarray:
    """Integers of up to 16 bits, or floating point from 0 to 255."""
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind not in 'uif':
        raise ImageError(f'of {image.dtype} is no image: give uint8')
    low, high = image.min(), image.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError('has pixels that are not finite (NaN or infinite)')
    floating = np.issubdtype(image.dtype, np.floating)
    limit = 255 if floating else 65535
    if low < 0 or high > limit:
        raise ImageError(f'has pixels from {low} to {high}; expected 0 to '
                         f'{limit}')
    if floating and 0 < high <= 1:
        raise ImageError('seems to have pixels from 0 to 1: multiply by 255')
    if high > 255:
        image = image / 257.0
    return image.round().astype(np.uint8)


def _on_white(image: np.ndarray) -> np.ndarray:
    """BGRA (H, W, 4) -> BGR (H, W, 3), both uint8."""
    alpha = image[..., 3:].astype(np.float32) / 255
    blended = image[..., :3] * alpha + 255 * (1 - alpha)
    return blended.round().astype(np.uint8)
