"""Writes the proposals of a frozen RPN to a file."""
from typing import Iterable

import numpy as np
import torch
from mmengine.fileio import dump
from torch import nn

from ..datasets.proposal_files import image_key
from ..io.files import written_whole


@torch.no_grad()
def extract_proposals(detector: nn.Module, loader: Iterable[dict],
                      out: str, scores: str = 'scores') -> int:
    """Run the proposal source of a detector over a dataset.

    Args:
        detector: In evaluation mode; only its ``proposal_source`` runs.
        loader: Batches of images with ``img_path``, ``ori_shape`` and
            ``scale_factor``.
        out: File to write: for each image ``folder/name`` the ``bboxes``
            (R, 4) in original pixels, the ``scores`` (R,), float32, and the
            ``size`` of the image (height, width).
            mmdet's ``LoadProposals`` reads it.
        scores: Which field of the proposals the file's ``scores`` are:
            'scores', objectness probabilities, or 'objectness_logits', for
            ``FileProposals(logits=True)``.

    Returns:
        Number of images.

    Raises:
        ValueError: If two images have the same folder and name, or the
            source gives no such field.
    """
    found = {}
    for batch in loader:
        data = detector.data_preprocessor(batch)
        samples = data['data_samples']
        detector.proposal_source.fill(data['inputs'], samples,
                                      detector.data_preprocessor)
        for sample in samples:
            key = image_key(sample.img_path)
            if key in found:
                raise two_images(key)
            if scores not in sample.proposals:
                raise ValueError(
                    f'the proposals have no {scores}: '
                    f'{type(detector.proposal_source).__name__} gives '
                    'probabilities alone; leave out --logits')
            boxes = sample.proposals.bboxes.cpu().numpy()
            scale = np.array([*sample.scale_factor] * 2)
            found[key] = dict(bboxes=(boxes / scale).astype(np.float32),
                              scores=sample.proposals[scores].cpu().numpy(),
                              size=np.array(sample.ori_shape[:2]))
    with written_whole(out) as partial:
        dump(found, str(partial), file_format='pkl')
    return len(found)


def two_images(key: str) -> ValueError:
    """The error of images that have the same folder and name."""
    return ValueError(f'two images are called {key}: mmdet finds the '
                      'proposals of an image by its folder and name')
