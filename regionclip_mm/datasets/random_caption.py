"""Chooses one caption of an image."""
import numpy as np
from mmcv.transforms import BaseTransform

from mmdet.registry import TRANSFORMS

from ..io.skipped_data import NO_CAPTION, BadSampleError
from .load_encoded_image import place_of


@TRANSFORMS.register_module()
class RandomCaption(BaseTransform):
    """One of the captions of an image at random, as in the reference.

    Required keys: ``texts``, a list of str; or ``text``, a str, as datasets
    with a sample for each caption have it (mmpretrain's ``COCORetrieval``).
    Set key: ``text``, a str without white space around it; its length is not
    limited, the tokenizer cuts it.

    Raises:
        BadSampleError: If none of them has more than white space.
    """

    def transform(self, results: dict) -> dict:
        """Choose with NumPy's random numbers."""
        texts = results.pop('texts', None) or [results.get('text') or '']
        usable = [text for text in map(str.strip, texts) if text]
        if not usable:
            raise BadSampleError(
                NO_CAPTION, f'{place_of(results)}: its captions are blank')
        results['text'] = usable[np.random.randint(len(usable))]
        return results
